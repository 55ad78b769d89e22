"""Which reader reads a source: by what was told, by the first bytes, by name, by content."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import SAMPLE, decoder, detect
from bunsan.text.readers.delimited import read_delimited, sniff_delimiter
from bunsan.text.readers.jsonl import read_jsonl
from bunsan.text.readers.khcoder import LEVELS, has_headings, read_khcoder
from bunsan.text.readers.lines import cannot_tell, lines, split
from bunsan.text.readers.opening import Source, Stream, opened, suffix_format
from bunsan.text.readers.plain import read_plain
from bunsan.text.readers.reading import Document, Reading
from bunsan.text.readers.table import Table

_LARGEST_IN_MEMORY = 1 << 31  # bytes of a workbook, or of a Parquet file through a pipe
_HEADINGS_WITHIN = 200  # lines in which KH Coder's headings are looked for
_MAGIC = (  # what binary formats begin with, whatever their files are called
    (b"PK\x03\x04", "excel"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
    (b"PAR1", "parquet"),
)

Content = Table | Iterator[Document]


@contextmanager
def content(source: Source, format: str | None, reading: Reading) -> Iterator[tuple[str, Content]]:
    """(format, table or documents) of a source, which stays open meanwhile.

    The libraries for Parquet, tables in memory and workbooks are loaded only where they are needed.
    """
    if source.path is None and source.value is not None:
        from bunsan.text.readers.memory import read_memory

        yield "memory", read_memory(source.value)
        return
    with opened(source, reading.report) as stream:
        kind = format or _format(stream, source, reading)
        if kind == "excel":
            from bunsan.text.readers.excel import read_excel

            yield kind, read_excel(stream.read_all(_LARGEST_IN_MEMORY), source.name, reading)
        elif kind == "parquet":
            from bunsan.text.readers.parquet import read_parquet

            yield kind, read_parquet(_seekable(stream, source), source.name, reading)
        else:
            yield _text(stream, kind, source, reading)


def _text(stream: Stream, kind: str, source: Source, reading: Reading) -> tuple[str, Content]:
    file = source.name
    content = lines(stream, reading)
    if kind in ("csv", "tsv"):
        return kind, read_delimited(content, file, reading, "," if kind == "csv" else "\t")
    if kind == "jsonl":
        return kind, read_jsonl(content, file, reading)
    if kind == "txt" and reading.unit != "file":
        head = list(itertools.islice(content, _HEADINGS_WITHIN))
        content = itertools.chain(head, content)
        if has_headings(head):
            kind = "khcoder"
    _refuse_columns(kind, file, reading)
    if kind == "khcoder":
        return kind, read_khcoder(content, file, reading, reading.unit)
    unit: str = reading.unit
    if unit == "auto":
        unit = "file" if source.in_folder else "line"
    return kind, read_plain(content, file, reading, unit)


def _refuse_columns(kind: str, file: str, reading: Reading) -> None:
    headings = kind == "khcoder"
    if reading.text is not None or (not headings and (reading.by or reading.keep)):
        raise BadInput(
            tr("is a text file and has no columns.", "テキストファイルなので列がありません。"),
            remedy=tr(
                f"Leave out the text column; group by {', '.join(LEVELS)}.",
                f"本文の列は指定せず、グループには {'、'.join(LEVELS)} を指定してください。",
            )
            if headings
            else tr(
                "Leave out the columns, or tell the format if it is a table (csv, tsv, ...).",
                "列の指定を外すか、表なら形式(csv、tsv など)を指定してください。",
            ),
            file=file,
        )
    if headings and reading.unit == "file":
        raise BadInput(
            tr(
                "Headings divide a file, so it cannot be one document.",
                "見出しで区切るファイルは、全体を一つの文書にはできません。",
            ),
            remedy=tr(
                "Choose line or paragraph as the unit, or txt as the format.",
                "単位を line か paragraph にするか、形式を txt にしてください。",
            ),
            file=file,
        )


def _format(stream: Stream, source: Source, reading: Reading) -> str:
    start = stream.peek(8)
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if source.path is not None:
        kind_of_name = suffix_format(source.path)
        if kind_of_name is not None:
            return kind_of_name
        if source.path.name.lower().removesuffix(".gz").endswith(".json"):
            return "jsonl"
    return _sniffed(stream, reading.encoding)


def _sniffed(stream: Stream, encoding: str | None) -> str:
    """The format of text without a telling name."""
    sample = stream.peek(SAMPLE)
    whole = len(sample) < SAMPLE
    encoding = encoding or detect(sample, complete=whole)
    if encoding is None:
        raise cannot_tell(stream.file)
    text = decoder(encoding).decode(sample, whole).lstrip("\ufeff")
    head = list(split([text.replace("\r\n", "\n").replace("\r", "\n")]))
    if not whole and len(head) > 1:
        head.pop()  # cut
    head = [line for line in head if line.strip()][:20]
    try:
        if head and isinstance(json.loads(head[0]), dict):
            return "jsonl"
    except (ValueError, RecursionError):
        pass
    delimiter = sniff_delimiter(head)
    if delimiter is None:
        return "txt"
    return "tsv" if delimiter == "\t" else "csv"


def _seekable(stream: Stream, source: Source) -> Path | bytes:
    """A regular file by its path, so that it is read piece by piece; anything else as bytes."""
    if source.path is not None and source.path.is_file() and not stream.packed:
        return source.path
    return stream.read_all(_LARGEST_IN_MEMORY)
