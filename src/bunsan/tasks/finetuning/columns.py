"""Which column plays which part: told, or known by the names that columns of that part have."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.records import Looked
from bunsan.text.columns import columns_listed, find, guess_text
from bunsan.text.readers.table import as_text

LABELS = (
    *("label", "labels", "class", "category", "target", "gold", "answer", "score", "rating"),
    *("sentiment", "polarity", "stars", "y", "tag", "tags", "relatedness", "similarity"),
    *("ラベル", "分類", "カテゴリ", "カテゴリー", "種別", "正解", "評価", "評点", "感情", "極性"),
    *("満足度", "スコア", "得点", "類似度", "判定"),
)
PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("text1", "text2")),
    *(("text_a", "text_b"), ("sentence_a", "sentence_b"), ("question1", "question2")),
    *(("question", "sentence"), ("query", "passage"), ("文1", "文2"), ("前提", "仮説")),
    *(("テキスト1", "テキスト2"), ("質問", "回答")),
)
SPANS = ("spans", "entities", "ents", "labels", "annotations", "固有表現", "エンティティ")
QUESTIONS = ("question", "query", "質問", "問題", "設問", "問い")
CONTEXTS = ("context", "passage", "paragraph", "text", "document", "本文", "文章", "段落")
ANSWERS = ("answers", "answer", "answer_text", "回答", "答え", "正解")
STARTS = ("answer_start", "start", "begin", "開始", "開始位置")
CHOICES = ("choices", "options", "endings", "選択肢")
_NUMBERED = re.compile(r"(choice|option|ending|answer|選択肢)[_\s\-]*([0-9]+|[a-h])")


def loose(name: str) -> str:
    """A name without width, case, spaces and lines."""
    return re.sub(r"[\s_\-]", "", unicodedata.normalize("NFKC", name)).lower()


def named(columns: Sequence[str], names: Iterable[str]) -> str | None:
    """The first column that bears one of these names, in the order of the names."""
    there = {loose(column): column for column in reversed(columns)}
    return next((there[loose(name)] for name in names if loose(name) in there), None)


def told_or_named(
    table: Looked, told: str | None, names: Iterable[str], part: str, option: str
) -> str:
    """The column told, else one with such a name.

    Parameters
    ----------
    part : what the column is, in the person's language. option : how it is told.

    Raises
    ------
    BadInput : there is none; the remedy lists the columns and the nearest name.
    """
    found = told_or_maybe(table, told, names)
    if found is None:
        raise lacking(table, part, option)
    return found


def told_or_maybe(table: Looked, told: str | None, names: Iterable[str]) -> str | None:
    """The same; None where no column was told and none has such a name."""
    if told is not None:
        return table.columns[find(table.columns, told, table.file)]
    return named(table.columns, names)


def text_column(table: Looked, told: str | None, label: str | None = None) -> str:
    """The column of texts: told, the only one, or the one that looks most like it and is not `label`."""
    if told is not None and not (len(table.columns) == 1 and told not in table.columns):
        return table.columns[find(table.columns, told, table.file)]
    if len(table.columns) == 1:
        return table.columns[0]
    label = label or named(table.columns, LABELS)
    places = [i for i, column in enumerate(table.columns) if column != label]
    sample = [[as_text(cells[i]) for i in places] for _, cells in table.sample]
    columns = [table.columns[i] for i in places]
    guessed = guess_text(columns, sample)
    if guessed is None:
        raise lacking(table, tr("texts", "本文"), "--text")
    return columns[guessed]


def pair_columns(
    table: Looked,
    first: str | None,
    second: str | None,
    names: Sequence[tuple[str, str]] = PAIRS,
) -> tuple[str, str]:
    """The columns of two texts: told, or known by the names that such columns have.

    Raises
    ------
    BadInput : they are not known, or both are the same.
    """
    columns = table.columns
    if first is not None and second is not None:
        one, two = (columns[find(columns, name, table.file)] for name in (first, second))
        if one == two:
            raise BadInput(
                tr(f"Both texts are the column {one!r}.", f"二つの本文が同じ列 {one!r} です。"),
                remedy=tr("Say --text and --text2.", "--text と --text2 を指定してください。"),
                file=table.file,
            )
        return one, two
    if first is None and second is None:
        there = {loose(column): column for column in reversed(columns)}
        for a, b in names:
            if loose(a) in there and loose(b) in there:
                return there[loose(a)], there[loose(b)]
    raise lacking(table, tr("the two texts", "二つの本文"), "--text NAME --text2")


def label_column(table: Looked, told: str | None, texts: Sequence[str]) -> str:
    """The column of labels: told, known by its name, or the only one beside the texts."""
    found = told_or_maybe(table, told, LABELS)
    if found is not None and (told is not None or found not in texts):
        return found
    others = [column for column in table.columns if column not in texts]
    if len(others) != 1:
        raise lacking(table, tr("labels", "ラベル"), "--label")
    return others[0]


def choice_columns(table: Looked, told: Sequence[str] | None) -> list[str]:
    """The columns of choices in their order, or the one that holds a list of them."""
    if told:
        return [table.columns[find(table.columns, name, table.file)] for name in told]
    one = named(table.columns, CHOICES)
    if one is not None:
        return [one]
    groups: dict[str, list[tuple[str, str]]] = {}
    for column in table.columns:
        match = _NUMBERED.fullmatch(unicodedata.normalize("NFKC", column).lower().strip())
        if match is not None:
            groups.setdefault(match[1], []).append((match[2].zfill(4), column))
    largest = max(groups.values(), key=len, default=[])
    if len(largest) < 2:
        raise lacking(table, tr("choices", "選択肢"), "--choices")
    return [column for _, column in sorted(largest)]


def lacking(table: Looked, part: str, option: str) -> BadInput:
    """The error for a table in which a part cannot be found."""
    return BadInput(
        tr(f"The column of {part} is not known.", f"{part}の列が分かりません。"),
        remedy=tr(f"Say which it is: {option} NAME. ", f"{option} 列名 で指定してください。")
        + columns_listed(table.columns),
        file=table.file,
    )
