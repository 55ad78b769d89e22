"""Other ways to write a word, to name those that are known when one is not."""

import unicodedata
from collections.abc import Container, Iterator

from bunsan.base.errors import Missing
from bunsan.base.language import tr

_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_KATAKANA_TO_HIRAGANA = {katakana: code for code, katakana in _HIRAGANA_TO_KATAKANA.items()}
_LONG_VOWELS = ("ー", "-", "―", "−", "〜", "～")  # signs people type for a long vowel
_SHOWN = 5


class UnknownWord(Missing, KeyError):
    """A word that has no vector; the remedy names spellings that have one."""


def unknown_word(word: str, known: Container[str]) -> UnknownWord:
    """The error for a word that has no vector."""
    close = ", ".join(close_spellings(word, known))
    return UnknownWord(
        tr(f"{word!r} has no vector.", f"「{word}」のベクトルはありません。"),
        remedy=tr(f"There is {close}.", f"{close} ならあります。") if close else None,
    )


def close_spellings(word: str, known: Container[str]) -> list[str]:
    """The variants of a word that are known: another width, case, kana, long vowel or joint."""
    found: list[str] = []
    for variant in _variants(word):
        if variant and variant != word and variant not in found and variant in known:
            found.append(variant)
    return found[:_SHOWN]


def _variants(word: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", word).strip()
    for base in dict.fromkeys((plain, unicodedata.normalize("NFC", word).strip(), word.strip())):
        yield from (base, base.lower(), base.capitalize(), base.upper(), base.casefold())
        yield base.translate(_HIRAGANA_TO_KATAKANA)
        yield base.translate(_KATAKANA_TO_HIRAGANA)
        yield base.rstrip("".join(_LONG_VOWELS))
        yield base + "ー"
        for sign in _LONG_VOWELS[1:]:
            yield base.replace(sign, "ー")
        yield base.replace("ー", "")
        for joint in (" ", "_", "-", "・", "　"):
            for other in ("", "_", "-", "・", " "):
                if joint in base:
                    yield base.replace(joint, other)
                    yield base.replace(joint, other).lower()
