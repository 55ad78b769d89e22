"""Names of parts of speech and conjugation forms in KH Coder's rules, and what they are here.

KH Coder sorts the words of ChaSen and MeCab (IPADIC's parts of speech) into its own classes: by
part of speech, and some by spelling too: 名詞B, 動詞B, 形容詞B and 副詞B are those in hiragana
only, 名詞C those of one character. Here words have Universal Dependencies' tags, which know no
spelling and no サ変; a rule names its word, so the spelling follows from what was typed.
Conjugation forms are IPADIC's there; here they may also be UniDic's, which Sudachi has.
"""

import unicodedata
from dataclasses import dataclass

_CONTENT = ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "PRON", "NUM", "INTJ", "X")
_FUNCTION = ("ADP", "AUX", "PART", "CCONJ", "DET", "AFFIX", "SYM", "PUNCT")
UD_TAGS = _CONTENT + _FUNCTION


@dataclass(frozen=True, slots=True)
class PartOfSpeech:
    """What a name in a rule stands for: any of `tags` (all tags where empty).

    `exact` is False where the tags hold more or fewer words than KH Coder's class.
    """

    name: str
    tags: tuple[str, ...]
    exact: bool


_CLASSES = {  # name: (tags, exact)
    "名詞": ("NOUN", True),
    "名詞B": ("NOUN", True),
    "名詞C": ("NOUN", True),
    "サ変名詞": ("NOUN VERB", False),
    "形容動詞": ("ADJ NOUN", False),
    "ナイ形容": ("NOUN ADJ", False),
    "副詞可能": ("NOUN ADV", False),
    "固有名詞": ("PROPN", False),
    "人名": ("PROPN", False),
    "地名": ("PROPN", False),
    "組織名": ("PROPN", False),
    "代名詞": ("PRON", True),
    "動詞": ("VERB", True),
    "動詞B": ("VERB", True),
    "形容詞": ("ADJ", True),
    "形容詞B": ("ADJ", True),
    "形容詞（非自立）": ("ADJ AUX", False),
    "副詞": ("ADV", True),
    "副詞B": ("ADV", True),
    "感動詞": ("INTJ", True),
    "否定助動詞": ("AUX ADJ", False),
    "未知語": ("X NOUN PROPN", False),
    "タグ": ("", False),  # words forced by the person: of any part of speech here
    "その他": ("ADP AUX PART CCONJ DET NUM AFFIX SYM PUNCT", False),
    # The classes of KH Coder's English projects.
    "Noun": ("NOUN", True),
    "ProperNoun": ("PROPN", True),
    "Foreign": ("X", False),
    "PRP": ("PRON", True),
    "Adj": ("ADJ", True),
    "Verb": ("VERB AUX", True),
    "TAG": ("", False),
    "OTHER": ("ADP AUX PART CCONJ DET NUM AFFIX SYM PUNCT", False),
    # Parts of speech as grammars of Japanese call them.
    "数詞": ("NUM", True),
    "助詞": ("ADP PART", True),
    "助動詞": ("AUX", True),
    "接続詞": ("CCONJ", True),
    "連体詞": ("DET", True),
    "接頭辞": ("AFFIX", False),
    "接尾辞": ("AFFIX", False),
    "記号": ("SYM PUNCT", True),
}


def part_of_speech(name: str) -> PartOfSpeech | None:
    """What a part of speech typed in a rule stands for; None when there is no such name."""
    if name in _CLASSES:
        tags, exact = _CLASSES[name]
        return PartOfSpeech(name, tuple(tags.split()), exact)
    plain = name.upper()
    return PartOfSpeech(name, (plain,), True) if plain in UD_TAGS else None


def parts_of_speech() -> list[str]:
    """All names that `part_of_speech` knows."""
    return [*_CLASSES, *UD_TAGS]


# IPADIC's conjugation forms (plain width) and UniDic's that stand in the same place. IPADIC has
# forms of their own for what UniDic counts as kinds of 連用形 and 未然形: 買っ is 連用タ接続 there
# and not 連用形.
_INFLECTIONS = {
    "基本形": "終止形 連体形",
    "音便基本形": "終止形-促音便 終止形-撥音便 終止形-ウ音便",
    "文語基本形": "終止形",
    "未然形": "未然形-一般",
    "未然ウ接続": "意志推量形",
    "未然ヌ接続": "未然形-セ",
    "未然レル接続": "未然形-サ",
    "未然特殊": "未然形-撥音便",
    "連用形": "連用形-一般 連用形-融合 連用形-省略 連用形-補助 連用形-ト",
    "連用タ接続": "連用形-促音便 連用形-イ音便 連用形-ウ音便 連用形-撥音便",
    "連用テ接続": "連用形-一般",
    "連用デ接続": "連用形-一般",
    "連用ニ接続": "連用形-ニ",
    "連用ゴザイ接続": "連用形-ウ音便",
    "仮定形": "仮定形-一般",
    "仮定縮約1": "仮定形-融合",
    "仮定縮約2": "仮定形-融合",
    "命令e": "命令形",
    "命令i": "命令形",
    "命令yo": "命令形",
    "命令ro": "命令形",
    "体言接続": "連体形",
    "体言接続特殊": "連体形",
    "体言接続特殊2": "連体形",
    "ガル接続": "語幹",
}
_UNIDIC_FORMS = (
    *("未然形", "連用形", "終止形", "連体形", "已然形", "仮定形", "命令形"),
    *("意志推量形", "語幹", "ク語法"),
)


def is_inflection(name: str) -> bool:
    """Whether `name` is a conjugation form of IPADIC or UniDic."""
    plain = unicodedata.normalize("NFKC", name)
    return plain in _INFLECTIONS or plain.split("-")[0] in _UNIDIC_FORMS


def inflections() -> list[str]:
    """The conjugation forms a rule can name; UniDic's also with their kind, as in 連用形-促音便."""
    return list(dict.fromkeys([*_INFLECTIONS, *_UNIDIC_FORMS]))


def same_inflection(asked: str, found: str) -> bool:
    """Whether a token whose conjugation form is `found` has the form that a rule asks for.

    Both may be IPADIC's or UniDic's names. A name that both have means IPADIC's form; UniDic's own
    names stand for themselves and their kinds (終止形 also for 終止形-一般).
    """
    asked, found = (unicodedata.normalize("NFKC", name) for name in (asked, found))
    names = _INFLECTIONS.get(asked, asked).split()
    return found == asked or any(found == name or found.startswith(name + "-") for name in names)
