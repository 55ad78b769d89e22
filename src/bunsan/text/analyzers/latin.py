"""Words in Latin letters: English function words, and their forms in Japanese text."""

import re
import unicodedata

from bunsan.text.analyzers.base import Entry

_BY_TAG = {
    "DET": "a an the this that these those each every either neither some any no all both "
    "such another",
    "PRON": "i me my mine myself we us our ours ourselves you your yours yourself yourselves "
    "he him his himself she her hers herself it its itself they them their theirs "
    "themselves who whom whose which what someone somebody something anyone anybody "
    "anything everyone everybody everything nobody nothing there",
    "AUX": "am is are was were be been being do does did doing done have has had having can "
    "could will would shall should may might must ought cannot can't couldn't won't "
    "wouldn't shan't shouldn't mustn't mightn't needn't don't doesn't didn't isn't "
    "aren't ain't wasn't weren't haven't hasn't hadn't i'm i've i'd i'll it's it'd "
    "it'll he's he'd he'll she's she'd she'll that's that'd there's here's who's "
    "what's where's how's let's we're we've we'd we'll you're you've you'd you'll "
    "they're they've they'd they'll",
    "ADP": "of in on at by for with from to into onto upon about over under between among "
    "through during before after above below against without within along across "
    "behind beyond near off out up down toward towards per via till",
    "CCONJ": "and or but nor yet so",
    "SCONJ": "if because as than while although though unless until since whether when where "
    "how why",
    "PART": "not n't",
}
FUNCTION_WORDS: dict[str, str] = {
    word: tag for tag, words in _BY_TAG.items() for word in words.split()
}

_LETTER = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")
_LAUGHTER = re.compile("[wｗ]{2,}|ｗ")


def has_latin(surface: str) -> bool:
    """True where a letter of the basic alphabet stands, of any width."""
    return _LETTER.search(surface) is not None


def fold(word: str) -> str:
    """Width and case unified, and the typographic apostrophe made the plain one."""
    return unicodedata.normalize("NFKC", word).replace("’", "'").casefold()


def latin_entry(surface: str, form: str, pos: str, base: str) -> Entry:
    """The entry of a Latin word in Japanese text, from what the dictionary says of it.

    Case and width make no difference to the form: Wi-Fi, wi-fi, ＷＩ－ＦＩ. The laughter ｗｗｗ is
    the interjection ｗ. English function words in lower or title case (the, Of) are tagged as such,
    with the form they have in English; not in capitals (IT, US), nor "no" (which numbers things) or
    single letters.
    """
    if _LAUGHTER.fullmatch(surface):
        return Entry("ｗ", "INTJ", "ｗ")
    word = fold(surface)
    if len(word) > 1 and word != "no" and not surface.isupper() and word in FUNCTION_WORDS:
        return Entry(word, FUNCTION_WORDS[word], word)
    return Entry(fold(form), pos, base)
