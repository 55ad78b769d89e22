"""Where a word occurs in real text, and which words that have vectors stand around it there."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.collection.segment import Segment
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.passages import Passage, cut, document_mask
from bunsan.text.analyze import analyze_stream
from bunsan.text.documents import ReadReport, bytes_total, nothing_read, read_documents
from bunsan.text.words import Analysis, WordSettings
from bunsan.words.vectors.wordvectors import WordVectors

# Marks that stand between words rather than beside them, as in training.
LEFT_OUT = ("PUNCT", "SYM", "SPACE")

_BATCH = 60_000  # characters
_KANA_VERB = re.compile("[ぁ-ゖ]{1,3}")  # する, くる: forms of these may begin otherwise


@dataclass(frozen=True)
class Occurrences:
    """n occurrences, drawn from `total`; of several words as many of each.

    Attributes
    ----------
    around : int64[n, 2 window], rows of the vectors of the words to the left and right; -1 is none.
    which : int64[n], which of the words asked for it is.
    passages : the n sentences, the word marked; made when they are asked for.
    """

    total: int
    around: NDArray[np.int64]
    which: NDArray[np.int64]
    passages: Callable[[Sequence[int]], list[Passage]] = field(repr=False)


def occurrences_in(
    collection: StoredCollection,
    vectors: WordVectors,
    words: Sequence[Sequence[int]],
    *,
    window: int,
    most: int,
    where: dict[str, str] | None = None,
    seed: int = 0,
) -> Occurrences:
    """Occurrences in a collection.

    Parameters
    ----------
    words : for each word asked for, its ids in the collection's vocabulary.
    window : words with a vector on each side, within the paragraph.
    most : more occurrences than this are drawn from at random, and of several words as many of each.
    """
    vocabulary = collection.vocabulary
    row = vectors.words.rows(vocabulary.labels(np.arange(len(vocabulary))))
    row[vocabulary.mask(LEFT_OUT)] = -1
    asked = np.full(len(vocabulary), -1, np.int64)
    for number, group in enumerate(words):
        asked[list(group)] = number
    row_around = np.where(asked >= 0, -1, row)
    places = []
    for segment in collection.segments:
        at = np.flatnonzero(asked[segment.word] >= 0)
        allowed = document_mask(segment, where)
        if allowed is not None:
            at = at[allowed[np.searchsorted(segment.document, at, "right") - 1]]
        places.append(at)
    total = sum(map(len, places))
    of_segment = np.repeat(np.arange(len(places)), [len(at) for at in places])
    at = np.concatenate(places) if places else np.zeros(0, np.int64)
    which = np.zeros(total, np.int64)
    for number, segment in enumerate(collection.segments):
        which[of_segment == number] = asked[segment.word[at[of_segment == number]]]
    drawn = _as_many_of_each(which, len(words), most, seed)
    of_segment, at, which = of_segment[drawn], at[drawn], which[drawn]
    around = np.full((len(at), 2 * window), -1, np.int64)
    for number, segment in enumerate(collection.segments):
        mine = np.flatnonzero(of_segment == number)
        if not len(mine):
            continue
        # Only the paragraphs in which the word stands, put one after the other.
        paragraph, place = np.unique(
            np.searchsorted(segment.paragraph, at[mine], "right") - 1, return_inverse=True
        )
        begins = segment.paragraph[paragraph]
        lengths = segment.paragraph[paragraph + 1] - begins
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        moved = offsets[:-1] - begins
        tokens = np.arange(offsets[-1]) - np.repeat(moved, lengths)
        inside = segment.word[tokens]
        here = at[mine] + moved[place]
        around[mine] = _around(row[inside], row_around[inside], offsets, here, window)

    def passages(chosen: Sequence[int]) -> list[Passage]:
        return [
            _sentence(collection, collection.segments[int(of_segment[i])], int(at[i]))
            for i in chosen
        ]

    return Occurrences(total, around, which, passages)


def occurrences_of(
    sources: Any,
    vectors: WordVectors,
    words: Sequence[str],
    *,
    window: int,
    most: int,
    text: str | None = None,
    encoding: str | None = None,
    cut_into: str | WordSettings = "auto",
    seed: int = 0,
) -> Occurrences:
    """Occurrences in files, tables or texts, read once.

    Parameters
    ----------
    words : in the form that the vectors know, of which the lines are searched.
    cut_into : what cuts text into words; see `bunsan.tasks.training.train_words`.

    Raises
    ------
    BadInput : nothing could be read.
    """
    settings = cut_into
    if not isinstance(settings, WordSettings):
        form = "surface" if cut_into == "spaces" else "dictionary"
        settings = WordSettings(analyzer=cut_into, form=form)  # type: ignore[arg-type]  # it checks
    report = ReadReport()
    kept: list[list[_Found]] = [[] for _ in words]
    seen, most_each = [0] * len(words), most // len(words)
    rng = np.random.default_rng(seed)
    with progress(tr("Reading", "読み込み中"), bytes_total(sources)) as bar:
        given: deque[tuple[list[str], list[tuple[str, int]]]] = deque()

        def texts() -> Iterator[list[str]]:
            for batch in _batches(sources, text, encoding, report, words):
                given.append(batch)
                yield batch[0]

        done = 0
        for analysis in analyze_stream(texts(), settings):
            for rows, word, passage in _in_analysis(
                analysis, *given.popleft(), vectors, words, window
            ):
                found = _Found(sum(seen), word, rows, passage)
                seen[word] += 1
                # Each occurrence is kept with the same chance (Vitter 1985, "Random Sampling with a
                # Reservoir", algorithm R).
                if len(kept[word]) < most_each:
                    kept[word].append(found)
                elif (place := int(rng.integers(seen[word]))) < most_each:
                    kept[word][place] = found
            bar.advance(report.bytes_read - done)
            done = report.bytes_read
    if not report.documents:
        raise nothing_read(report)
    pooled = sorted((found for group in kept for found in group), key=lambda found: found.place)
    which = np.array([found.word for found in pooled], np.int64)
    drawn = [pooled[i] for i in _as_many_of_each(which, len(words), most, seed).tolist()]
    return Occurrences(
        sum(seen),
        np.array([found.rows for found in drawn], np.int64).reshape(len(drawn), 2 * window),
        np.array([found.word for found in drawn], np.int64),
        lambda chosen: [drawn[i].passage for i in chosen],
    )


class _Found(NamedTuple):
    """One occurrence: which it is in the order of the text, of which word, its window, its sentence."""

    place: int
    word: int
    rows: NDArray[np.int64]
    passage: Passage


def _as_many_of_each(
    which: NDArray[np.int64], words: int, most: int, seed: int
) -> NDArray[np.int64]:
    """The places that are drawn: no more than `most`, and of each word as many as of the rarest."""
    each = min([most // words, *np.bincount(which, minlength=words).tolist()])
    rng = np.random.default_rng(seed)
    drawn = []
    for word in range(words):
        places = np.flatnonzero(which == word)
        drawn.append(places if len(places) == each else rng.choice(places, each, replace=False))
    return np.sort(np.concatenate(drawn))


def too_few(word: str, found: int, needed: int) -> BadInput:
    """The error for a word that occurs too seldom to be divided."""
    return BadInput(
        tr(
            f"{word!r} occurs {found} times with known words around it; {needed} are needed.",
            f"「{word}」は、周りにベクトルのある語をもつ出現が {found} 件で、{needed} 件に足りません。",
        ),
        remedy=tr("Give more text.", "文章を増やしてください。"),
    )


def _around(
    own: NDArray[np.int64],
    others: NDArray[np.int64],
    paragraph: NDArray[np.int64],
    at: NDArray[np.int64],
    window: int,
) -> NDArray[np.int64]:
    """int64[n, 2 window]: vector rows of the nearest tokens that have one, within the paragraph.

    own : int64[tokens], row of each token, -1 for none: these make up the window. others : the same
    without the words asked for, which take their place in the window but say nothing.
    """
    counted = np.flatnonzero(own >= 0)
    # The number of counted tokens before each place, and whether the place is one itself.
    before = np.searchsorted(counted, at)
    after = np.searchsorted(counted, at, "right")
    steps = np.arange(window)
    index = np.hstack([before[:, None] - 1 - steps, after[:, None] + steps])
    inside = (index >= 0) & (index < len(counted))
    if not len(counted):
        return np.full(index.shape, -1, np.int64)
    token = counted[np.where(inside, index, 0)]
    here = np.searchsorted(paragraph, at, "right")
    inside &= (token >= paragraph[here - 1][:, None]) & (token < paragraph[here][:, None])
    return np.where(inside, others[token], -1)


def _sentence(collection: StoredCollection, segment: Segment, at: int) -> Passage:
    here = int(np.searchsorted(segment.sentence, at, "right"))
    begin, end = int(segment.sentence[here - 1]), int(segment.sentence[here])
    document = int(np.searchsorted(segment.document, at, "right")) - 1
    return cut(collection, segment, document, begin, end, np.array([at]))


def _batches(
    sources: Any, text: str | None, encoding: str | None, report: ReadReport, words: Sequence[str]
) -> Iterator[tuple[list[str], list[tuple[str, int]]]]:
    """Lines that may contain one of the words, with their files and rows.

    A word's forms begin with the same character (走る, 走った), but for short verbs in kana. Lines
    are analysed apart from each other anyhow, so those without can be left out.
    """
    needed: set[str] | None = set()
    for word in words:
        if _KANA_VERB.fullmatch(word):
            needed = None
            break
        assert needed is not None
        needed |= {word[0], word[0].lower(), word[0].upper()}
    wanted = None if needed is None else re.compile("[" + re.escape("".join(sorted(needed))) + "]")
    lines: list[str] = []
    places: list[tuple[str, int]] = []
    size = 0
    for document in read_documents(sources, text=text, by=(), encoding=encoding, report=report):
        for line in document.text.split("\n"):
            if wanted is not None and not wanted.search(line):
                continue
            lines.append(line)
            places.append((document.source, document.row))
            size += len(line)
            if size >= _BATCH:
                yield lines, places
                lines, places, size = [], [], 0
    if lines:
        yield lines, places


def _in_analysis(
    analysis: Analysis,
    lines: list[str],
    places: list[tuple[str, int]],
    vectors: WordVectors,
    words: Sequence[str],
    window: int,
) -> Iterator[tuple[NDArray[np.int64], int, Passage]]:
    row = vectors.words.rows(analysis.forms)
    other = vectors.words.rows(analysis.bases)
    row = np.where(row >= 0, row, other)
    row[[tag in LEFT_OUT for tag in analysis.pos]] = -1
    number = {word: i for i, word in enumerate(words)}
    asked = np.array(
        [
            number.get(form, number.get(base, -1))
            for form, base in zip(analysis.forms, analysis.bases, strict=True)
        ],
        np.int64,
    )
    if not len(asked):
        return
    at = np.flatnonzero(asked[analysis.entry] >= 0)
    others = np.where(asked >= 0, -1, row)
    around = _around(row[analysis.entry], others[analysis.entry], analysis.paragraph, at, window)
    document = np.searchsorted(analysis.document, at, "right") - 1
    sentence = np.searchsorted(analysis.sentence, at, "right")
    bounds = list(pairwise(analysis.sentence.tolist()))
    for i, token in enumerate(at.tolist()):
        begin, end = bounds[int(sentence[i]) - 1]
        first = int(analysis.start[begin])
        last = int(analysis.start[end - 1]) + int(analysis.length[end - 1])
        a = int(analysis.start[token]) - first
        line = int(document[i])
        passage = Passage(
            lines[line][first:last], [(a, a + int(analysis.length[token]))], *places[line]
        )
        yield around[i], int(asked[analysis.entry[token]]), passage
