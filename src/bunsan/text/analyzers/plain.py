"""Words without a dictionary: between spaces and punctuation, or character by character."""

import re

from bunsan.text.analyzers.base import SPACE, Entries, Entry, Tokens
from bunsan.text.words import WordSettings

_WORD = re.compile(r"[^\W\d_]\w*(?:['’‐-][^\W_]+)*|\d+(?:[.,:]\d+)*\w*|[^\w\s]|_+|\s+")

# Words of grammar in English, by what they do; everything else counts as a content word.
_ENGLISH = {
    "DET": "a an the this that these those each every either neither some any no all both such another",
    "PRON": "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself "
    "she her hers herself it its itself they them their theirs themselves who whom whose which what one ones "
    "someone something anyone anything everyone everything nobody nothing",
    "AUX": "am is are was were be been being do does did done doing have has had having can could will would shall "
    "should may might must cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't couldn't "
    "shouldn't haven't hasn't hadn't i'm i've i'd i'll it's he's she's that's there's we're we've they're they've "
    "you're you've let's",
    "ADP": "of in on at by for with from to into onto upon about over under between among through during before after "
    "above below against without within along across behind beyond near off out up down toward towards per via",
    "CCONJ": "and or but nor yet so",
    "SCONJ": "if because as than while although though unless until since whether when where how why that",
    "PART": "not n't too very just only also then there here now again ever never even still quite rather",
}
_TAG = {word: tag for tag, words in _ENGLISH.items() for word in words.split()}


class SpacesTokenizer:
    """Unicode words; don't and well-known are one each. Forms are case-folded unless "surface"."""

    def __init__(self, settings: WordSettings) -> None:
        self.entries = Entries()
        self._form = settings.form
        self._numbers: dict[str, int] = {}

    def tokenize(self, text: str) -> Tokens:
        tokens = Tokens([], [], [])
        numbers = self._numbers
        for match in _WORD.finditer(text):
            word = match[0]
            number = numbers.get(word)
            if number is None:
                number = numbers[word] = self.entries.number(self._entry(word))
            begin, end = match.span()
            tokens.entry.append(number)
            tokens.begin.append(begin)
            tokens.end.append(end)
        return tokens

    def inflections(self, text: str) -> list[tuple[int, str]]:
        return [(begin, "") for begin in self.tokenize(text).begin]

    def _entry(self, word: str) -> Entry:
        folded = word.casefold().replace("’", "'")
        form = word if self._form == "surface" else folded
        if word.isspace():
            return Entry(word, "SPACE", word)
        if word[0].isdigit():
            return Entry(form, "NUM", folded)
        if not (word[0].isalpha() or word[0].isalnum()):
            return Entry(form, "PUNCT", folded)
        return Entry(form, _TAG.get(folded, "X"), folded)


class CharactersTokenizer:
    """Every character a word."""

    def __init__(self, settings: WordSettings) -> None:
        del settings
        self.entries = Entries()
        self._numbers: dict[str, int] = {}

    def tokenize(self, text: str) -> Tokens:
        numbers = self._numbers
        entry = []
        for c in text:
            number = numbers.get(c)
            if number is None:
                number = numbers[c] = self._number(c)
            entry.append(number)
        return Tokens(entry, list(range(len(text))), list(range(1, len(text) + 1)))

    def inflections(self, text: str) -> list[tuple[int, str]]:
        return [(i, "") for i in range(len(text))]

    def _number(self, c: str) -> int:
        if c.isspace():
            return SPACE
        tag = "NUM" if c.isdigit() else "X" if c.isalpha() else "PUNCT"
        return self.entries.number(Entry(c, tag, c))
