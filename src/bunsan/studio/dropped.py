"""A table that was dropped: its first rows, its sheets and encodings, which column is what."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import pieces

if TYPE_CHECKING:
    from bunsan.text.documents import Inspection

_SHOWN = 6
ENCODINGS = ("utf-8", "cp932", "euc-jp", "iso-2022-jp", "utf-16")
TEXT_FORMATS = ("csv", "tsv", "txt", "jsonl", "khcoder")
# Read by the tasks themselves: they are no tables.
_OTHERS = (".json", ".conll", ".conllu", ".json.gz", ".conll.gz", ".conllu.gz")


@dataclass(frozen=True)
class Dropped:
    """What a file looks like.

    Attributes
    ----------
    columns : none where it is no table. found : the first rows; None where it is no table.
    """

    columns: list[str]
    found: "Inspection | None"

    def preview(self, path: Path) -> str:
        """Its first rows, as markup."""
        if self.found is None:
            said = tr("Its own format tells what is what.", "列の役割はこの形式で決まっています。")
            return pieces.heading(path.name) + pieces.notice(said)
        bad = " ".join(problem.message for problem in self.found.report.problems[:3])
        warning = tr("Some rows cannot be read: ", "読めない行があります: ") + bad
        return (
            pieces.heading(
                path.name, " · ".join(filter(None, [self.found.format, self.found.encoding]))
            )
            + pieces.sheet(self.columns or ["text"], self.found.rows, self.found.numbers)
            + (pieces.notice(warning) if bad else "")
        )


def look(path: Path, sheet: str | None = None, encoding: str | None = None) -> Dropped:
    """The first rows of a file.

    Raises
    ------
    BadInput : it is no table, or damaged.
    """
    from bunsan.text.documents import inspect

    if path.name.lower().endswith(_OTHERS):
        return Dropped([], None)
    found = inspect(str(path), sheet=sheet or None, encoding=encoding or None, rows=_SHOWN)
    if not found.rows:
        raise BadInput(
            tr("There are no rows in it.", "行がありません。"),
            remedy=tr(
                "The first line holds the names of the columns, each further line one example.",
                "1 行目に列名、2 行目からに 1 件ずつ入れてください。",
            ),
            file=path,
        )
    return Dropped(list(found.columns), found)


def encodings() -> list[tuple[str, str]]:
    """Encodings to choose from: (what people read, name)."""
    return [(tr("by looking", "自動判定"), ""), *((name, name) for name in ENCODINGS)]


def no_file() -> BadInput:
    """Nothing was dropped."""
    return BadInput(tr("Drop a file first.", "先にファイルを置いてください。"))


def guessed_parts(task: str, dropped: Dropped, file: str) -> dict[str, Any]:
    """Which column plays which part in a task, as far as their names and contents tell."""
    from bunsan.tasks.finetuning.base import Options
    from bunsan.tasks.finetuning.kinds import make_task
    from bunsan.tasks.finetuning.records import Looked

    if dropped.found is None or not dropped.columns:
        return {}
    rows: list[Any] = list(zip(dropped.found.numbers, dropped.found.rows, strict=True))
    made = make_task(task, Options())
    try:
        made.resolve(Looked(dropped.columns, rows, file), True)
    except BadInput:
        return {}
    names = {"context": "text", "answers": "label", "spans": "label"}
    return {names.get(part, part): name for part, name in made.columns.items()}
