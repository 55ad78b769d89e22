"""Words that are always one, found in text before any analyzer has a say."""

import re
import unicodedata
from collections.abc import Iterable

# Characters of words that have borders; Japanese has none.
_SPACED = "0-9A-Za-zＡ-Ｚａ-ｚ０-９À-ÖØ-öø-ɏͰ-ϿЀ-ӿ"
_IS_SPACED = re.compile(f"[{_SPACED}]")


def canonical(word: str) -> str:
    """One spelling for all that match: letters in lower case and of half width, character by
    character."""
    return "".join(map(_canonical, word))


def _canonical(character: str) -> str:
    for other in (unicodedata.normalize("NFKC", character).lower(), character.lower()):
        if len(other) == 1:
            return other
    return character


def _variants(character: str) -> str:
    """All characters that have this canonical one, as the inside of a character class."""
    found = {character, character.upper()}
    found |= {chr(ord(c) + 0xFEE0) for c in found if len(c) == 1 and "!" <= c <= "~"}
    found |= {"\u3000"} if character == " " else set()
    same = sorted(c for c in found if len(c) == 1 and _canonical(c) == character)
    return "".join(map(re.escape, same))


class ForcedWords:
    """Finds the longest forced word from the left, and goes on behind it.

    Case and width of letters and digits make no difference, and a word of letters or digits is not
    found inside a longer one (IT in ITALY). The words are one regular expression in which the first
    character chooses a group, then a bucket, of words: time goes with the text, hardly with the
    number of words.
    """

    def __init__(self, words: Iterable[str]) -> None:
        buckets: dict[str, list[str]] = {}
        for word in sorted(set(map(canonical, words)), key=lambda word: (-len(word), word)):
            buckets.setdefault(word[0], []).append(word[1:])
        self._pattern = re.compile(_pattern(buckets)) if buckets else None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """(begin, end) of each forced word in the text, in order; they do not overlap."""
        return [m.span() for m in self._pattern.finditer(text)] if self._pattern else []


def _pattern(buckets: dict[str, list[str]]) -> str:
    # The search leaps from one possible first character to the next because the pattern begins with
    # their class; which of them it was is asked by looking behind.
    firsts = sorted(buckets)
    width = max(1, round(len(firsts) ** 0.5))
    groups = []
    for i in range(0, len(firsts), width):
        group = firsts[i : i + width]
        inside = "|".join(_bucket(first, buckets[first]) for first in group)
        groups.append(f"(?<=[{''.join(map(_variants, group))}])(?:{inside})")
    return f"[{''.join(map(_variants, firsts))}](?:{'|'.join(groups)})"


def _bucket(first: str, rests: list[str]) -> str:
    border = f"(?<![{_SPACED}][{_variants(first)}])" if _IS_SPACED.match(first) else ""
    options = []
    for rest in rests:
        end = f"(?![{_SPACED}])" if _IS_SPACED.match((first + rest)[-1]) else ""
        options.append("".join(map(_literal, rest)) + end)
    return f"(?<=[{_variants(first)}]){border}(?:{'|'.join(options)})"


def _literal(character: str) -> str:
    variants = _variants(character)
    return variants if variants == re.escape(character) else f"[{variants}]"
