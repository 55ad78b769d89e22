"""Which files of a folder hold the weights: one file, or shards that an index names."""

from dataclasses import dataclass
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object

SAFETENSORS = "model.safetensors"
BIN = "pytorch_model.bin"
INDEX = ".index.json"
_LARGEST_INDEX = 100_000_000  # bytes
_FOREIGN = ("tf_model.h5", "flax_model.msgpack", "model.ckpt.index", "model.onnx", "model.pt")


@dataclass(frozen=True)
class WeightFiles:
    """The files, in the order of the index, and which tensor each must hold (nothing for a single file)."""

    paths: list[Path]
    index: Path | None
    where: dict[str, Path]  # tensor -> file, as the index says

    @property
    def safe(self) -> bool:
        """True for safetensors, False for PyTorch's pickles."""
        return self.paths[0].suffix == ".safetensors"


def find_weights(folder: str | Path) -> WeightFiles:
    """The weights of a model folder; safetensors before pickles, a single file before shards.

    Raises
    ------
    BadInput : no such folder, no weights in it, or an index that names files outside of it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(
            tr("is no folder of a model.", "はモデルのフォルダーではありません。"),
            remedy=tr(
                "Give the folder that holds config.json and the weights.",
                "config.json と重みのあるフォルダーを指定してください。",
            ),
            file=folder,
        )
    for name in (SAFETENSORS, BIN):
        single, index = folder / name, folder / (name + INDEX)
        if single.exists():
            return WeightFiles([single], None, {})
        if index.exists():
            return _sharded(folder, index, Path(name).suffix)
    raise BadInput(_none(folder), remedy=_none_remedy(folder), file=folder)


def _sharded(folder: Path, index: Path, suffix: str) -> WeightFiles:
    weight_map = read_object(index, largest=_LARGEST_INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise _bad_index(index, tr("it has no weight_map", "weight_map がない"))
    known: dict[str, Path] = {}
    where: dict[str, Path] = {}
    for tensor, name in weight_map.items():
        if not isinstance(name, str):
            raise _bad_index(
                index, tr(f"{tensor[:200]!r} names no file", f"{tensor[:200]!r} のファイル名が不正")
            )
        if name not in known:
            known[name] = _shard(folder, index, name, suffix)
        where[tensor] = known[name]
    return WeightFiles(list(known.values()), index, where)


def _shard(folder: Path, index: Path, name: str, suffix: str) -> Path:
    """The path of a shard, which must lie in the folder itself."""
    tricks = any(c in name for c in "/\\:\0") or name.startswith(".")
    if tricks or not name.endswith(suffix) or len(name) > 255:
        raise _bad_index(
            index,
            tr(
                f"{name[:200]!r} is no plain name of a {suffix} file in this folder",
                f"{name[:200]!r} がこのフォルダーの {suffix} ファイル名ではない",
            ),
        )
    path = folder / name
    if not path.exists():
        raise BadInput(
            tr(f"names the shard {name}, which is not there.", f"が指す {name} がありません。"),
            remedy=tr(
                "Get the whole model again; `bunsan models pull NAME` goes on where it stopped.",
                "モデルを取り直してください。`bunsan models pull 名前` は続きから再開します。",
            ),
            file=index,
        )
    home = _home(folder.resolve())
    if not path.resolve().is_relative_to(home):
        raise _bad_index(
            index,
            tr(
                f"{name[:200]!r} is a link out of the folder, to {path.resolve()}",
                f"{name[:200]!r} はフォルダーの外 {path.resolve()} へのリンク",
            ),
        )
    return path


def _home(folder: Path) -> Path:
    """Where a shard may lie: in the folder; for a snapshot of the hub's cache, in that cache.

    The cache keeps CACHE/models--OWNER--NAME/snapshots/COMMIT/FILE as links to CACHE/models--OWNER--NAME/blobs,
    and those may be links to CACHE/blobs, which repositories share.
    """
    snapshots = folder.parent
    if snapshots.name == "snapshots" and snapshots.parent.name.startswith("models--"):
        return snapshots.parent.parent
    return folder


def _bad_index(index: Path, why: str) -> BadInput:
    return BadInput(
        tr(f"cannot be used ({why}).", f"使えません({why})。"),
        remedy=tr(
            "Get the whole model again from where it came from.",
            "モデル全体を入手元から取り直してください。",
        ),
        file=index,
    )


def _none(folder: Path) -> str:
    foreign = [name for name in _FOREIGN if (folder / name).exists()]
    if foreign:
        return tr(
            f"holds weights of another framework only ({', '.join(foreign)}).",
            f"別のフレームワークの重み({'、'.join(foreign)})しかありません。",
        )
    return tr("holds no weights.", "に重みがありません。")


def _none_remedy(folder: Path) -> str:
    names = f"{SAFETENSORS}, {SAFETENSORS}{INDEX}, {BIN}, {BIN}{INDEX}"
    return tr(
        f"One of these is needed: {names}. `bunsan models pull NAME` goes on with a download that stopped.",
        f"次のいずれかが必要です: {names}。止まったダウンロードは `bunsan models pull 名前` で再開します。",
    )
