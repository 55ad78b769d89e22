"""Columns of a table: finding them by name or number, and guessing what they are for."""

import difflib
import re
import unicodedata
from collections.abc import Sequence

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

# Names that columns of free text have; compared without case, width and spaces.
_TEXT_NAMES = (
    *("text", "review", "comment", "body", "content", "sentence", "answer", "message"),
    *(
        "description",
        "document",
        "本文",
        "テキスト",
        "自由記述",
        "自由回答",
        "自由記入",
        "自由意見",
    ),
    *(
        "口コミ",
        "クチコミ",
        "レビュー",
        "コメント",
        "感想",
        "意見",
        "内容",
        "文章",
        "文",
        "回答",
        "記述",
    ),
    *("要望", "理由", "投稿", "発言", "発話", "問い合わせ", "お問い合わせ"),
)
_JAPANESE = re.compile("[ぁ-んァ-ヶ一-鿿]")
_NO_WORDS = re.compile(r"[\s\d.,:/+\-¥$%年月日時分秒TZ]*|https?://\S*|\S+@\S+")

_MOST_GROUPS = 30  # distinct values a guessed group column has at most
_LONGEST_GROUP = 30  # characters


def unique_names(header: Sequence[str | None]) -> list[str]:
    """A name for each column: blank ones are called by their number, repeated ones are numbered."""
    names: list[str] = []
    taken = set()
    for number, cell in enumerate(header, 1):
        plain = " ".join((cell or "").split()) or f"column {number}"
        name, again = plain, 2
        while name in taken:
            name, again = f"{plain} ({again})", again + 1
        taken.add(name)
        names.append(name)
    return names


def find(columns: Sequence[str], wanted: str | int, file: str) -> int:
    """The index of the column called `wanted`, or of that number counted from 1.

    Raises
    ------
    BadInput : there is none; the remedy lists the columns and the nearest name.
    """
    name = str(wanted)
    if not isinstance(wanted, int):
        if name in columns:
            return columns.index(name)
        loose = [_loose(column) for column in columns]
        if loose.count(_loose(name)) == 1:
            return loose.index(_loose(name))
    if name.isdecimal() and 1 <= int(name) <= len(columns):
        return int(name) - 1
    raise BadInput(
        tr(f"There is no column {name!r}.", f"列 {name!r} はありません。"),
        remedy=_meant(columns, name) + columns_listed(columns),
        file=file,
    )


def columns_listed(columns: Sequence[str]) -> str:
    """The columns that exist, as a sentence; a long list is cut."""
    shown = list(columns[:40])
    more = len(columns) - len(shown)
    english = ", ".join(shown) + (f" and {more} more" if more else "")
    japanese = "、".join(shown) + (f"、ほか {more} 列" if more else "")
    return tr(f"The columns are: {english}.", f"あるのは次の列です: {japanese}。")


def guess_text(columns: Sequence[str], sample: Sequence[Sequence[str | None]]) -> int | None:
    """The index of the column that holds the texts, judged by names and the first rows.

    A column with a name that says so wins, the fullest if there are several, unless its cells are
    far from being the fullest of the table; otherwise the one with the longest and most varied
    cells, where Japanese counts double. None: no column has words or such a name.
    """
    worth = [_worth([row[i] for row in sample]) for i in range(len(columns))]
    most = max(worth, default=0.0)
    loose = [_loose(name) for name in columns]
    if most == 0:
        return next((i for i, name in enumerate(loose) if _named(name)), None)
    for test, least in ((_named, 0.1), (_partly_named, 0.25)):
        found = [i for i, name in enumerate(loose) if worth[i] >= least * most and test(name)]
        if found:
            return max(found, key=lambda i: worth[i])
    return worth.index(most)


def guess_by(
    columns: Sequence[str],
    sample: Sequence[Sequence[str | None]],
    text: int,
    whole: bool = True,
) -> list[int]:
    """The indexes of the columns that group the rows: few short values that come again.

    At most 30 distinct values, each used twice on average, and at least 2. Where the sample is not
    the whole table one is enough: the table may be sorted by that column.
    """
    found = []
    for i in range(len(columns)):
        cells = [cell for row in sample if (cell := row[i]) is not None]
        values = set(cells)
        if (
            i != text
            and (2 if whole else 1) <= len(values) <= _MOST_GROUPS
            and 2 * len(values) <= len(cells)
            and max(map(len, values)) <= _LONGEST_GROUP
        ):
            found.append(i)
    return found


def _worth(cells: Sequence[str | None]) -> float:
    """How much a column looks like texts: mean length × share of distinct cells × Japanese."""
    words = [cell for cell in cells if cell is not None and not _NO_WORDS.fullmatch(cell)]
    if not words:
        return 0.0
    length = sum(min(len(cell), 500) for cell in words) / len(cells)
    japanese = sum(bool(_JAPANESE.search(cell)) for cell in words) / len(words)
    return length * (len(set(words)) / len(words)) * (1 + japanese)


def _named(loose: str) -> bool:
    return loose in _TEXT_NAMES


def _partly_named(loose: str) -> bool:
    return any(len(name) > 1 and name in loose for name in _TEXT_NAMES)


def _loose(name: str) -> str:
    return re.sub(r"[\s_\-]", "", unicodedata.normalize("NFKC", name)).lower()


def _meant(columns: Sequence[str], name: str) -> str:
    near = difflib.get_close_matches(_loose(name), [_loose(column) for column in columns], 1, 0.5)
    if not near:
        return ""
    column = next(column for column in columns if _loose(column) == near[0])
    return tr(f"Did you mean {column!r}? ", f"{column!r} ではありませんか。")
