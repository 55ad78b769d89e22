"""SentencePiece models (.model, .spm), read without SentencePiece: its protocol buffer, message
ModelProto of sentencepiece_model.proto (Kudo and Richardson 2018).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

UNIGRAM, BPE, WORD, CHAR = 1, 2, 3, 4  # TrainerSpec.ModelType
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # SentencePiece.Type

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class SentencePieceModel:
    """What a model file says.

    pieces : (spelling, score, type) of each id. kind : UNIGRAM, BPE, WORD or CHAR.
    charsmap : the compiled normalization, b"" for none.
    """

    pieces: list[tuple[str, float, int]] = field(default_factory=list)
    kind: int = UNIGRAM
    unknown: int = 0
    suffix: bool = False
    byte_fallback: bool = False
    charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True


def read_sentencepiece(path: Path) -> SentencePieceModel:
    """Read a model file.

    Raises
    ------
    BadInput : it is cut short or something else; the message has the place (byte) in the file.
    """
    data = path.read_bytes()
    try:
        return _model(data)
    except _BrokenError as error:
        raise BadInput(
            tr(
                f"is damaged or no SentencePiece model (byte {error.at:,} of {len(data):,}).",
                "壊れているか SentencePiece のモデルではありません"
                f"({len(data):,} バイト中 {error.at:,} バイト目)。",
            ),
            file=path,
            remedy=tr(
                "Fetch the file again; a file of some hundred bytes may be a Git LFS pointer.",
                "ファイルを取り直してください。数百バイトなら Git LFS のポインターかもしれません。",
            ),
        ) from error


class _BrokenError(ValueError):
    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


_Value = int | tuple[int, int]


def _fields(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, _Value]]:
    """(number, wire type, value) of the fields of a message; of bytes, where they begin and end."""
    at = begin
    while at < end:
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise _BrokenError(at)
        if wire == _VARINT:
            value, at = _varint(data, at, end)
            yield number, wire, value
        elif wire == _BYTES:
            length, at = _varint(data, at, end)
            if length > end - at:
                raise _BrokenError(at)
            yield number, wire, (at, at + length)
            at += length
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
            if size > end - at:
                raise _BrokenError(at)
            yield number, wire, (at, at + size)
            at += size
        else:
            raise _BrokenError(at)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise _BrokenError(at)


def _message(data: bytes, value: _Value, at: int = 0) -> dict[int, _Value]:
    """The last value of every field of a message inside of another."""
    if isinstance(value, int):
        raise _BrokenError(at)
    return {number: one for number, _, one in _fields(data, *value)}


def _model(data: bytes) -> SentencePieceModel:
    pieces: list[tuple[str, float, int]] = []
    trainer: dict[int, _Value] = {}
    normalizer: dict[int, _Value] = {}
    for number, _, value in _fields(data, 0, len(data)):
        if number == 1:
            pieces.append(_piece(data, value))
        elif number == 2:
            trainer = _message(data, value)
        elif number == 3:
            normalizer = _message(data, value)
    if not pieces:
        raise _BrokenError(len(data))

    def flag(message: dict[int, _Value], number: int, default: int) -> int:
        value = message.get(number, default)
        if not isinstance(value, int):
            raise _BrokenError(value[0])
        return value

    charsmap = normalizer.get(2, (0, 0))
    if isinstance(charsmap, int):
        raise _BrokenError(0)
    unknown = next((i for i, piece in enumerate(pieces) if piece[2] == UNKNOWN), -1)
    if unknown < 0:
        raise _BrokenError(len(data))
    return SentencePieceModel(
        pieces,
        flag(trainer, 3, UNIGRAM),
        unknown,
        bool(flag(trainer, 24, 0)),
        bool(flag(trainer, 35, 0)),
        data[charsmap[0] : charsmap[1]],
        bool(flag(normalizer, 3, 1)),
        bool(flag(normalizer, 4, 1)),
        bool(flag(normalizer, 5, 1)),
    )


def _piece(data: bytes, value: _Value) -> tuple[str, float, int]:
    if isinstance(value, int):
        raise _BrokenError(0)
    text, score, kind = "", 0.0, NORMAL
    for number, wire, one in _fields(data, *value):
        if number == 1 and wire == _BYTES and not isinstance(one, int):
            try:
                text = data[one[0] : one[1]].decode()
            except UnicodeDecodeError as error:
                raise _BrokenError(one[0]) from error
        elif number == 2 and wire == _FIXED32 and not isinstance(one, int):
            score = struct.unpack("<f", data[one[0] : one[1]])[0]
        elif number == 3 and isinstance(one, int):
            kind = one
    if not text:
        raise _BrokenError(value[0])
    return text, score, kind
