"""From texts to words: sentences, tokenizer, forced words and synonyms, on all cores, in order.

Japanese analysis runs in threads: SudachiPy releases the interpreter lock while it works, and threads need
no `__main__` guard in the script or notebook that calls us.
"""

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numba
import numpy as np

from bunsan.text.analyzers.base import SPACE, Entries, Entry, Tokenizer, Tokens
from bunsan.text.sentences import paragraphs, sentences
from bunsan.text.words import Analysis, WordSettings

_JAPANESE = re.compile(r"[ぁ-ヿ㐀-鿿々〆ｦ-ﾟ]")
_LETTER = re.compile(r"[^\W\d_]")
_DAMAGE = re.compile(
    r"[\ud800-\udfff\x00]"
)  # no tokenizer takes half a character; MeCab stops at NUL
_LONGEST_TOKEN = 65_535


def resolve(settings: WordSettings, texts: Sequence[str]) -> WordSettings:
    """`settings` with "auto" decided: Sudachi where a tenth of the letters is Japanese, else spaces."""
    if settings.analyzer != "auto":
        return settings
    sample = "".join(text[:2000] for text in texts[:200])
    letters = len(_LETTER.findall(sample))
    japanese = len(_JAPANESE.findall(sample))
    return replace(settings, analyzer="sudachi" if japanese * 10 >= letters else "spaces")


class Analyzer:
    """Cuts texts into words as `settings` say. May be used from several threads.

    Forced words are found in the text as the longest match from the left. Where the tokenizer's own
    borders agree, its tokens are joined; where they do not, the text is cut there and the pieces are
    analysed by themselves. A synonym is mapped by the form its own analysis gives, so it may be given
    in any spelling; one of several tokens becomes a forced word first.

    Raises
    ------
    Missing : the tokenizer or its dictionary is not installed.
    """

    def __init__(self, settings: WordSettings) -> None:
        self.settings = settings
        self._tokenizer = _tokenizer(resolve(settings, ["あ"]))
        self._entries = Entries()
        self._number: list[int] = []  # the tokenizer's number of an entry -> ours
        self._canonical: dict[str, Entry] = {}
        self._forced: re.Pattern[str] | None = None
        self._forced_entry: dict[str, Entry] = {}
        self._prepare()

    def _prepare(self) -> None:
        forced = {word: Entry(word, "NOUN", word) for word in self.settings.forced_words}
        for group in self.settings.synonyms:
            first = self._single(group[0])
            canonical = forced.get(group[0]) or (first and Entry(first.form, first.pos, group[0]))
            if canonical is None:
                canonical = forced[group[0]] = Entry(group[0], "NOUN", group[0])
            for word in group[1:]:
                own = self._single(word)
                if own is None or word in forced:
                    forced[word] = canonical
                else:
                    self._canonical[own.form] = canonical
        if forced:
            longest_first = sorted(forced, key=len, reverse=True)
            self._forced = re.compile("|".join(map(re.escape, longest_first)))
            self._forced_entry = forced

    def _single(self, word: str) -> Entry | None:
        tokens = self._tokenizer.tokenize(word)
        kept = [e for e in tokens.entry if e != SPACE]
        return self._tokenizer.entries.list[kept[0]] if len(kept) == 1 else None

    def analyze(self, texts: Sequence[str]) -> Analysis:
        """The words of a batch of texts."""
        entry: list[int] = []
        start: list[int] = []
        stop: list[int] = []
        document, sentence, paragraph = [0], [0], [0]
        for text in texts:
            if _DAMAGE.search(text):
                text = _DAMAGE.sub("\ufffd", text)
            for first, last in paragraphs(text):
                for begin, end in sentences(text, first, last):
                    tokens = self._tokens(text[begin:end])
                    entry += tokens.entry
                    start += [begin + b for b in tokens.begin]
                    stop += [begin + e for e in tokens.end]
                    sentence.append(len(entry))
                paragraph.append(len(entry))
            document.append(len(entry))
        return self._pack(entry, start, stop, document, sentence, paragraph)

    def query(self, text: str) -> list[tuple[str, str]]:
        """(form, part of speech) of the words a person typed; punctuation is left out."""
        analysis = self.analyze([text])
        words = [(analysis.forms[e], analysis.pos[e]) for e in analysis.entry.tolist()]
        return [(form, pos) for form, pos in words if pos != "PUNCT"]

    def inflections(self, text: str) -> dict[int, str]:
        """The conjugation form of the token that begins at each place of a text."""
        text = _DAMAGE.sub("\ufffd", text)
        found: dict[int, str] = {}
        for first, last in paragraphs(text):
            for begin, end in sentences(text, first, last):
                for at, name in self._tokenizer.inflections(text[begin:end]):
                    found[begin + at] = name
        return found

    def _tokens(self, text: str) -> Tokens:
        if self._forced is None or not self._forced.search(text):
            tokens = self._tokenizer.tokenize(text)
            return Tokens(self._ours(tokens.entry), tokens.begin, tokens.end)
        return self._with_forced(text, self._forced)

    def _with_forced(self, text: str, forced: re.Pattern[str]) -> Tokens:
        tokens = self._tokenizer.tokenize(text)
        borders = {*tokens.begin, *tokens.end}
        spans = [m.span() for m in forced.finditer(text)]
        if not all(begin in borders and end in borders for begin, end in spans):
            tokens = self._in_pieces(text, spans)
        entry = self._ours(tokens.entry)
        out = Tokens([], [], [])
        i = 0
        for begin, end in spans:
            while i < len(entry) and tokens.begin[i] < begin:
                _append(out, entry[i], tokens.begin[i], tokens.end[i])
                i += 1
            _append(out, self._entries.number(self._forced_entry[text[begin:end]]), begin, end)
            while i < len(entry) and tokens.begin[i] < end:
                i += 1
        for j in range(i, len(entry)):
            _append(out, entry[j], tokens.begin[j], tokens.end[j])
        return out

    def _in_pieces(self, text: str, spans: list[tuple[int, int]]) -> Tokens:
        out = Tokens([], [], [])
        at = 0
        for begin, end in [*spans, (len(text), len(text))]:
            if begin > at:
                piece = self._tokenizer.tokenize(text[at:begin])
                out.entry.extend(piece.entry)
                out.begin.extend(at + b for b in piece.begin)
                out.end.extend(at + e for e in piece.end)
            at = end
        return out

    def _ours(self, numbers: list[int]) -> list[int]:
        """The tokenizer's numbers as ours, in which synonyms are one."""
        known = self._number
        if not self._canonical and self._forced is None:
            return numbers
        for number in range(len(known), len(self._tokenizer.entries.list)):
            entry = self._tokenizer.entries.list[number]
            known.append(self._entries.number(self._canonical.get(entry.form, entry)))
        return [SPACE if n == SPACE else known[n] for n in numbers]

    def _pack(
        self,
        entry: list[int],
        start: list[int],
        stop: list[int],
        document: list[int],
        sentence: list[int],
        paragraph: list[int],
    ) -> Analysis:
        numbers = np.array(entry, np.int64)
        begin, end = np.array(start, np.int64), np.array(stop, np.int64)
        # Sudachi splits ㍿ into two tokens of which one has no characters.
        words = (numbers != SPACE) & (end > begin)
        # Offsets into all tokens become offsets into those that are left, without empty units.
        left = np.concatenate([[0], np.cumsum(words)])
        numbers, begin, end = numbers[words], begin[words], end[words]
        own = self._canonical or self._forced is not None
        known = (self._entries if own else self._tokenizer.entries).list
        rank, distinct = _in_order_of_appearance(numbers, len(known))
        chosen = [known[i] for i in distinct.tolist()]
        return Analysis(
            [e.form for e in chosen],
            [e.pos for e in chosen],
            [e.base for e in chosen],
            rank,
            begin.astype(np.uint32),
            np.minimum(end - begin, _LONGEST_TOKEN).astype(np.uint16),
            left[document],
            np.unique(left[sentence]),
            np.unique(left[paragraph]),
        )


@numba.njit(nogil=True, cache=True)
def _in_order_of_appearance(numbers, most):  # type: ignore[no-untyped-def]
    """Renumber values below `most` as they come up; returns the new numbers and the values."""
    place = np.full(most, -1, np.int32)
    rank = np.empty(len(numbers), np.int32)
    distinct = np.empty(min(most, len(numbers)), np.int64)
    n = 0
    for i in range(len(numbers)):
        value = numbers[i]
        if place[value] < 0:
            place[value] = n
            distinct[n] = value
            n += 1
        rank[i] = place[value]
    return rank, distinct[:n]


def _append(tokens: Tokens, entry: int, begin: int, end: int) -> None:
    tokens.entry.append(entry)
    tokens.begin.append(begin)
    tokens.end.append(end)


def _tokenizer(settings: WordSettings) -> Tokenizer:
    if settings.analyzer == "sudachi":
        from bunsan.text.analyzers.sudachi import SudachiTokenizer

        return SudachiTokenizer(settings)
    if settings.analyzer == "mecab":
        from bunsan.text.analyzers.mecab import MecabTokenizer

        return MecabTokenizer(settings)
    from bunsan.text.analyzers.plain import CharactersTokenizer, SpacesTokenizer

    return (
        SpacesTokenizer(settings)
        if settings.analyzer == "spaces"
        else CharactersTokenizer(settings)
    )


def analyze_stream(
    batches: Iterable[Sequence[str]], settings: WordSettings, threads: int | None = None
) -> Iterator[Analysis]:
    """Analyse batch after batch on several threads; results come in order, whatever their number.

    At most two batches a thread are held in memory. An error in one batch is raised where its result
    would have come; leaving the iterator stops the work.
    """
    analyzer = Analyzer(settings)
    count = os.cpu_count() or 1 if threads is None else threads
    if count <= 1 or settings.analyzer in (
        "spaces",
        "characters",
    ):  # Python alone: threads gain nothing
        yield from map(analyzer.analyze, batches)
        return
    pool = ThreadPoolExecutor(count, thread_name_prefix="analyze")
    under_way: deque[Future[Analysis]] = deque()
    try:
        for batch in batches:
            under_way.append(pool.submit(analyzer.analyze, batch))
            if len(under_way) >= 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
