"""KH Coder's headings: lines <h1>...</h1> to <h5>...</h5> in a text file group what follows them.

The layout is that of KH Coder's reference manual (Higuchi), where it describes the files to be
analysed: a heading stands on a line of its own and holds until one of its own or a higher level.
"""

import re
from collections.abc import Iterable, Iterator

from bunsan.text.columns import find
from bunsan.text.readers.plain import Block, documents, is_blank
from bunsan.text.readers.reading import Document, Reading, sound

LEVELS = ("h1", "h2", "h3", "h4", "h5")
_HEADING = re.compile(r"\s*<h([1-5])>(.*)</h\1>\s*", re.IGNORECASE)


def has_headings(lines: Iterable[str]) -> bool:
    """Whether one of these lines is a heading."""
    return any("<" in line and _HEADING.fullmatch(line) for line in lines)


def read_khcoder(
    lines: Iterator[str], file: str, reading: Reading, unit: str
) -> Iterator[Document]:
    """Documents (a line or paragraph each) with the headings they stand under as fields h1 to h5.

    A heading clears those of lower levels. It belongs to no document's text.
    """
    report = reading.report
    if reading.by is None:
        wanted = list(LEVELS)
    else:
        wanted = [LEVELS[find(LEVELS, name, file)] for name in (*reading.by, *reading.keep)]
        report.by = tuple(LEVELS[find(LEVELS, name, file)] for name in reading.by)
    headings: dict[str, str | None] = dict.fromkeys(LEVELS)
    block = Block()

    def take() -> Iterator[Document]:
        return documents(block, {name: headings[name] for name in wanted}, file, reading)

    for row, line in enumerate(lines, 1):
        found = _HEADING.fullmatch(line) if "<" in line else None
        if found:
            yield from take()
            title = found[2].strip()
            if not sound(title):
                reading.bad(file, reading.damage(file, row, title))
                title = ""
            level = int(found[1])
            headings[f"h{level}"] = title or None
            headings.update((name, None) for name in LEVELS[level:])
            if reading.by is None and f"h{level}" not in report.by:
                report.by = (*report.by, f"h{level}")
        elif is_blank(line):
            report.blank += 1
            yield from take()
        else:
            block.add(row, line)
            if unit != "paragraph":
                yield from take()
    yield from take()
