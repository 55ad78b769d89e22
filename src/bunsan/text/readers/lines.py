"""Bytes into lines of text, whatever the encoding, in memory that does not grow with the file."""

import io
import re
from collections.abc import Iterable, Iterator

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import SAMPLE, decoder, detect
from bunsan.text.readers.opening import Stream
from bunsan.text.readers.reading import LONGEST, OVERLONG, Reading

_CHUNK = 1 << 18
_NOT_ASCII = re.compile(rb"[\x80-\xff\x1b]")


def lines(stream: Stream, reading: Reading) -> Iterator[str]:
    """The lines of a text file without their breaks, as an editor numbers them.

    Breaks are LF, CRLF and CR, no others. Bytes that are no character come as `DAMAGED`; a line
    longer than `LONGEST` comes as `OVERLONG` alone.
    """
    return split(texts(stream, reading))


def split(texts: Iterable[str]) -> Iterator[str]:
    """Pieces of text, cut anywhere, into lines."""
    tail: list[str] = []
    size = 0
    for text in texts:
        first, *more = text.split("\n")
        tail.append(first)
        size += len(first)
        if size > LONGEST:
            tail = [OVERLONG]
        if more:
            yield "".join(tail)
            yield from more[:-1]
            tail = [more[-1]]
            size = len(more[-1])
    last = "".join(tail)
    if last:
        yield last


def cannot_tell(file: str) -> BadInput:
    """The error for bytes that are no text in a known encoding."""
    return BadInput(
        tr(
            "is no text in an encoding that can be told from its bytes.",
            "文字コードを判別できません(テキストファイルではないかもしれません)。",
        ),
        remedy=tr(
            "If it is text, name its encoding (cp932, euc-jp, utf-16, cp1252, ...).",
            "テキストなら文字コードを指定してください(cp932、euc-jp、utf-16、cp1252 など)。",
        ),
        file=file,
    )


def texts(stream: Stream, reading: Reading) -> Iterator[str]:
    """Decoded pieces, without a byte order mark and with LF breaks."""
    breaks = io.IncrementalNewlineDecoder(None, translate=True)
    start = True
    for text in _decoded(stream, reading):
        if start and text:
            text = text.lstrip("\ufeff")
            start = False
        yield breaks.decode(text)
    yield breaks.decode("", True)


def _decoded(stream: Stream, reading: Reading) -> Iterator[str]:
    """Decoded pieces in the encoding told, else in the one found.

    As long as all is ASCII nothing has to be decided: in each encoding that is possible then, ASCII
    stands for itself. The first other byte decides, however far into the file it lies.
    """
    report = reading.report
    encoding = reading.encoding
    data = b""
    if encoding is None:
        report.guessed_encodings.add(stream.file)
        report.encodings[stream.file] = "utf-8"
        start = True
        while data := stream.read(_CHUNK):
            plain = data.isascii() and b"\x1b" not in data  # a tenth of the search's time
            found = None if plain else _NOT_ASCII.search(data)
            if found or (start and b"\0" in data):
                place = found.start() if found else 0
                missing = max(place + SAMPLE - len(data), 0)
                ahead = stream.peek(missing)  # comes short only where the file ends
                sample = data[0 if start else place : place + SAMPLE] + ahead
                encoding = detect(sample, complete=len(ahead) < missing, start=start)
                if encoding is None:
                    raise cannot_tell(stream.file)
                if encoding != "utf-8" or not data.isascii():
                    break
            yield data.decode("ascii")
            start = False
        else:
            return
    report.encodings[stream.file] = encoding
    reader = decoder(encoding)
    while data or (data := stream.read(_CHUNK)):
        yield reader.decode(data)
        data = b""
    yield reader.decode(b"", True)
