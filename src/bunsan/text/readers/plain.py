"""Plain text: a document per line, per paragraph or per file."""

from collections.abc import Iterator

from bunsan.text.readers.reading import LONGEST, OVERLONG, Document, Reading


class Block:
    """Lines that become one document, held no longer than `LONGEST` characters."""

    def __init__(self) -> None:
        self._row = 0
        self._lines: list[str] = []
        self._size = 0

    def add(self, row: int, line: str) -> None:
        if not self._lines:
            self._row, self._size = row, 0
        self._size += len(line) + 1
        if self._size > LONGEST + 1:
            self._lines = [OVERLONG]
        else:
            self._lines.append(line)

    def take(self) -> Iterator[tuple[int, str]]:
        """(row of the first line, text), or nothing; then the block is empty again."""
        if self._lines:
            yield self._row, "\n".join(self._lines)
            self._lines = []


def read_plain(lines: Iterator[str], file: str, reading: Reading, unit: str) -> Iterator[Document]:
    """Documents of a plain text file; blank lines part paragraphs and are no lines of their own."""
    block = Block()
    for row, line in enumerate(lines, 1):
        blank = is_blank(line)
        if unit == "file":
            block.add(row, line)
            continue
        if not blank:
            block.add(row, line)
        else:
            reading.report.blank += 1
        if blank or unit == "line":
            yield from documents(block, {}, file, reading)
    yield from documents(block, {}, file, reading)


def documents(
    block: Block, fields: dict[str, str | None], file: str, reading: Reading
) -> Iterator[Document]:
    """The document that a block makes, if it makes one."""
    for row, text in block.take():
        if document := reading.document(text, fields, file, row):
            yield document


def is_blank(line: str) -> bool:
    return not line or line.isspace()
