"""From texts to words: one pass over a batch of documents, on all cores, in order.

A batch is analysed as one long text whose documents are lines among others. All that is done per
token in Python is done by the analyzers, in list comprehensions; the rest works on arrays.
"""

import os
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, pairwise
from typing import Protocol

import numpy as np

from bunsan.text.analyzers.arrays import (
    blanked,
    chosen,
    concatenated,
    lines_of,
    pack,
    replaced,
    with_plain_space,
    without_surrogates,
)
from bunsan.text.analyzers.base import NUMBER, SPACE, Entries, Entry, Tagger, Tokens
from bunsan.text.analyzers.forced import ForcedWords, canonical
from bunsan.text.pos import CONTENT_POS
from bunsan.text.sentences import LINE_BREAKS, pieces, sentence_ends
from bunsan.text.words import Analysis, WordSettings, same_synonym

_JAPANESE = re.compile("[ぁ-ヿㇰ-ㇿｦ-ﾟ々〆㐀-䶿一-鿿\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[^\W\d_]")
_SAMPLE = 100_000  # characters looked at to tell Japanese from others
_MOST_ENTRIES = 1_000_000  # numbers and names seen once would fill the memory in the end
_MOST_THREADS = 8  # a sixth of the work needs the interpreter, which one thread has at a time


class _Dictionary(Protocol):
    def tagger(self) -> Tagger: ...


def resolve(settings: WordSettings, texts: Iterable[str]) -> WordSettings:
    """`settings` with the analyzer "auto" decided by the first texts.

    Japanese (sudachi) if at least a fifth of the letters are kana or kanji, or if there is no
    letter; else spaces.
    """
    if settings.analyzer != "auto":
        return settings
    letters = japanese = seen = 0
    for text in texts:
        part = text[: _SAMPLE - seen]
        letters += len(_LETTER.findall(part))
        japanese += len(_JAPANESE.findall(part))
        seen += len(part)
        if seen >= _SAMPLE:
            break
    if japanese * 5 >= letters:
        return replace(settings, analyzer="sudachi")
    return replace(settings, analyzer="spaces", split="C", dictionary=None)


class Analyzer:
    """Cuts texts into words as the settings say. Any number of threads may use one.

    The analyzer "auto" is decided by the first texts analysed; `settings` has the decision after
    that.

    Forced words and synonyms
    -------------------------
    A forced word is found in the text before the analyzer has a say: the longest one from the left,
    without regard to case and width, and if it begins or ends with a letter or digit of a script
    with spaces, not inside a longer word. Where the analyzer's own words begin and end with it,
    they are joined; where they do not, the text is cut at both its ends and what remains of the
    line is analysed in parts. It is counted as the analyzer would count it standing alone if that
    is one content word (so 引越し is still 引っ越し), else as a NOUN as it was given.

    A synonym is counted as the first of its group. Its own analysis decides which words are meant,
    so it may be given in any spelling or inflection; it applies to content words, and to the part
    of speech it has by itself. A synonym of several words is made a forced word.

    Raises
    ------
    Missing : the analyzer or its dictionary is not installed.
    BadInput : two groups of synonyms contain spellings of one word.
    """

    def __init__(self, settings: WordSettings) -> None:
        self.settings = settings
        self._dictionary: _Dictionary
        self._local = threading.local()
        self._lock = threading.Lock()
        self._forced = ForcedWords(())
        self._forced_entry: dict[str, Entry] = {}
        self._synonyms: dict[tuple[str, str], Entry] = {}
        self._entries = Entries({})
        self._ready = False
        if settings.analyzer != "auto":
            self._open(())

    def analyze(self, texts: Sequence[str]) -> Analysis:
        """The words of a batch of documents, in the calling thread."""
        if not self._ready:
            self._open(texts)
        return self._analyze(texts)

    def query(self, text: str) -> list[tuple[str, str]]:
        """(form, part of speech) of each word a person typed; punctuation is left out."""
        analysis = self.analyze([text])
        words = [(analysis.forms[e], analysis.pos[e]) for e in analysis.entry.tolist()]
        return [word for word in words if word[1] != "PUNCT"]

    def inflections(self, text: str) -> dict[int, str]:
        """The conjugation form of the word that begins at each offset of a text, "" for none.

        Forced words have none, and are not looked for.
        """
        if not self._ready:
            self._open([text])
        text = without_surrogates(text)
        clean = with_plain_space(text)
        tagger = self._tagger()
        found: dict[int, str] = {}
        spans = pieces(clean, 0, len(clean), sentence_ends(text), tagger.size, tagger.limit)
        for begin, end in spans:
            for at, name in tagger.inflections(clean[begin:end]):
                found[begin + at] = name
        return found

    # Getting ready

    def _open(self, texts: Sequence[str]) -> None:
        with self._lock:
            if self._ready:
                return
            settings = resolve(self.settings, texts)
            self._dictionary = _dictionary(settings)
            self.settings = settings
            forced = list(settings.forced_words)
            members = [word for group in settings.synonyms for word in group]
            while True:
                self._use({}, {})
                alone = zip(forced, self._entries_of(forced), strict=True)
                self._use({canonical(word): _as_forced(word, own) for word, own in alone}, {})
                owns = self._entries_of(members)
                several = {word for word, own in zip(members, owns, strict=True) if len(own) != 1}
                if several <= set(forced):
                    break
                forced += sorted(several - set(forced))
            own_of = {word: own[0] for word, own in zip(members, owns, strict=True)}
            self._use(self._forced_entry, _synonym_table(settings.synonyms, own_of))
            self._ready = True

    def _use(self, forced: dict[str, Entry], synonyms: dict[tuple[str, str], Entry]) -> None:
        self._forced = ForcedWords(forced)
        self._forced_entry = forced
        self._synonyms = synonyms
        self._entries = Entries(synonyms)

    def _entries_of(self, words: Sequence[str]) -> list[list[Entry]]:
        found = self._analyze(words)
        entries = list(map(Entry, found.forms, found.pos, found.bases))
        numbers = found.entry.tolist()
        return [[entries[i] for i in numbers[b:e]] for b, e in pairwise(found.document.tolist())]

    def _tagger(self) -> Tagger:
        local = self._local
        if not hasattr(local, "tagger"):
            local.tagger = self._dictionary.tagger()
        tagger: Tagger = local.tagger
        return tagger

    # The work

    def _analyze(self, texts: Sequence[str]) -> Analysis:
        joined = without_surrogates("\n".join(chain([""], texts, [""])))
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        # Where each document begins in `joined`; one more for the end.
        place = np.concatenate([[1], np.cumsum(lengths + 1) + 1])
        ends = sentence_ends(joined)
        entries = self._entries
        if len(entries.list) > _MOST_ENTRIES:
            entries = self._entries = Entries(self._synonyms)
        tokens = self._tokens(with_plain_space(joined), ends, entries)
        lines = [end for end in ends if joined[end - 1] in LINE_BREAKS]
        return pack(tokens, place, ends, lines, entries)

    def _tokens(self, clean: str, ends: Sequence[int], entries: Entries) -> Tokens:
        """Tokens without white space, forced words in place."""
        tokens = self._tag(clean, [(0, len(clean))], ends, entries)
        spans = self._forced.spans(clean)
        if not spans:
            return tokens
        forms = [canonical(clean[begin:end]) for begin, end in spans]
        left, right = np.array(spans, np.int64).T
        cut = np.zeros(len(spans), bool)
        while True:
            agrees = np.isin(left, tokens.begin) & np.isin(right, tokens.end)
            new = np.flatnonzero(~agrees & ~cut)
            if not len(new):
                break
            # Blank the words that do not agree and look again at the lines they stand in; words
            # that agreed before may no longer do so.
            cut[new] = True
            lines = lines_of(clean, left[new].tolist())
            clean = blanked(clean, left[new].tolist(), right[new].tolist())
            again = self._tag(clean, lines, ends, entries)
            begins, stops = np.array(lines, np.int64).T
            tokens = replaced(tokens, begins, stops, again)
        numbers = [entries.number(self._forced_entry[form]) for form in forms]
        return replaced(tokens, left, right, Tokens(np.array(numbers, np.int32), left, right))

    def _tag(
        self, clean: str, spans: list[tuple[int, int]], ends: Sequence[int], entries: Entries
    ) -> Tokens:
        """Tokens of some lines of the text, without white space and with counters as affixes."""
        tagger = self._tagger()
        parts = [Tokens(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int64))]
        for first, last in spans:
            for begin, end in pieces(clean, first, last, ends, tagger.size, tagger.limit):
                part = tagger.tag(clean[begin:end], entries)
                parts.append(Tokens(part.entry, part.begin + begin, part.end + begin))
        tokens = concatenated(parts)
        tokens = chosen(tokens, entries.kind[tokens.entry] != SPACE)
        counts = np.zeros(len(tokens.entry), bool)
        counts[1:] = entries.kind[tokens.entry[:-1]] == NUMBER
        counts[1:] &= tokens.begin[1:] == tokens.end[:-1]
        return tokens._replace(
            entry=np.where(counts, entries.after_number[tokens.entry], tokens.entry)
        )


def _as_forced(word: str, own: list[Entry]) -> Entry:
    if len(own) == 1 and own[0].pos in CONTENT_POS:
        return own[0]
    return Entry(word, "NOUN", word)


def _synonym_table(
    groups: Iterable[Sequence[str]], own_of: Mapping[str, Entry]
) -> dict[tuple[str, str], Entry]:
    """What is counted in place of a (form, part of speech)."""
    table: dict[tuple[str, str], Entry] = {}
    group_of: dict[str, int] = {}
    for i, group in enumerate(groups):
        first = own_of[group[0]]
        for word in group:
            own = own_of[word]
            if group_of.setdefault(own.form, i) != i:
                raise same_synonym(word)
            for pos in (own.pos, *CONTENT_POS):
                table[own.form, pos] = Entry(first.form, first.pos, group[0])
    return table


def _dictionary(settings: WordSettings) -> _Dictionary:
    # Imported here: SudachiPy and fugashi are slow to load, and fugashi is an extra.
    if settings.analyzer == "sudachi":
        from bunsan.text.analyzers.sudachi import SudachiDictionary

        return SudachiDictionary(settings)
    if settings.analyzer == "mecab":
        from bunsan.text.analyzers.mecab import MecabDictionary

        return MecabDictionary(settings)
    from bunsan.text.analyzers.plain import PlainDictionary

    return PlainDictionary(settings)


def analyze_stream(
    batches: Iterable[Sequence[str]], settings: WordSettings, threads: int | None = None
) -> Iterator[Analysis]:
    """Analyse batch after batch on several threads; results come in order, the same for any number.

    Batches of some hundred thousand characters are best. At most two batches a thread are under way
    or waiting. An error in a batch is raised where its result would have come, one of `batches`
    itself after the results of what it gave before; leaving the iterator, or Ctrl+C, stops the work
    after the batches that threads are at.

    Parameters
    ----------
    threads : None for one a core, at most eight; 1 for the calling thread alone, as always with the
        analyzers that never let go of the interpreter (all but Sudachi).
    """
    source = iter(batches)
    try:
        head = next(source)
    except StopIteration:
        return
    analyzer = Analyzer(resolve(settings, head))
    source = chain([head], source)
    count = min(_cores(), _MOST_THREADS) if threads is None else threads
    if count <= 1 or analyzer.settings.analyzer != "sudachi":
        yield from map(analyzer.analyze, source)
        return
    pool = ThreadPoolExecutor(count, thread_name_prefix="bunsan-words")
    under_way: deque[Future[Analysis]] = deque()
    failure: Exception | None = None
    try:
        while True:
            try:
                batch = next(source)
            except StopIteration:
                break
            except Exception as error:
                failure = error
                break
            under_way.append(pool.submit(analyzer.analyze, batch))
            if len(under_way) >= 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
