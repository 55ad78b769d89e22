"""Parts of speech: Universal Dependencies' tags, and how UniDic's and IPADIC's classes map to them.

Two tags are our own. AFFIX: prefixes and suffixes (接頭辞, 接尾辞). LIGHT: words that carry grammar rather
than meaning although their class is verb, noun or adjective: する, いる, ある, なる, できる; こと, もの, ため,
とき; ない. They top every frequency list and say nothing, so KH Coder keeps hiragana-only words in classes of
their own that are off by default. That would lose りんご, おいしい and きれい; here only words are LIGHT that
UniDic calls 非自立可能 (IPADIC: 非自立) and that stand in hiragana alone, and the formal nouns listed below.
"""

import re
from functools import lru_cache

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_LABELS: dict[str, tuple[str, str]] = {
    "NOUN": ("noun", "名詞"),
    "PROPN": ("proper noun", "固有名詞"),
    "VERB": ("verb", "動詞"),
    "ADJ": ("adjective", "形容詞"),
    "ADV": ("adverb", "副詞"),
    "X": ("word", "語"),
    "PRON": ("pronoun", "代名詞"),
    "NUM": ("number", "数詞"),
    "LIGHT": ("light word", "形式語"),
    "AFFIX": ("affix", "接辞"),
    "DET": ("determiner", "連体詞"),
    "INTJ": ("interjection", "感動詞"),
    "CCONJ": ("conjunction", "接続詞"),
    "SCONJ": ("conjunctive particle", "接続助詞"),
    "ADP": ("particle", "助詞"),
    "PART": ("final particle", "終助詞"),
    "AUX": ("auxiliary", "助動詞"),
    "SYM": ("symbol", "記号"),
    "PUNCT": ("punctuation", "句読点"),
    "SPACE": ("space", "空白"),
}
_ALSO = {
    "形容動詞": "ADJ",
    "形状詞": "ADJ",
    "接続": "CCONJ",
    "preposition": "ADP",
    "prefix": "AFFIX",
    "suffix": "AFFIX",
    "接頭辞": "AFFIX",
    "接尾辞": "AFFIX",
    "補助記号": "PUNCT",
    "numeral": "NUM",
}

TAGS = tuple(_LABELS)
# X is a word of an analyser that knows no parts of speech.
CONTENT_POS = ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "X")
SEARCH_POS = tuple(
    t for t in TAGS if t not in ("ADP", "AUX", "SCONJ", "PART", "PUNCT", "SPACE", "SYM")
)

_HIRAGANA = re.compile(r"[ぁ-ゖー]+")
# Verbs that are mostly parts of particles: という, による, における.
_FORMAL_VERBS = frozenset(["いう", "よる", "おく", "おける"])
_FORMAL_NOUNS = frozenset(
    [
        "こと",
        "もの",
        "ため",
        "とき",
        "ところ",
        "わけ",
        "はず",
        "つもり",
        "ほう",
        "まま",
        "とおり",
        "うち",
        "ほか",
        "せい",
        "おかげ",
        "くせ",
        "さい",
        "たび",
        "よう",
        "そう",
        "みたい",
    ]
)


def pos_label(tag: str) -> str:
    """The name people read: 名詞, noun."""
    names = _LABELS.get(tag)
    return tag if names is None else tr(*names)


def parse_pos(name: str) -> str:
    """The tag of a name in either language or of the tag itself.

    Raises
    ------
    BadInput : no such part of speech; lists those there are.
    """
    wanted = name.strip()
    if wanted.upper() in _LABELS:
        return wanted.upper()
    for tag, (english, japanese) in _LABELS.items():
        if wanted == japanese or wanted.lower() in (english, english + "s"):
            return tag
    if wanted.lower() in _ALSO:
        return _ALSO[wanted.lower()]
    known = ", ".join(tr(*names) for names in _LABELS.values())
    raise BadInput(
        tr(f"There is no part of speech {name!r}.", f"品詞「{name}」はありません。"),
        remedy=tr(f"Choose from: {known}.", f"次から選んでください: {known}"),
    )


@lru_cache(maxsize=4096)
def unidic_tag(pos1: str, pos2: str, pos3: str, base: str) -> str:
    """The tag of a UniDic (and SudachiDict) class; `base` is the dictionary form."""
    if pos1 == "名詞":
        if pos2 == "固有名詞":
            return "PROPN"
        if pos2 == "数詞":
            return "NUM"
        if pos2 == "助動詞語幹":
            return "LIGHT"
        return "LIGHT" if base in _FORMAL_NOUNS else "NOUN"
    if pos1 in ("動詞", "形容詞"):
        # よい and ほしい are 非自立可能 as well, and mean something in every review.
        light = pos2 == "非自立可能" and _HIRAGANA.fullmatch(base)
        if light and (pos1 == "動詞" or base == "ない"):
            return "LIGHT"
        if base in _FORMAL_VERBS:
            return "LIGHT"
        return "VERB" if pos1 == "動詞" else "ADJ"
    if pos1 == "形状詞":
        return "LIGHT" if pos2 == "助動詞語幹" else "ADJ"
    if pos1 == "助詞":
        return {"接続助詞": "SCONJ", "終助詞": "PART"}.get(pos2, "ADP")
    return _UNIDIC.get(pos1, "X")


_UNIDIC = {
    "代名詞": "PRON",
    "副詞": "ADV",
    "連体詞": "DET",
    "接続詞": "CCONJ",
    "感動詞": "INTJ",
    "助動詞": "AUX",
    "接頭辞": "AFFIX",
    "接尾辞": "AFFIX",
    "記号": "SYM",
    "補助記号": "PUNCT",
    "空白": "SPACE",
}


@lru_cache(maxsize=4096)
def ipadic_tag(pos1: str, pos2: str, pos3: str, base: str) -> str:
    """The tag of an IPADIC class; `base` is the dictionary form."""
    if pos1 == "名詞":
        special = {
            "固有名詞": "PROPN",
            "数": "NUM",
            "代名詞": "PRON",
            "接尾": "AFFIX",
            "形容動詞語幹": "ADJ",
        }
        if pos2 in special:
            return special[pos2]
        if pos2 in ("非自立", "特殊", "動詞非自立的") or base in _FORMAL_NOUNS:
            return "LIGHT" if _HIRAGANA.fullmatch(base) else "NOUN"
        return "NOUN"
    if pos1 in ("動詞", "形容詞"):
        if pos2 == "接尾":
            return "AUX"
        light = pos2 == "非自立" or base in {
            "する",
            "ある",
            "いる",
            "なる",
            "できる",
            *_FORMAL_VERBS,
        }
        if light and _HIRAGANA.fullmatch(base) and (pos1 == "動詞" or base == "ない"):
            return "LIGHT"
        if pos1 == "形容詞" and base == "ない":
            return "LIGHT"
        return "VERB" if pos1 == "動詞" else "ADJ"
    if pos1 == "助詞":
        return {"接続助詞": "SCONJ", "終助詞": "PART"}.get(pos2, "ADP")
    if pos1 == "記号":
        return {
            "句点": "PUNCT",
            "読点": "PUNCT",
            "括弧開": "PUNCT",
            "括弧閉": "PUNCT",
            "空白": "SPACE",
        }.get(pos2, "SYM")
    return _IPADIC.get(pos1, "X")


_IPADIC = {
    "副詞": "ADV",
    "連体詞": "DET",
    "接続詞": "CCONJ",
    "感動詞": "INTJ",
    "フィラー": "INTJ",
    "助動詞": "AUX",
    "接頭詞": "AFFIX",
}
