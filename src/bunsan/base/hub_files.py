"""Which files of a published model are fetched, and whether all of them are here."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.untrusted import read_object

_SMALL = ("*.json", "*.txt", "*.model", "*.spm", "*.vocab", "*.bpe", "README.md", "LICENSE*")
_NEVER = ("trainer_state.json", "training_args*", "*requirements*.txt", "*.index.json")
_MODULE = re.compile(r"\d+_\w+")  # 1_Pooling, 2_Dense: the parts of a sentence model
_WEIGHTS = (
    (re.compile(r"model\.safetensors"), None),
    (re.compile(r"model-[\w-]+\.safetensors"), "model.safetensors.index.json"),
    (re.compile(r"pytorch_model\.bin"), None),
    (re.compile(r"pytorch_model-[\w-]+\.bin"), "pytorch_model.bin.index.json"),
)
_LARGEST_INDEX = 100_000_000


def choose_files(files: Iterable[str], allow: Sequence[str] | None = None) -> list[str]:
    """The files that are needed: configuration, tokenizer, and the weights in one of their forms.

    Parameters
    ----------
    files : paths in the repository. allow : patterns; None chooses.

    Returns
    -------
    Paths in order; none if the repository holds no weights in a form that can be read.
    """
    files = sorted(files)
    if allow is not None:
        return [file for file in files if any(fnmatchcase(file, pattern) for pattern in allow)]
    chosen: list[str] = []
    weights = False
    for folder in sorted({file.rpartition("/")[0] for file in files}):
        if folder and not _MODULE.fullmatch(folder):
            continue
        names = [file.rpartition("/")[2] for file in files if file.rpartition("/")[0] == folder]
        wanted = [name for name in names if _is_small(name)]
        heavy = _weights(names)
        weights = weights or bool(heavy)
        chosen += [f"{folder}/{name}" if folder else name for name in (*wanted, *heavy)]
    return sorted(chosen) if weights else []


def _is_small(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _SMALL) and not any(
        fnmatchcase(name, pattern) for pattern in _NEVER
    )


def _weights(names: Sequence[str]) -> list[str]:
    for pattern, index in _WEIGHTS:
        found = [name for name in names if pattern.fullmatch(name)]
        if found and (index is None or index in names):
            return found if index is None else [index, *found]
    return []


def is_complete(folder: Path) -> bool:
    """True if a folder has a configuration and all of its weights (every shard that the index names)."""
    if not any((folder / name).exists() for name in ("config.json", "modules.json")):
        return False
    for stem in ("model.safetensors", "pytorch_model.bin"):
        if (folder / stem).exists():
            return True
        index = folder / f"{stem}.index.json"
        if index.exists():
            return _has_shards(folder, index)
    # A sentence model may keep its Transformer in a folder of its own.
    return any((part / "model.safetensors").exists() for part in folder.glob("0_*"))


def _has_shards(folder: Path, index: Path) -> bool:
    try:
        shards = read_object(index, largest=_LARGEST_INDEX).get("weight_map")
    except BadInput:
        return False
    if not isinstance(shards, dict):
        return False
    return all(isinstance(s, str) and (folder / s).exists() for s in set(map(str, shards.values())))
