"""fastText's character n-grams: which buckets of the n-gram matrix a word's vector is made from.

Bojanowski, Grave, Joulin & Mikolov 2017, "Enriching Word Vectors with Subword Information",
section 3.2: the word is written between '<' and '>', every run of minn to maxn characters of that
is an n-gram, and n-grams share `bucket` rows by a hash.

A Japanese word may also have the n-grams of its reading. A reading in katakana is one more spelling of
the word, and is treated so: written between the same '<' and '>', its n-grams are the very ones of the
word in katakana. So 引っ越し has all n-grams that ヒッコシ has, and ヒッコシ, which is its own reading, has
nothing else, even where it was never seen: it lies where the readings of its other spellings point. With
n-grams of their own, readings would leave half of ヒッコシ to n-grams of katakana that 引っ越し never trained,
and say the same of every word in katakana twice.
"""

import numpy as np
from numpy.typing import NDArray

END_OF_SENTENCE = "</s>"  # fastText's word for a line end; it has no n-grams


def fnv1a(data: bytes) -> int:
    """32-bit FNV-1a in fastText's variant: bytes are signed, so one above 127 also flips the upper
    24 bits of the hash before the multiplication."""
    h = 2166136261
    for byte in data:
        signed = byte | 0xFFFFFF00 if byte > 127 else byte
        h = ((h ^ signed) * 16777619) & 0xFFFFFFFF
    return h


def character_ngrams(word: str, minn: int, maxn: int) -> list[str]:
    """All n-grams of '<word>' of minn to maxn characters (code points), from left to right and from
    short to long, the same one again where it recurs.

    A lone '<' or '>' is none. '<word>' as a whole is one where maxn reaches its length. `</s>` has
    none, nor has any word where maxn is 0.
    """
    if word == END_OF_SENTENCE:
        return []
    text = f"<{word}>"
    found = []
    for start in range(len(text)):
        for n in range(max(minn, 1), maxn + 1):
            end = start + n
            if end > len(text):
                break
            if n == 1 and (start == 0 or end == len(text)):
                continue
            found.append(text[start:end])
    return found


def second_spelling(word: str, reading: str) -> str:
    """The reading of a word where it adds to the word's n-grams; "" where it is the word itself."""
    return "" if reading == word else reading


def ngram_buckets(
    word: str, minn: int, maxn: int, bucket: int, reading: str = ""
) -> NDArray[np.int64]:
    """int64[n], the bucket of every n-gram of a word, then of its reading if one is given, each in
    the order of `character_ngrams`."""
    if bucket <= 0:
        return np.empty(0, np.int64)
    grams = character_ngrams(word, minn, maxn)
    second = second_spelling(word, reading)
    if second:
        grams += character_ngrams(second, minn, maxn)
    return np.array([fnv1a(gram.encode()) % bucket for gram in grams], np.int64)
