"""Plain text files as blocks of UTF-8 that end between words, whatever they were encoded in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from bunsan.text.encoding import encoding_name
from bunsan.text.readers.lines import texts
from bunsan.text.readers.opening import Source, bytes_total, locate, opened
from bunsan.text.readers.reading import Reading
from bunsan.words.training.corpus_store import Account
from bunsan.words.training.corpus_text import BLANKS, LONGEST_WORD

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]

# bytes_done, bytes_total (None for a pipe)
OnBytes = Callable[[int, int | None], None]


@dataclass
class TextFiles:
    """Files to be read one after another.

    Parameters
    ----------
    paths : files, folders (their text files, in order), "-" for standard input; gzip is undone.
    encoding : of all files; None looks at each.

    Raises
    ------
    BadInput : a file is not there, or the encoding has no such name.
    """

    paths: Paths
    encoding: str | None = None
    sources: list[Source] = field(init=False)
    _reading: Reading = field(init=False)

    def __post_init__(self) -> None:
        """Find the files."""
        name = None if self.encoding is None else encoding_name(self.encoding)
        self._reading = Reading(encoding=name)
        paths = [self.paths] if isinstance(self.paths, str | PathLike) else list(self.paths)
        # As Path objects: strings could be taken for texts.
        self.sources = locate([Path(path) for path in paths], "txt", self._reading.report)

    def fingerprint(self) -> list[list[Any]] | None:
        """Name, size and time of change of each file, to know them by; None with a pipe."""
        known: list[list[Any]] = []
        for source in self.sources:
            if source.path is None or not source.path.is_file():
                return None
            status = source.path.stat()
            known.append([str(source.path.resolve()), status.st_size, status.st_mtime_ns])
        return known

    def blocks(self, account: Account, on_bytes: OnBytes | None = None) -> Iterator[bytes]:
        """Each file's text in blocks that end between words; a file ends with a line break.

        Bytes that are no character (`DAMAGED`, half of a surrogate pair) become U+FFFD; their lines go to the account.
        """
        total = bytes_total(self.sources)
        report = self._reading.report
        for source in self.sources:
            with opened(source, report) as stream:
                tail = ""
                line = 1
                for text in texts(stream, self._reading):
                    if not text.isascii() and not _sound(text):
                        text = _repaired(text, source.name, line, account)
                    line += text.count("\n")
                    text = tail + text
                    cut = max(text.rfind("\n"), text.rfind(" ")) + 1
                    tail = text[cut:]
                    if len(tail) > LONGEST_WORD:
                        more = max(tail.rfind(blank) for blank in BLANKS) + 1
                        # What is left is one word too long to be kept: its rest is not needed.
                        cut, tail = cut + more, tail[more:][: LONGEST_WORD + 1]
                    yield text[:cut].encode()
                    if on_bytes is not None:
                        on_bytes(report.bytes_read, total)
                yield (tail + "\n").encode()
            if on_bytes is not None:
                on_bytes(report.bytes_read, total)


def _sound(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repaired(text: str, file: str, line: int, account: Account) -> str:
    """The text with U+FFFD for damage and halves of surrogate pairs; each line of it is noted."""
    whole = []
    for offset, part in enumerate(text.split("\n")):
        if not _sound(part):
            account.damaged(file, line + offset)
            part = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in part)
        whole.append(part)
    return "\n".join(whole)
