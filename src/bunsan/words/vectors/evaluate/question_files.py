"""Files of questions for word vectors: analogies, scored pairs, choices of a synonym, plain pairs.

Text in any encoding that `bunsan.text.encoding` tells. Lines that begin with "#" are remarks.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.encoding import read_text

_RELATION_TITLES = ("relation", "関係", "section", "category")
_SCORE_TITLES = (
    "mean", "score", "similarity", "human (mean)", "human mean", "human", "rating", "simlex999",
    "平均", "類似度", "スコア", "評価",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Analogy:
    """a is to b as c is to one of `answers`."""

    a: str
    b: str
    c: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnalogySection:
    """Analogies of one kind."""

    name: str
    questions: list[Analogy]


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two words and how similar people find them."""

    a: str
    b: str
    score: float


@dataclass(frozen=True, slots=True)
class WordPair:
    """Two words that stand in some relation, and their part of speech (or any other kind)."""

    a: str
    b: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SynonymQuestion:
    """Which of the choices means the same as `word`? The first does."""

    word: str
    choices: tuple[str, ...]


def read_analogies(
    path: str | Path, *, per_relation: int | None = 1000, seed: int = 0
) -> list[AnalogySection]:
    """Analogies of a file, by section.

    Two forms are read. word2vec's: a line ": name" begins a section, the others are four words
    "a b c d". Relations: lines "relation, x, y" between tabs (more columns are passed over); any two
    rows of a relation make an analogy x1 : y1 = x2 : y2, where every y that x2 has is right.

    Parameters
    ----------
    per_relation : at most so many analogies of a relation, drawn with `seed`; None for all. Word2vec's
        form is asked whole.

    Raises
    ------
    BadInput : a line is of neither form; it is named.
    """
    path = Path(path)
    lines = list(_lines(path))
    if any(line.startswith(":") for _, line in lines) or not any("\t" in line for _, line in lines):
        return _read_sections(path, lines)
    return _read_relations(path, lines, per_relation, seed)


def read_pairs(path: str | Path, column: str | int | None = None) -> list[ScoredPair]:
    """Pairs of words with a score: two words in the first two columns of a table between commas, tabs
    or spaces.

    Parameters
    ----------
    column : of the score, its title or its number from 1. When None, one with a usual title (mean,
        score, similarity, ...; the last such), else the last.

    Raises
    ------
    BadInput : a row without a score, or no such column; the line is named.
    """
    path = Path(path)
    lines = list(_lines(path))
    if not lines:
        raise _nothing(path)
    rows = _table(lines)
    titles = [cell.strip() for cell in rows[0][1]]
    # A title row is one whose supposed score is no number in any column after the words.
    has_titles = not any(_number(cell) is not None for cell in titles[2:])
    place = _score_column(path, titles, has_titles, column)
    pairs = []
    for line, cells in rows[1 if has_titles else 0 :]:
        score = _number(cells[place]) if len(cells) > place else None
        if score is None or len(cells) < 3:
            raise BadInput(
                tr("has no score here.", "得点がありません。"),
                remedy=tr(
                    "Each line needs two words and a number; name the column of the score.",
                    "各行に2語と数値が必要です。得点の列を指定することもできます。",
                ),
                file=path,
                row=line,
            )
        pairs.append(ScoredPair(cells[0].strip(), cells[1].strip(), score))
    if not pairs:
        raise _nothing(path)
    return pairs


def read_synonyms(path: str | Path) -> list[SynonymQuestion]:
    """Questions like TOEFL's (Landauer & Dumais 1997, "A Solution to Plato's Problem"): a word, its
    synonym, then words that are none, between commas, tabs or spaces.

    Raises
    ------
    BadInput : a line of fewer than three words; it is named.
    """
    path = Path(path)
    questions = []
    for line, cells in _table(list(_lines(path))):
        words = [cell.strip() for cell in cells if cell.strip()]
        if len(words) < 3:
            raise BadInput(
                tr("has fewer than three words.", "3語に足りません。"),
                remedy=tr(
                    "Each line is a word, its synonym and at least one other word.",
                    "各行は「語、同義語、それ以外の語」です。",
                ),
                file=path,
                row=line,
            )
        questions.append(SynonymQuestion(words[0], tuple(words[1:])))
    if not questions:
        raise _nothing(path)
    return questions


def read_word_pairs(path: str | Path) -> list[WordPair]:
    """Pairs of words, such as antonyms: two words and, if wanted, their part of speech, between tabs,
    commas or spaces. A pair that comes again, either way round, counts once.

    Raises
    ------
    BadInput : a line of fewer than two words, or of one word twice; it is named.
    """
    path = Path(path)
    pairs: list[WordPair] = []
    seen: set[frozenset[str]] = set()
    for line, cells in _table(list(_lines(path))):
        words = [cell.strip() for cell in cells[:3]]
        if len(words) < 2 or not words[0] or not words[1]:
            raise _no_pair(path, line, tr("has fewer than two words.", "2 語に足りません。"))
        if words[0] == words[1]:
            raise _no_pair(path, line, tr("has one word twice.", "同じ語が 2 度あります。"))
        if frozenset(words[:2]) not in seen:
            seen.add(frozenset(words[:2]))
            pairs.append(WordPair(*words))
    if not pairs:
        raise _nothing(path)
    return pairs


def synonyms_from_pairs(
    pairs: list[ScoredPair], *, choices: int = 4, share: float = 0.2, seed: int = 0
) -> list[SynonymQuestion]:
    """Choices of a synonym out of scored pairs, for languages that have no such set.

    The highest-scored `share` of the pairs are the synonyms; the other choices are second words of
    further pairs, drawn with `seed`, that no pair of the file joins to the word.
    """
    if choices < 2 or not 0 < share < 1:
        raise ValueError("at least two choices, and a share between 0 and 1")
    ranked = sorted(pairs, key=lambda pair: -pair.score)
    partners: dict[str, set[str]] = {}
    for pair in pairs:
        partners.setdefault(pair.a, {pair.a}).add(pair.b)
        partners.setdefault(pair.b, {pair.b}).add(pair.a)
    others = list(dict.fromkeys(pair.b for pair in pairs))
    rng = np.random.default_rng(seed)
    questions = []
    for pair in ranked[: int(len(ranked) * share)]:
        joined = partners[pair.a] | partners[pair.b]
        free = [word for word in others if word not in joined]
        if pair.a == pair.b or len(free) < choices - 1:
            continue
        drawn = rng.choice(len(free), choices - 1, replace=False)
        questions.append(SynonymQuestion(pair.a, (pair.b, *(free[i] for i in drawn))))
    return questions


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are neither empty nor remarks, with their numbers."""
    if not path.is_file():
        raise Missing(
            tr("There is no such file.", "ファイルがありません。"),
            remedy=tr("Check the name.", "名前を確かめてください。"),
            file=path,
        )
    for number, line in enumerate(read_text(path).split("\n"), 1):
        line = line.rstrip("\r")
        if line.strip() and not line.startswith("#"):
            yield number, line


def _read_sections(path: Path, lines: list[tuple[int, str]]) -> list[AnalogySection]:
    sections: list[AnalogySection] = []
    for number, line in lines:
        if line.startswith(":"):
            sections.append(AnalogySection(line[1:].strip(), []))
            continue
        words = line.split()
        if len(words) != 4:
            raise _not_an_analogy(path, number)
        if not sections:
            sections.append(AnalogySection(path.stem, []))
        sections[-1].questions.append(Analogy(words[0], words[1], words[2], (words[3],)))
    if not any(section.questions for section in sections):
        raise _nothing(path)
    return sections


def _read_relations(
    path: Path, lines: list[tuple[int, str]], per_relation: int | None, seed: int
) -> list[AnalogySection]:
    relations: dict[str, list[tuple[str, str]]] = {}
    for place, (number, line) in enumerate(lines):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < 3 or not all(cells[:3]):
            raise _not_an_analogy(path, number)
        if place == 0 and cells[0].lower() in _RELATION_TITLES:
            continue
        pairs = relations.setdefault(cells[0], [])
        if (cells[1], cells[2]) not in pairs:
            pairs.append((cells[1], cells[2]))
    rng = np.random.default_rng(seed)
    sections = []
    for name, pairs in relations.items():
        right: dict[str, list[str]] = {}
        for x, y in pairs:
            right.setdefault(x, []).append(y)
        xs = list(right)
        # All (pair, other x): numbered, so that a sample needs no list of them.
        total = len(pairs) * len(xs)
        chosen = np.arange(total)
        if per_relation is not None:
            chosen = rng.permutation(total)
        questions: list[Analogy] = []
        for n in chosen.tolist():
            (a, b), c = pairs[n // len(xs)], xs[n % len(xs)]
            # A word of the question cannot be the answer.
            answers = tuple(y for y in right[c] if y not in (a, b, c))
            if a != c and answers:
                questions.append(Analogy(a, b, c, answers))
            if per_relation is not None and len(questions) == per_relation:
                break
        sections.append(AnalogySection(name, questions))
    return sections


def _table(lines: list[tuple[int, str]]) -> list[tuple[int, list[str]]]:
    """Cells between tabs, else commas, else spaces."""
    first = lines[0][1] if lines else ""
    delimiter = "\t" if "\t" in first else "," if "," in first else None
    if delimiter is None:
        return [(number, line.split()) for number, line in lines]
    return [(number, next(csv.reader([line], delimiter=delimiter))) for number, line in lines]


def _score_column(path: Path, titles: list[str], has_titles: bool, column: str | int | None) -> int:
    if isinstance(column, int):
        if 3 <= column <= len(titles):
            return column - 1
    elif isinstance(column, str):
        if has_titles and column in titles[2:]:
            return titles.index(column, 2)
    else:
        if has_titles:
            usual = [
                i for i, title in enumerate(titles) if i > 1 and title.lower() in _SCORE_TITLES
            ]
            if usual:
                return usual[-1]
        if len(titles) > 2:
            return len(titles) - 1
    names = ", ".join(titles[2:]) if has_titles else f"3-{len(titles)}"
    raise BadInput(
        tr(f"has no column {column or ''} of scores.", f"得点の列 {column or ''} がありません。"),
        remedy=tr(f"There is: {names}.", f"あるのは {names} です。"),
        file=path,
        row=1,
    )


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _not_an_analogy(path: Path, line: int) -> BadInput:
    return BadInput(
        tr("is no analogy.", "類推の問題の形ではありません。"),
        remedy=tr(
            "Write four words a line, or relation, x and y between tabs.",
            "1行に4語、または「関係、x、y」をタブで区切って書いてください。",
        ),
        file=path,
        row=line,
    )


def _no_pair(path: Path, line: int, problem: str) -> BadInput:
    return BadInput(
        problem,
        remedy=tr(
            "Each line is two different words and, if wanted, their part of speech.",
            "各行は「語、別の語」です。3 列目に品詞を書けます。",
        ),
        file=path,
        row=line,
    )


def _nothing(path: Path) -> BadInput:
    return BadInput(tr("holds no questions.", "問題がありません。"), file=path)
