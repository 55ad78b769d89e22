"""Checkpoints in PyTorch's own format (pytorch_model.bin), which is a pickle: a program, if one lets it run.

Three fences stand before it. The zip archive is checked first: nothing compressed (PyTorch stores its data plain, so
a compressed entry can only be a bomb), no sizes beyond the file's own, no entry over another. The pickle is then
listed without being run, and refused if it names anything but tensors and their storages. Only then does
`torch.load(weights_only=True)` open it, on a memory map where the format allows that.
"""

import io
import pickletools
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

import torch

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.untrusted import regular_size
from bunsan.nn.weights_safetensors import refuse_pointer

LARGEST_PICKLE = 256_000_000  # bytes; that of a model with 10,000 tensors has some 2 MB
_ZIP = b"PK\x03\x04"
# How a file of the older format begins: its magic number, pickled.
_OLD = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

_HARMLESS = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch.nn.parameter Parameter",
    "torch.storage UntypedStorage",
    "torch Size",
    *(
        f"torch {kind}Storage"
        for kind in (
            *("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte"),
            *("Bool", "ComplexFloat", "ComplexDouble"),
        )
    ),
}
# Ways to reach a class or a function other than the one that is listed above.
_FORBIDDEN_STEPS = {"STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "NEWOBJ_EX", "PERSID"}


def read_bin(path: str | Path) -> dict[str, torch.Tensor]:
    """The tensors of a file, by name; mapped from the disk in the zip format, read in the older one.

    Raises
    ------
    BadInput : not such a file, damaged, a bomb, a program, or something else than named dense tensors.
    """
    path = Path(path)
    size = regular_size(path)
    with path.open("rb") as file:
        first = file.read(len(_OLD))
        file.seek(0)
        if first.startswith(b"version "):
            refuse_pointer(path)
        if first.startswith(_ZIP):
            _check_zip(path, file, size)
        elif first == _OLD:
            for _ in range(
                5
            ):  # magic number, version, machine, the dictionary, keys of the storages
                _check_pickle(path, file)
        else:
            raise _damaged(
                path, tr("it begins with neither of its two marks", "先頭の印がどちらでもない"), 0
            )
    try:
        loaded = torch.load(
            str(path), map_location="cpu", weights_only=True, mmap=first.startswith(_ZIP)
        )
    except MemoryError as error:
        raise _damaged(path, tr("sizes beyond all memory", "メモリーを超える大きさ")) from error
    except Exception as error:  # whatever a broken file brings about in there
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise _damaged(path, reason) from error
    return _checked(path, loaded)


def _check_zip(path: Path, file: IO[bytes], size: int) -> None:
    """The archive holds what it says, plainly stored; its pickle passes `_check_pickle`."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
            for entry in entries:
                _check_entry(path, entry, size)
            _check_places(path, file, entries, size)
            pickles = [e for e in entries if e.filename.rpartition("/")[2] == "data.pkl"]
            if any(e.filename.rpartition("/")[2] == "constants.pkl" for e in entries):
                raise _refused(path, tr("a TorchScript program", "TorchScript のプログラム"))
            if len(pickles) != 1:
                raise _damaged(
                    path,
                    tr(
                        f"{len(pickles)} entries data.pkl instead of one",
                        f"data.pkl が {len(pickles)} 個",
                    ),
                )
            if pickles[0].file_size > LARGEST_PICKLE:
                raise _refused(
                    path,
                    tr(
                        f"a pickle of {pickles[0].file_size:,} bytes",
                        f"pickle が {pickles[0].file_size:,} バイト",
                    ),
                )
            text = archive.read(pickles[0])
    except (zipfile.BadZipFile, struct.error, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path, str(error)) from error
    except (OverflowError, EOFError, RuntimeError, IndexError) as error:
        raise _damaged(path, str(error)) from error
    _check_pickle(path, io.BytesIO(text))


def _check_entry(path: Path, entry: zipfile.ZipInfo, size: int) -> None:
    name = entry.filename[:200]
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise _refused(
            path,
            tr(
                f"{name} is compressed, {entry.compress_size:,} bytes into {entry.file_size:,}; weights never are",
                f"{name} が圧縮されている({entry.compress_size:,} → {entry.file_size:,} バイト)。"
                "重みが圧縮されることはない",
            ),
        )
    if entry.flag_bits & 0x1:
        raise _refused(path, tr(f"{name} is encrypted", f"{name} が暗号化されている"))
    if entry.header_offset + entry.file_size > size:
        raise _damaged(
            path,
            tr(
                f"{name} claims {entry.file_size:,} bytes",
                f"{name} が {entry.file_size:,} バイトと称する",
            ),
            entry.header_offset,
        )


def _check_places(path: Path, file: IO[bytes], entries: list[zipfile.ZipInfo], size: int) -> None:
    """Every entry's own header agrees with the directory, and no entry reaches into the next."""
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        file.seek(entry.header_offset)
        header = file.read(30)
        if len(header) < 30 or not header.startswith(_ZIP):
            raise _damaged(
                path,
                tr("an entry without a header", "エントリーのヘッダーがない"),
                entry.header_offset,
            )
        method, name_length, extra_length = struct.unpack("<8xH16xHH", header)
        name = file.read(name_length)
        end = entry.header_offset + 30 + name_length + extra_length + entry.file_size
        if method or name != entry.orig_filename.encode("utf-8"):
            raise _damaged(
                path,
                tr("two headers disagree", "二つのヘッダーが食い違う"),
                entry.header_offset,
            )
        if end > (size if following is None else following.header_offset):
            raise _damaged(
                path,
                tr(
                    f"{entry.filename[:200]} overlaps the next entry",
                    f"{entry.filename[:200]} が次のエントリーと重なる",
                ),
                entry.header_offset,
            )


def _check_pickle(path: Path, file: IO[bytes]) -> None:
    """Go through one pickle without running it; stop at the first name that no checkpoint needs."""
    start = file.tell()
    at = start
    try:
        for step, argument, place in pickletools.genops(file):
            at = start if place is None else place
            if step.name == "GLOBAL" and argument not in _HARMLESS:
                module, _, name = str(argument).partition(" ")
                raise _refused(path, _would_run(f"{module}.{name}"[:200]), at)
            if step.name in _FORBIDDEN_STEPS:
                raise _refused(path, _would_run(step.name), at)
    except BadInput:
        raise
    except Exception as error:  # genops answers broken pickles with many kinds
        raise _damaged(path, str(error)[:200], at) from error


def _would_run(what: str) -> str:
    return tr(f"opening it would call {what}", f"開くと {what} が呼び出される")


def _checked(path: Path, loaded: Any) -> dict[str, torch.Tensor]:
    if not isinstance(loaded, dict):
        raise _damaged(
            path,
            tr(
                f"a {type(loaded).__name__} instead of named tensors",
                f"名前つきテンソルではなく {type(loaded).__name__}",
            ),
        )
    tensors: dict[str, torch.Tensor] = {}
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise _damaged(
                path,
                tr(
                    f"{str(name)[:200]!r} is a {type(value).__name__}, no tensor; "
                    "a whole training state is not a checkpoint of weights",
                    f"{str(name)[:200]!r} がテンソルではなく {type(value).__name__}。"
                    "学習の状態全体ではなく重みだけのファイルが必要",
                ),
            )
        tensor = value.detach()
        plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
        if not plain or tensor.is_quantized:
            raise _damaged(path, tr(f"{name[:200]!r} is not dense", f"{name[:200]!r} が密でない"))
        if tensor.numel() * tensor.dtype.itemsize > tensor.untyped_storage().nbytes():
            raise _refused(
                path,
                tr(
                    f"{name[:200]!r} claims the shape {list(tensor.shape)} on "
                    f"{tensor.untyped_storage().nbytes():,} bytes",
                    f"{name[:200]!r} が {tensor.untyped_storage().nbytes():,} バイト上で "
                    f"shape {list(tensor.shape)} を称する",
                ),
            )
        # A view of the bytes works for any strides, and never reads a byte as a truth value.
        sound = tensor.dtype != torch.bool or not tensor.numel()
        if not sound and int(tensor.view(torch.uint8).max()) > 1:
            raise _damaged(
                path, tr(f"{name[:200]!r} holds no truth values", f"{name[:200]!r} が真偽値でない")
            )
        tensors[name] = tensor
    return tensors


def _damaged(path: Path, why: str, byte: int | None = None) -> BadInput:
    at = "" if byte is None else tr(f", at byte {byte:,}", f"{byte:,} バイト目、")
    return BadInput(
        tr(
            f"cannot be read as a PyTorch checkpoint{at} ({why}).",
            f"PyTorch のチェックポイントとして読めません({at}{why})。",
        ),
        remedy=tr(
            "Get the file again, or the same weights as model.safetensors.",
            "ファイルを取り直すか、同じ重みの model.safetensors を使ってください。",
        ),
        file=path,
    )


def _refused(path: Path, why: str, byte: int | None = None) -> BadInput:
    at = (
        ""
        if byte is None
        else tr(f", at byte {byte:,} of its pickle", f"pickle の {byte:,} バイト目、")
    )
    return BadInput(
        tr(
            f"is refused: it holds more than weights{at} ({why}).",
            f"重み以外のものが入っているため開きません({at}{why})。",
        ),
        remedy=tr(
            "Do not open it with other programs either; ask its author for model.safetensors.",
            "ほかのプログラムでも開かず、作成者に model.safetensors を求めてください。",
        ),
        file=path,
    )
