"""How Japanese words are read, in katakana: 引っ越し, 引越し and ひっこし are all ヒッコシ.

Kana say themselves how they are read; kanji are looked up with SudachiPy, each word on its own and
not in a sentence. A word that holds anything else that is a letter or a digit has no reading: Sudachi
reads 100 as イチレイレイ, and Latin letters one by one where it does not know the word.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from bunsan.text.analyzers.sudachi import new_tokenizer, open_dictionary

_SIGNS = re.compile(r"[\W_]+")
_KANA = re.compile("[ぁ-ゖゝゞァ-ヺー-ヾㇰ-ㇿ]+")
_KATAKANA = re.compile("[ァ-ヺー-ヾㇰ-ㇿ]+")
_JAPANESE = re.compile(
    "[ぁ-ゖゝゞァ-ヺー-ヾㇰ-ㇿ々〆㐀-䶿一-鿿\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_TO_KATAKANA = {code: code + 0x60 for code in [*range(0x3041, 0x3097), 0x309D, 0x309E]}
_NONE = "\0"  # stands where a part of a word has no reading
_LONGEST = 1000  # characters; a longer word has no reading
_BATCH = 1000  # characters in a call, at which SudachiPy is fastest


def readings_of(words: Sequence[str]) -> list[str]:
    """The reading of each word in katakana, as it is written (コーヒー, オカアサン); "" where there is none.

    Widths do not matter, and signs are passed over: 東京_大学 is read トウキョウダイガク. A hundred thousand
    words take a second or two.

    Raises
    ------
    Missing : Sudachi's dictionary is not installed, and a word has kanji.
    """
    texts = [_SIGNS.sub("", unicodedata.normalize("NFKC", word)) for word in words]
    found = {"": ""}
    asked = []
    for text in dict.fromkeys(texts):
        if _KANA.fullmatch(text):
            found[text] = text.translate(_TO_KATAKANA)
        elif _JAPANESE.fullmatch(text) and len(text) <= _LONGEST:
            asked.append(text)
        else:
            found[text] = ""
    for batch in _batches(asked):
        found.update(zip(batch, _look_up(batch), strict=True))
    return [found[text] for text in texts]


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text) + 1
    if batch:
        yield batch


def _look_up(texts: Sequence[str]) -> list[str]:
    # A line break is a token of its own in every analysis, so a word is read the same in any company.
    morphemes = _tokenizer().tokenize("\n" + "\n".join(texts) + "\n")
    lines = "".join(map(_reading, morphemes))[1:-1].split("\n")
    return ["" if _NONE in line else line for line in lines]


def _reading(morpheme: Any) -> str:
    surface: str = morpheme.surface()
    if surface == "\n":
        return surface
    if _KANA.fullmatch(surface):  # ゝ is read ノ by the dictionary
        return surface.translate(_TO_KATAKANA)
    reading: str = morpheme.reading_form().translate(_TO_KATAKANA)
    if not _KATAKANA.fullmatch(reading):
        return _NONE
    # The dictionary reads signs such as a lone 々 as the word for "sign".
    if reading == "キゴウ" and morpheme.part_of_speech()[0] == "補助記号":
        return _NONE
    return reading


@cache
def _dictionary() -> Any:
    return open_dictionary("core")


_kept = threading.local()  # a tokenizer serves one thread at a time


def _tokenizer() -> Any:
    if not hasattr(_kept, "tokenizer"):
        _kept.tokenizer = new_tokenizer(_dictionary(), "C", {"pos", "reading_form"})
    return _kept.tokenizer
