"""From the words typed in rules to the words of a collection.

A rule names dictionary forms. The word that was typed is looked up as it is and as the analyser
reads it; one that the analyser cuts into several tokens stands for that run of tokens. `卒業+論文`
also stands for the one word 卒業論文 where the collection has it: whether a compound is one token
or two depends on the dictionary, and a rule written for another one should find the same text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bunsan.base.language import tr
from bunsan.words.coding.names import part_of_speech
from bunsan.words.coding.syntax import Near, Phrase, Rules, Word, leaves

Find = Callable[[str, str | None], Sequence[int]]
Query = Callable[[str], Sequence[tuple[str, str]]]

Run = tuple[frozenset[int], ...]
"""Consecutive tokens: for each, the ids of the words that it may be."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a rule that its reader should know; the rules work nevertheless."""

    line: int
    message: str


@dataclass(frozen=True)
class ResolvedRules:
    """Rules whose words are ids.

    `runs` has for every `Word` and `Phrase` the runs of tokens that are it; `near` for every `Near`
    those of each of its words, in its order. There may be none: the collection lacks the word.
    """

    rules: Rules
    runs: dict[Word | Phrase, tuple[Run, ...]]
    near: dict[Near, tuple[tuple[Run, ...], ...]]
    notes: tuple[Note, ...]


def resolve_rules(rules: Rules, *, find: Find, query: Query) -> ResolvedRules:
    """Look up all words of the rules.

    Parameters
    ----------
    find : ids of the words with a form, of one part of speech (a UD tag) or, for None, of any.
    query : what the analyser makes of a text: (form, part of speech) of each token.
    """
    resolver = _Resolver(find, query)
    runs: dict[Word | Phrase, tuple[Run, ...]] = {}
    near: dict[Near, tuple[tuple[Run, ...], ...]] = {}
    for code in rules.codes:
        for leaf in leaves(code.condition):
            match leaf:
                case Word(text, pos) if leaf not in runs:
                    runs[leaf] = resolver.word(text, leaf.line, pos)
                case Phrase(words) if leaf not in runs:
                    runs[leaf] = resolver.phrase(words, leaf.line)
                case Near(words) if leaf not in near:
                    near[leaf] = tuple(resolver.word(text, leaf.line) for text in words)
    notes = sorted(resolver.notes, key=lambda note: note.line)
    return ResolvedRules(rules, runs, near, tuple(notes))


class _Resolver:
    def __init__(self, find: Find, query: Query) -> None:
        self._find = find
        self._query = query
        self._found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        self.notes: dict[Note, None] = {}  # a set that keeps the order

    def word(self, text: str, line: int, pos: str | None = None) -> tuple[Run, ...]:
        """The runs of tokens that are the word; with a note where there are none."""
        tags: tuple[str, ...] = ()
        if pos is not None and (part := part_of_speech(pos)) is not None:
            tags = part.tags
            if not part.exact:
                self._note_inexact(line, pos, tags)
        runs = self._runs(text, tags)
        if not runs:
            self._note_missing(line, text, pos)
        return runs

    def phrase(self, words: tuple[str, ...], line: int) -> tuple[Run, ...]:
        """The runs that are the words one after the other, as tokens of their own or joined."""
        alone = [self._runs(word, ()) for word in words]
        ways: list[list[Run]] = [[] for _ in words] + [[()]]  # runs of the words from each one on
        for start in reversed(range(len(words))):
            for end in range(start + 1, len(words) + 1):
                heads = alone[start]
                if end > start + 1:
                    ids = self._ids("".join(words[start:end]), ()) if ways[end] else []
                    heads = ((frozenset(ids),),) if ids else ()
                ways[start].extend(head + tail for head in heads for tail in ways[end])
        if not ways[0]:
            for word, runs in zip(words, alone, strict=True):
                if not runs:
                    self._note_missing(line, word, None)
        return tuple(dict.fromkeys(ways[0]))

    def _runs(self, text: str, tags: tuple[str, ...]) -> tuple[Run, ...]:
        tokens = [form for form, _ in self._query(text)]
        ids = set(self._ids(text, tags))
        if len(tokens) == 1:
            ids.update(self._ids(tokens[0], tags))
        if ids:
            return ((frozenset(ids),),)
        if len(tokens) < 2:
            return ()
        # The last part of a compound decides its part of speech.
        wanted: list[tuple[str, ...]] = [()] * (len(tokens) - 1) + [tags]
        run = tuple(frozenset(self._ids(*pair)) for pair in zip(tokens, wanted, strict=True))
        return (run,) if all(run) else ()

    def _ids(self, form: str, tags: tuple[str, ...]) -> list[int]:
        key = (form, tags)
        if key not in self._found:  # a look-up may go through the whole vocabulary
            places = [self._find(form, tag) for tag in tags or (None,)]
            self._found[key] = [word for words in places for word in words]
        return self._found[key]

    def _note_inexact(self, line: int, pos: str, tags: tuple[str, ...]) -> None:
        here = " ".join(tags) if tags else tr("any part of speech", "すべての品詞")
        self.notes[
            Note(
                line,
                tr(
                    f"{pos} has no exact counterpart here; taken as {here}.",
                    f"「{pos}」に正確に対応する品詞はないため、{here} として扱います。",
                ),
            )
        ] = None

    def _note_missing(self, line: int, text: str, pos: str | None) -> None:
        name = text if pos is None else f"{text}-->{pos}"
        tokens = [form for form, _ in self._query(text)]
        read = ""
        if tokens and tokens != [text]:
            read = tr(f" (read as {' + '.join(tokens)})", f"({' + '.join(tokens)} と解析)")
        self.notes[
            Note(line, tr(f"No text contains {name}{read}.", f"「{name}」{read}は出現しません。"))
        ] = None
