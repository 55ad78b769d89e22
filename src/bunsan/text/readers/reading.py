"""What every reader shares: a document, the report of a reading, and what is done with bad rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import DAMAGED

Unit = Literal["auto", "line", "paragraph", "file"]
OnBad = Literal["skip", "refuse"]

LONGEST = 1 << 24  # characters of a line, record or document; longer ones are bad rows
OVERLONG = "\udcfe"  # stands for the content of a line longer than that
_KEPT_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """One text and where it came from.

    Parameters
    ----------
    text : as in the file, with LF line breaks; never blank.
    fields : the group and kept columns as text, None where the cell was blank.
    source : the file's name as given, "-" for standard input, "<table>" for a table in memory.
    row : from 1, as a spreadsheet or an editor numbers it; a table in memory has no header row.
    """

    text: str
    fields: dict[str, str | None]
    source: str
    row: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out: where, the reason's code (`reason_label` names it), a sentence."""

    file: str
    row: int
    reason: str
    message: str


@dataclass
class ReadReport:
    """What happened while reading; it is filled as the documents stream by.

    Parameters
    ----------
    documents : how many were read.
    skipped : how many rows were left out, by reason.
    problems : the first 1000 of them.
    blank : blank lines and rows between documents; no problem, but counted.
    ignored : files of a folder that were not read, by suffix.
    encodings : the encoding of each text file.
    guessed_encodings : the files whose encoding was found by looking.
    text, by : the columns used (of the first table). `by` are the headings for KH Coder's layout.
    guessed : a column in `text` or `by` was found by looking.
    bytes_read : bytes of the files consumed so far, in the measure of `bytes_total`.
    """

    documents: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    blank: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    encodings: dict[str, str] = field(default_factory=dict)
    guessed_encodings: set[str] = field(default_factory=set)
    text: str | None = None
    by: tuple[str, ...] = ()
    guessed: bool = False
    bytes_read: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        return {
            "documents": self.documents,
            "skipped": dict(self.skipped),
            "problems": [asdict(problem) for problem in self.problems],
            "blank": self.blank,
            "ignored": dict(self.ignored),
            "encodings": dict(self.encodings),
            "guessed_encodings": sorted(self.guessed_encodings),
            "text": self.text,
            "by": list(self.by),
            "guessed": self.guessed,
            "bytes_read": self.bytes_read,
        }


def reason_label(reason: str) -> str:
    """A few words for people about a reason code of `ReadReport.skipped`."""
    return {
        "undecodable": tr("broken characters", "文字が壊れている"),
        "ragged": tr("wrong number of cells", "セルの数が合わない"),
        "empty_text": tr("no text", "本文が空"),
        "invalid_json": tr("not a JSON object", "JSON のオブジェクトでない"),
        "missing_text": tr("text missing", "本文の項目がない"),
        "not_text": tr("not text", "本文が文字列でない"),
        "unclosed_quote": tr("quotation mark not closed", "引用符が閉じていない"),
        "too_long": tr("too long", "長すぎる"),
    }.get(reason, reason)


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be read, on its way to the report among the good ones."""

    row: int
    reason: str
    problem: str
    remedy: str

    def error(self, file: str) -> BadInput:
        return BadInput(self.problem, remedy=self.remedy, file=file, row=self.row)


@dataclass
class Reading:
    """The wishes of one call and its report, handed to every reader."""

    text: str | int | None = None
    by: Sequence[str | int] | None = None
    keep: Sequence[str | int] = ()
    unit: Unit = "auto"
    encoding: str | None = None
    sheet: str | int | None = None
    on_bad: OnBad = "skip"
    report: ReadReport = field(default_factory=ReadReport)
    first: tuple[str, tuple[str, ...]] | None = None  # the columns used of the first table

    def bad(self, file: str, bad: Bad) -> None:
        """Count a bad row, or refuse it."""
        if self.on_bad == "refuse":
            raise bad.error(file)
        self.report.skipped[bad.reason] += 1
        if len(self.report.problems) < _KEPT_PROBLEMS:
            message = f"{bad.problem} {bad.remedy}"
            self.report.problems.append(Problem(file, bad.row, bad.reason, message))

    def document(
        self, text: str, fields: dict[str, str | None], file: str, row: int
    ) -> Document | None:
        """The document, counted; None when its text is blank or damaged, which is counted too."""
        if not text or text.isspace():
            problem = tr("The text is empty.", "本文が空です。")
            remedy = tr("Fill it in or delete the row.", "入力するか、行を削除してください。")
            self.bad(file, Bad(row, "empty_text", problem, remedy))
            return None
        if not (sound(text) and all(value is None or sound(value) for value in fields.values())):
            self.bad(file, self.damage(file, row, text))
            return None
        self.report.documents += 1
        return Document(text, fields, file, row)

    def damage(self, file: str, row: int, text: str) -> Bad:
        """What `sound` found in a text that begins at `row`: the line it is in is named."""
        if OVERLONG in text:
            problem = tr(
                f"This is longer than {LONGEST:,} characters.",
                f"長さが {LONGEST:,} 文字を超えています。",
            )
            remedy = tr("Split it into several documents.", "複数の文書に分けてください。")
            return Bad(row, "too_long", problem, remedy)
        row += text[: max(text.find(DAMAGED), 0)].count("\n")
        encoding = self.report.encodings.get(file)
        if encoding is None or DAMAGED not in text:  # not from bytes: an escape or a Python string
            problem = tr("Half of a character is missing.", "文字が途中で切れています。")
            remedy = tr("Correct the row.", "行を直してください。")
        elif file in self.report.guessed_encodings:
            problem = tr(
                f"There are bytes that are not {encoding}, which the file seems to be in.",
                f"推定した文字コード {encoding} として読めないバイトがあります。",
            )
            remedy = tr(
                "Correct the row, or name the file's encoding (utf-8, cp932, euc-jp, cp1252, ...).",
                "行を直すか、文字コードを指定してください(utf-8、cp932、euc-jp など)。",
            )
        else:
            problem = tr(
                f"There are bytes that are not {encoding}.",
                f"指定の文字コード {encoding} として読めないバイトがあります。",
            )
            remedy = tr(
                "Correct the row, or let the encoding be found.",
                "行を直すか、文字コードの指定を外してください。",
            )
        return Bad(row, "undecodable", problem, remedy)


def sound(text: str) -> bool:
    """True when every character is whole: no marks of damage and no halves of surrogate pairs."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unix_breaks(text: str) -> str:
    """CRLF and CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def cannot_open(file: str | Path, error: OSError) -> BadInput:
    return BadInput(
        tr(
            f"cannot be read ({error.strerror or error}).",
            f"読めません({error.strerror or error})。",
        ),
        remedy=tr(
            "Close it in other programs and check that you may read it.",
            "ほかのソフトで開いていないか、読む権限があるかを確かめてください。",
        ),
        file=file,
    )
