"""The weights of a model folder: read from disk as they are used, written whole or not at all.

The folder is one in the form that published models have: config.json beside model.safetensors, or beside shards with
model.safetensors.index.json, or, in older ones, pytorch_model.bin (single or sharded). Such folders come from
strangers; whatever is wrong with one is a `BadInput` that says where and why, and nothing in it is ever run.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from bunsan.base.errors import BadInput
from bunsan.base.files import sync_folder, write_json
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object
from bunsan.nn.weights_bin import read_bin
from bunsan.nn.weights_files import INDEX, SAFETENSORS, WeightFiles, find_weights
from bunsan.nn.weights_safetensors import (
    SafetensorsFile,
    TensorInfo,
    dtype_name,
    save_safetensors,
)

__all__ = [
    "TensorInfo",
    "Weights",
    "describe_weights",
    "read_config",
    "read_weights",
    "write_weights",
]


class Weights(Mapping[str, torch.Tensor]):
    """Tensors by name, made when they are asked for.

    Attributes
    ----------
    files : the files behind it. metadata : notes of the safetensors files, joined.
    """

    def __init__(
        self,
        files: list[Path],
        mapped: Mapping[str, SafetensorsFile],
        loaded: Mapping[str, torch.Tensor],
        aliases: Mapping[str, str],
        metadata: Mapping[str, str],
        owner: Mapping[str, Path],
    ) -> None:
        self.files = files
        self.metadata = dict(metadata)
        self._mapped = mapped
        self._loaded = loaded
        self._aliases = aliases
        self._owner = owner

    def __getitem__(self, name: str) -> torch.Tensor:
        name = self._aliases.get(name, name)
        return self._mapped[name].tensor(name) if name in self._mapped else self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._mapped
        yield from self._loaded
        yield from self._aliases

    def __len__(self) -> int:
        return len(self._mapped) + len(self._loaded) + len(self._aliases)

    def __contains__(self, name: object) -> bool:
        return name in self._mapped or name in self._loaded or name in self._aliases

    def __repr__(self) -> str:
        return f"Weights({len(self)} tensors in {', '.join(str(path) for path in self.files)})"

    def info(self, name: str) -> TensorInfo:
        """dtype, shape, bytes and file of a tensor, its data untouched; `KeyError` if there is none."""
        name = self._aliases.get(name, name)
        if name in self._mapped:
            return self._mapped[name].info(name)
        tensor = self._loaded[name]
        size = tensor.numel() * tensor.dtype.itemsize
        return TensorInfo(tensor.dtype, tuple(tensor.shape), size, self._owner[name])


def read_weights(folder: str | Path) -> Weights:
    """The weights of a model folder, mapped from disk where the format allows it.

    Names that share one tensor (tied embeddings) and were written by `write_weights` give that one tensor under
    each name. Writing to a tensor changes memory only, never the file.

    Raises
    ------
    BadInput : no weights, a damaged or hostile file (see `weights_safetensors`, `weights_bin`), an index that does
        not fit its shards.
    """
    found = find_weights(folder)
    mapped: dict[str, SafetensorsFile] = {}
    loaded: dict[str, torch.Tensor] = {}
    owner: dict[str, Path] = {}
    metadata: dict[str, str] = {}
    for path in found.paths:
        if found.safe:
            file = SafetensorsFile(path)
            metadata |= file.metadata
            tensors: Mapping[str, Any] = dict.fromkeys(file.names(), file)
        else:
            tensors = read_bin(path)
        for name in tensors:
            if name in owner:
                raise _twice(found, name, owner[name], path)
            owner[name] = path
        (mapped if found.safe else loaded).update(tensors)
    _as_the_index_says(found, owner)
    aliases = {
        name: kept
        for name, kept in metadata.items()
        if kept in mapped and name not in mapped and name != "format"
    }
    notes = {key: value for key, value in metadata.items() if key not in aliases}
    return Weights(found.paths, mapped, loaded, aliases, notes, owner)


def describe_weights(folder: str | Path) -> dict[str, TensorInfo]:
    """dtype, shape, bytes and file of every tensor; of safetensors only the headers are read.

    Raises
    ------
    BadInput : as `read_weights`.
    """
    weights = read_weights(folder)
    return {name: weights.info(name) for name in weights}


def read_config(folder: str | Path) -> dict[str, Any]:
    """config.json of a model folder.

    Raises
    ------
    BadInput : it is not there, is larger than 16 MB, or is no JSON object.
    """
    return read_object(Path(folder) / "config.json")


def write_weights(
    folder: str | Path,
    tensors: Mapping[str, torch.Tensor],
    *,
    max_shard_bytes: float = 5e9,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write model.safetensors, or shards of at most `max_shard_bytes` and their index; gives the files written.

    A reader finds the old weights or the new ones, whenever the machine stops: new shards get names that the old
    ones do not have, and one rename makes them the valid ones. Tensors that are the same memory under two names are
    written once, under the first; the other names are kept as notes, the way the safetensors library does it.

    Parameters
    ----------
    metadata : notes in the files; None is {"format": "pt"}, which other libraries look for.

    Raises
    ------
    TypeError : a sparse tensor, or a dtype that the format lacks. OSError : the disk.
    """
    folder = Path(folder)
    notes = {"format": "pt"} if metadata is None else dict(metadata)
    kept, aliases = _without_twins(tensors)
    for tensor in kept.values():
        dtype_name(tensor)  # refuse before the first byte is written
    shards = _shards(kept, max_shard_bytes)
    old = _own_files(folder)
    if len(shards) == 1:
        path = folder / SAFETENSORS
        save_safetensors(path, kept, aliases | notes)
        _remove(folder, old - {path})  # readers take the single file first: it is valid already
        return [path]
    stem, number = "model", 0
    while any((folder / f"{stem}-{_part(i, shards)}").exists() for i in range(len(shards))):
        number += 1
        stem = f"model-v{number}"
    where: dict[str, str] = {}
    written: list[Path] = []
    total = sum(tensor.numel() * tensor.dtype.itemsize for tensor in kept.values())
    index = folder / (SAFETENSORS + INDEX)
    try:
        for i, names in enumerate(shards):
            path = folder / f"{stem}-{_part(i, shards)}"
            own = {alias: name for alias, name in aliases.items() if name in names}
            save_safetensors(path, {name: kept[name] for name in names}, own | notes)
            where |= dict.fromkeys(names, path.name)
            written.append(path)
        write_json(index, {"metadata": {"total_size": total}, "weight_map": where})
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    (folder / SAFETENSORS).unlink(missing_ok=True)
    _remove(folder, old - {index, *written})
    return [*written, index]


def _part(i: int, shards: list[list[str]]) -> str:
    return f"{i + 1:05d}-of-{len(shards):05d}.safetensors"


def _without_twins(
    tensors: Mapping[str, torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors that are not the same memory as an earlier one; the other names, each with the one kept."""
    first: dict[tuple[Any, ...], str] = {}
    kept: dict[str, torch.Tensor] = {}
    aliases: dict[str, str] = {}
    for name, tensor in tensors.items():
        if tensor.numel() and tensor.layout == torch.strided:
            key = (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())
            if first.setdefault((*key, tensor.device), name) != name:
                aliases[name] = first[(*key, tensor.device)]
                continue
        kept[name] = tensor
    return kept, aliases


def _shards(tensors: Mapping[str, torch.Tensor], limit: float) -> list[list[str]]:
    """Names of the tensors of each shard, in order; a tensor above the limit has a shard of its own."""
    shards: list[list[str]] = [[]]
    size = 0
    for name, tensor in tensors.items():
        more = tensor.numel() * tensor.dtype.itemsize
        if shards[-1] and size + more > limit:
            shards.append([])
            size = 0
        shards[-1].append(name)
        size += more
    return shards


def _own_files(folder: Path) -> set[Path]:
    """The safetensors that stand in the folder now; what a broken index names is left alone."""
    index = folder / (SAFETENSORS + INDEX)
    files = {path for path in (folder / SAFETENSORS, index) if path.exists()}
    try:
        names = read_object(index).get("weight_map") if index.exists() else None
    except BadInput:
        names = None
    if isinstance(names, dict):
        for name in {n for n in names.values() if isinstance(n, str)}:
            plain = not any(c in name for c in "/\\:\0")
            if plain and name.endswith(".safetensors") and (folder / name).is_file():
                files.add(folder / name)
    return files


def _remove(folder: Path, files: set[Path]) -> None:
    # The index first: without it the shards are rubbish, not half a model.
    for path in sorted(files, key=lambda path: not path.name.endswith(INDEX)):
        path.unlink(missing_ok=True)
    sync_folder(folder)


def _as_the_index_says(found: WeightFiles, owner: Mapping[str, Path]) -> None:
    for name, path in found.where.items():
        if owner.get(name) == path:
            continue
        there = (
            tr("no shard holds it", "どのシャードにもない")
            if name not in owner
            else tr(f"it is in {owner[name].name}", f"実際は {owner[name].name} にある")
        )
        raise BadInput(
            tr(
                f"puts the tensor {name[:200]} into {path.name}, but {there}.",
                f"テンソル {name[:200]} を {path.name} にあるとしていますが、{there}ようです。",
            ),
            remedy=_get_all_again(),
            file=found.index,
        )


def _twice(found: WeightFiles, name: str, first: Path, second: Path) -> BadInput:
    return BadInput(
        tr(
            f"names two shards that both hold the tensor {name[:200]}: {first.name}, {second.name}.",
            f"が指す二つのシャードに同じテンソル {name[:200]} があります: {first.name}、{second.name}。",
        ),
        remedy=_get_all_again(),
        file=found.index,
    )


def _get_all_again() -> str:
    return tr(
        "Get the whole model again from where it came from.",
        "モデル全体を入手元から取り直してください。",
    )
