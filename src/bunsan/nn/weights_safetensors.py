"""The safetensors format: a header that is believed only after it has been checked, and data that stays on disk.

A file is 8 bytes with the length of the header (little-endian), the header (a JSON object: name -> dtype, shape,
two offsets), and the data. The data begins right after the header, has no holes, and ends the file. A tensor is
made when it is asked for, straight on the memory map: opening a 5 GB file touches the header alone.
"""

import json
import mmap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.base.untrusted import parse_object, regular_size

LARGEST_HEADER = 100_000_000  # bytes, as in the format's own reader
_LARGEST_RANK = 64
_LARGEST_COUNT = 2**62

DTYPES: dict[str, torch.dtype] = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3": torch.float8_e4m3fn,
    "I16": torch.int16,
    "U16": torch.uint16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,
    "U32": torch.uint32,
    "F32": torch.float32,
    "C64": torch.complex64,
    "F64": torch.float64,
    "I64": torch.int64,
    "U64": torch.uint64,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
# The order in which the format's own writer lays types of equal width out.
_WRITING_ORDER = {name: rank for rank, name in enumerate(DTYPES)}


@dataclass(frozen=True)
class TensorInfo:
    """What is known of a tensor before its data is touched."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    nbytes: int
    file: Path


@dataclass(frozen=True)
class _Place:
    info: TensorInfo
    begin: int  # from the start of the file


class SafetensorsFile:
    """One file: names, what is known of them, and tensors on its memory map.

    Parameters
    ----------
    path : the file. It must not be cut short while tensors of it are in use.

    Attributes
    ----------
    metadata : the file's own notes, text to text.

    Raises
    ------
    BadInput : the header is longer than the file or than 100 MB, is no JSON object, names a tensor twice, gives
        an unknown dtype, a shape that does not fit its bytes, or offsets that overlap, leave a hole or leave the
        file; or the file is a Git LFS pointer.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.metadata, self._places = _read_places(self.path)
        self._map: mmap.mmap | None = None

    def names(self) -> list[str]:
        """Names of the tensors, in the order of the header."""
        return list(self._places)

    def info(self, name: str) -> TensorInfo:
        """dtype, shape and bytes of a tensor; `KeyError` if there is none of this name."""
        return self._places[name].info

    def tensor(self, name: str) -> torch.Tensor:
        """The tensor, on the file's pages; written to, it changes in memory only, never in the file.

        Raises
        ------
        KeyError : there is no such tensor.
        BadInput : a tensor of truth values holds something else than 0 and 1.
        """
        place = self._places[name]
        info = place.info
        if info.nbytes == 0:
            return torch.empty(info.shape, dtype=info.dtype)
        if self._map is None:
            with self.path.open("rb") as file:
                # A private map: torch wants memory it may write to, and the file must stay as it is.
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            if hasattr(mmap, "MADV_HUGEPAGE"):
                # Fewer and larger page faults on first use, where the system can.
                with suppress(OSError):
                    self._map.madvise(mmap.MADV_HUGEPAGE)
        raw = torch.frombuffer(self._map, dtype=torch.uint8, count=info.nbytes, offset=place.begin)
        if info.dtype == torch.bool and int(raw.max()) > 1:
            # Kernels count truth values by adding them: a 200 among them would overrun their result.
            raise _damaged(
                self.path,
                tr(f"{_short(name)} holds no truth values", f"{_short(name)} が真偽値ではない"),
                place.begin,
            )
        if place.begin % info.dtype.itemsize:
            raw = raw.clone()  # old writers did not align; unaligned numbers are slow or worse
        return raw.view(info.dtype).reshape(info.shape)


def _read_places(path: Path) -> tuple[dict[str, str], dict[str, _Place]]:
    size = regular_size(path)
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if first.startswith(b"version "):
            refuse_pointer(path)
        if len(first) < 8:
            raise _damaged(path, tr("it ends within the first 8 bytes", "8 バイト未満"), size)
        if length > LARGEST_HEADER:
            raise _damaged(
                path,
                tr(
                    f"a header of {length:,} bytes; {LARGEST_HEADER:,} are allowed",
                    f"ヘッダーが {length:,} バイト。上限は {LARGEST_HEADER:,}",
                ),
                0,
            )
        if length > size - 8:
            raise _damaged(
                path,
                tr(
                    f"a header of {length:,} bytes in a file of {size:,}",
                    f"{size:,} バイトのファイルに {length:,} バイトのヘッダー",
                ),
                0,
            )
        text = file.read(length)
    if not text.startswith(b"{"):
        raise _damaged(path, tr("the header is no JSON object", "ヘッダーが JSON ではない"), 8)
    header = parse_object(text, path, offset=8)
    metadata = _metadata(path, header.pop("__metadata__", None))
    start = 8 + length
    places = {name: _place(path, name, entry, start, size) for name, entry in header.items()}
    _cover(path, places, start, size)
    return metadata, places


def _metadata(path: Path, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise _damaged(path, tr("__metadata__ is not text to text", "__metadata__ が不正"), 8)
    return value


def _place(path: Path, name: str, entry: Any, start: int, size: int) -> _Place:
    def wrong(en: str, ja: str, at: int = 8) -> BadInput:
        return _damaged(path, f"{_short(name)}: " + tr(en, ja), at)

    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise wrong("dtype, shape, data_offsets expected", "dtype、shape、data_offsets がない")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    dtype = DTYPES.get(code) if isinstance(code, str) else None
    if dtype is None:
        raise wrong(f"unknown dtype {str(code)[:40]!r}", f"未知の dtype {str(code)[:40]!r}")
    if not _are_counts(shape) or len(shape) > _LARGEST_RANK:
        raise wrong("the shape is no list of counts", "shape が不正")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise wrong("data_offsets are no two counts", "data_offsets が不正")
    begin, end = offsets
    if not begin <= end <= size - start:
        raise wrong(
            f"bytes {begin:,} to {end:,} of {size - start:,}",
            f"全 {size - start:,} バイトのうち {begin:,}〜{end:,}",
            min(start + begin, size),
        )
    # Zeros are left out: torch multiplies the other dimensions into strides even when nothing is stored.
    count = 1
    for n in shape:
        count *= max(n, 1)
        if count > _LARGEST_COUNT:
            raise wrong("the shape is too large", "shape が大きすぎる")
    if 0 in shape:
        count = 0
    if count * dtype.itemsize != end - begin:
        raise wrong(
            f"shape {shape} of {code} needs {count * dtype.itemsize:,} bytes, not {end - begin:,}",
            f"shape {shape}、{code} には {count * dtype.itemsize:,} バイト必要だが {end - begin:,} バイト",
            start + begin,
        )
    return _Place(TensorInfo(dtype, tuple(shape), end - begin, path), start + begin)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(
        type(n) is int and 0 <= n <= _LARGEST_COUNT for n in value
    )


def _cover(path: Path, places: Mapping[str, _Place], start: int, size: int) -> None:
    """The tensors must follow one another from the header to the end of the file."""
    at = start
    before = ""
    for name, place in sorted(
        places.items(), key=lambda item: (item[1].begin, item[1].info.nbytes)
    ):
        if place.begin < at:
            raise _damaged(
                path,
                tr(
                    f"{_short(name)} overlaps {_short(before)}",
                    f"{_short(name)} が {_short(before)} と重なっている",
                ),
                place.begin,
            )
        if place.begin > at:
            raise _damaged(
                path, tr(f"a hole before {_short(name)}", f"{_short(name)} の前に空きがある"), at
            )
        at = place.begin + place.info.nbytes
        before = name
    if at != size:
        raise _damaged(
            path,
            tr(
                f"{size - at:,} bytes at the end belong to no tensor",
                f"末尾の {size - at:,} バイトがどのテンソルのものでもない",
            ),
            at,
        )


def save_safetensors(
    path: str | Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]
) -> None:
    """Write one file, atomically, tensor by tensor; the bytes are those of the format's own writer.

    Raises
    ------
    TypeError : a tensor's dtype has no name in the format, or it is sparse.
    """
    order = sorted(tensors, key=lambda name: (-_WRITING_ORDER[dtype_name(tensors[name])], name))
    header: dict[str, Any] = {}
    if metadata:
        header["__metadata__"] = dict(metadata)
    offset = 0
    for name in order:
        tensor = tensors[name]
        end = offset + tensor.numel() * tensor.dtype.itemsize
        header[name] = {
            "dtype": dtype_name(tensor),
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in order:
            file.writelines(_bytes_of(tensors[name]))


def dtype_name(tensor: torch.Tensor) -> str:
    """The format's name of a tensor's dtype; `TypeError` if it has none."""
    if tensor.layout != torch.strided or tensor.dtype not in _NAMES:
        raise TypeError(f"{tensor.layout} {tensor.dtype} cannot be written as safetensors")
    return _NAMES[tensor.dtype]


def _bytes_of(tensor: torch.Tensor) -> Iterable[memoryview]:
    if tensor.numel():
        plain = tensor.detach().contiguous().cpu().reshape(-1).resolve_conj().resolve_neg()
        yield plain.view(torch.uint8).numpy().data


def refuse_pointer(path: Path) -> None:
    """A `BadInput` if the file is what Git leaves behind when the large files were not fetched."""
    with path.open("rb") as file:
        if file.read(19) != b"version https://git":
            return
    raise BadInput(
        tr(
            "is a Git LFS pointer: a note of where the weights are, not the weights.",
            "は Git LFS のポインター(重みの所在を書いた覚え書き)で、重みそのものではありません。",
        ),
        remedy=tr(
            "Fetch them with `git lfs pull` in that folder.",
            "そのフォルダーで `git lfs pull` を実行してください。",
        ),
        file=path,
    )


def _short(name: str) -> str:
    return name if len(name) <= 200 else name[:200] + "…"


def _damaged(path: Path, why: str, byte: int) -> BadInput:
    return BadInput(
        tr(
            f"is damaged or no safetensors file, at byte {byte:,} ({why}).",
            f"壊れているか safetensors ではありません({byte:,} バイト目、{why})。",
        ),
        remedy=tr(
            "Get the file again from where it came from.",
            "ファイルを入手元から取り直してください。",
        ),
        file=path,
    )
