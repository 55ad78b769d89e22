"""Pieces back to text."""

import re
from collections.abc import Sequence

# Scripts written without spaces, their marks, and full-width forms.
_DENSE = (
    "[\u2e80-\u312f\u3190-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_BESIDE = re.compile(f"(?<={_DENSE}) | (?={_DENSE})")


def join_wordpieces(tokens: Sequence[str], prefix: str = "##") -> str:
    """Words of WordPiece as a text: pieces that go on in a word are joined to it, and no space is
    left beside a Japanese or Chinese character.

    >>> join_wordpieces(["東京", "タワー", "は", "To", "##kyo", "Tower"])
    '東京タワーはTokyo Tower'
    """
    return _BESIDE.sub("", join_words(tokens, prefix))


def join_words(tokens: Sequence[str], prefix: str = "##") -> str:
    """As transformers joins the pieces of a BERT: a space between any two words."""
    return " ".join(tokens).replace(f" {prefix}", "").strip()
