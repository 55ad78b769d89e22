"""Parts of speech: one small set of tags for every analyzer, and their names for people.

The tags are those of Universal Dependencies (https://universaldependencies.org/u/pos/) and two of
our own: AFFIX for prefixes, suffixes and counters (接頭辞, 接尾辞, 助数詞), and LIGHT. Dictionaries
bring their own systems:

UniDic (SudachiPy, unidic-lite)                IPADIC                              tag
名詞-普通名詞                                  名詞-一般, -サ変接続, -副詞可能     NOUN
名詞-固有名詞                                  名詞-固有名詞                       PROPN
名詞-数詞                                      名詞-数                             NUM
動詞                                           動詞-自立                           VERB
形容詞, 形状詞                                 形容詞-自立, 名詞-形容動詞語幹      ADJ
副詞                                           副詞                                ADV
代名詞                                         名詞-代名詞                         PRON
連体詞                                         連体詞                              DET
接続詞                                         接続詞                              CCONJ
感動詞                                         感動詞, フィラー                    INTJ
接頭辞, 接尾辞                                 接頭詞, 名詞-接尾, 形容詞-接尾      AFFIX
助詞-格, 係, 副                                the same, and 連体化, 副詞化, 並立  ADP
助詞-接続                                      the same                            SCONJ
助詞-終, 準体                                  助詞-終助詞                         PART
助動詞                                         助動詞, 動詞-接尾                   AUX
補助記号, by its characters                    記号, by its characters             PUNCT or SYM
記号                                           記号-アルファベット                 SYM
空白                                           記号-空白                           SPACE

LIGHT: words that carry grammar rather than content
---------------------------------------------------
する, いる, ある, なる, できる, こと, もの head every frequency list and say nothing. KH Coder sorts
words written in hiragana alone into classes of their own that are off by default, and loses
おいしい and りんご with them. Here the tag LIGHT, which is no content word, goes by these rules;
each looks at one word at a time (its dictionary form and tags), never at its neighbours:

- a verb that UniDic marks as possibly dependent (非自立可能) and whose dictionary form is written
  in hiragana alone (いる, みる, もらう, できる). In kanji (見る, 出す) the writer meant the full
  verb: VERB. Verbs without the mark are content in any script (たべる). いう, よる and
  おける (という, によって, における) are light as well.
- the adjective ない and its spoken forms. Other adjectives stay ADJ in any script (よい, おいしい):
  opinions are made of them.
- a noun of the closed list `LIGHT_NOUNS` when written in hiragana (こと, もの, ため, わけ), and the
  stems よう, そう, みたい (助動詞語幹).
- with IPADIC whatever it marks as 非自立, which it decides by context, and the same closed lists.

A counter (UniDic 助数詞可能: 円, 年, 名) is AFFIX right after a number and NOUN elsewhere; this is
the only rule that looks at a neighbour, and `bunsan.text.analyze` applies it.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_LABELS: dict[str, tuple[str, str]] = {
    "NOUN": ("noun", "名詞"),
    "PROPN": ("proper noun", "固有名詞"),
    "VERB": ("verb", "動詞"),
    "ADJ": ("adjective", "形容詞"),
    "ADV": ("adverb", "副詞"),
    "PRON": ("pronoun", "代名詞"),
    "NUM": ("number", "数詞"),
    "DET": ("determiner", "連体詞"),
    "CCONJ": ("conjunction", "接続詞"),
    "INTJ": ("interjection", "感動詞"),
    "LIGHT": ("light word", "形式語"),
    "AFFIX": ("affix", "接辞"),
    "SCONJ": ("conjunctive particle", "接続助詞"),
    "ADP": ("particle", "助詞"),
    "PART": ("final particle", "終助詞"),
    "AUX": ("auxiliary", "助動詞"),
    "SYM": ("symbol", "記号"),
    "PUNCT": ("punctuation", "句読点"),
    "SPACE": ("space", "空白"),
    "X": ("word", "語"),
}

# Other names people type for the same tags.
_SYNONYMS: dict[str, str] = {
    "propernoun": "PROPN",
    "形状詞": "ADJ",
    "形容動詞": "ADJ",
    "数": "NUM",
    "数字": "NUM",
    "接頭辞": "AFFIX",
    "接尾辞": "AFFIX",
    "接頭詞": "AFFIX",
    "助数詞": "AFFIX",
    "prefix": "AFFIX",
    "suffix": "AFFIX",
    "補助動詞": "LIGHT",
    "形式名詞": "LIGHT",
    "非自立": "LIGHT",
    "auxiliaryverb": "AUX",
    "adposition": "ADP",
    "preposition": "ADP",
    "adnominal": "DET",
    "補助記号": "PUNCT",
    "number": "NUM",
    "numeral": "NUM",
    "その他": "X",
    "other": "X",
}

TAGS: tuple[str, ...] = tuple(_LABELS)

CONTENT_POS: tuple[str, ...] = ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "X")
"""What counts as a word when texts are described: content words, and words of unknown kind."""

SEARCH_POS: tuple[str, ...] = tuple(
    tag for tag in TAGS if tag not in {"SCONJ", "ADP", "AUX", "PART", "PUNCT", "SPACE", "SYM"}
)
"""What counts as a word when texts are searched: all but grammar, punctuation and symbols."""

_LIGHT_NOUNS = (
    "こと もの ところ ため わけ はず つもり うち ほう とき ころ まま とおり くらい ぐらい "
    "ふう せい たび あと ほか おかげ くせ さい よう そう みたい ん"
)
LIGHT_NOUNS = frozenset(_LIGHT_NOUNS.split())
_LIGHT_VERBS = (
    "する いる ある なる できる やる くる いく ゆく おる みる おく しまう くれる もらう あげる "
    "くださる いただく いたす なさる ござる まいる いらっしゃる いう ゆう よる おける"
)
LIGHT_VERBS = frozenset(_LIGHT_VERBS.split())

_HIRAGANA = re.compile("[ぁ-ゖゝゞー]+")


def pos_label(tag: str) -> str:
    """The name of a tag for people, in their language: `NOUN` -> "noun" or 名詞."""
    names = _LABELS.get(tag)
    return tag if names is None else tr(*names)


def parse_pos(name: str) -> str:
    """The tag a person means: a tag (`NOUN`), or its name in English or Japanese, in any case.

    Raises
    ------
    BadInput : no tag has that name; the remedy lists all names.
    """
    plain = _plain(name)
    tag = _names().get(plain) or _names().get(plain.removesuffix("s"))  # nouns
    if tag is None:
        choices = ", ".join(f"{tag} ({pos_label(tag)})" for tag in TAGS if tag != "SPACE")
        raise BadInput(
            tr(f"There is no part of speech “{name}”.", f"「{name}」という品詞はありません。"),
            remedy=tr(f"Choose from: {choices}.", f"次から選んでください: {choices}。"),
        )
    return tag


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name).casefold())


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    names = {_plain(other): tag for other, tag in _SYNONYMS.items()}
    for tag, labels in _LABELS.items():
        names.update({_plain(name): tag for name in (tag, *labels)})
    return names


def is_hiragana(word: str) -> bool:
    """True for a word written in hiragana alone (the long-vowel mark counts)."""
    return _HIRAGANA.fullmatch(word) is not None


def character_pos(surface: str) -> str:
    """The tag of a token that is no dictionary word, by its characters.

    A letter anywhere makes it a noun (a rare kanji the dictionary does not know), a digit a number;
    else punctuation if every character is (Unicode category P*), else a symbol (emoji, ♪, ￥).
    """
    categories = {unicodedata.category(character) for character in surface}
    if categories & {"Lo", "Ll", "Lu", "Lt"}:  # Lm is ー, 々 and the like
        return "NOUN"
    if categories & {"Nd", "Nl", "No"}:
        return "NUM"
    return "PUNCT" if all(category[0] == "P" for category in categories) else "SYM"


_PARTICLES = {
    "接続助詞": "SCONJ",
    "終助詞": "PART",
    "準体助詞": "PART",
    "副助詞／並立助詞／終助詞": "PART",
}
_UNIDIC = {
    "動詞": "VERB",
    "形容詞": "ADJ",
    "形状詞": "ADJ",
    "副詞": "ADV",
    "代名詞": "PRON",
    "連体詞": "DET",
    "接続詞": "CCONJ",
    "感動詞": "INTJ",
    "接頭辞": "AFFIX",
    "接尾辞": "AFFIX",
    "助動詞": "AUX",
    "空白": "SPACE",
}


def unidic_pos(pos: Sequence[str], base: str, normalized: str, surface: str) -> str:
    """The tag of a word analysed with UniDic's parts of speech (SudachiPy's are the same).

    Parameters
    ----------
    pos : the four levels, `*` for none; more items (conjugation) are ignored.
    base, normalized : dictionary form as written, and with the spelling unified.
    surface : as it stands in the text.
    """
    major, minor = pos[0], pos[1]
    if major == "名詞":
        if minor == "普通名詞":
            return "LIGHT" if base in LIGHT_NOUNS else "NOUN"
        return {"固有名詞": "PROPN", "数詞": "NUM", "助動詞語幹": "LIGHT"}.get(minor, "NOUN")
    if minor == "助動詞語幹":  # 形状詞: よう, そう, みたい
        return "LIGHT"
    if major == "助詞":
        return _PARTICLES.get(minor, "ADP")
    if major == "動詞" and is_hiragana(base):
        return "LIGHT" if minor == "非自立可能" or base in LIGHT_VERBS else "VERB"
    if major == "形容詞" and is_hiragana(base) and normalized in ("無い", "ない"):
        return "LIGHT"
    if major == "補助記号":
        return "SYM" if minor == "ＡＡ" else character_pos(surface)
    if major == "記号":
        return "SYM"
    return _UNIDIC.get(major, "X")


def is_counter(pos: Sequence[str]) -> bool:
    """True for a UniDic noun that counts things after a number (円, 年, 名)."""
    return len(pos) > 2 and pos[2] == "助数詞可能"


_IPADIC_NOUNS = {
    "固有名詞": "PROPN",
    "数": "NUM",
    "代名詞": "PRON",
    "形容動詞語幹": "ADJ",
    "非自立": "LIGHT",
    "動詞非自立的": "LIGHT",
    "特殊": "LIGHT",
    "接続詞的": "CCONJ",
    "接尾": "AFFIX",
}
_IPADIC = {
    "副詞": "ADV",
    "連体詞": "DET",
    "接続詞": "CCONJ",
    "接頭詞": "AFFIX",
    "感動詞": "INTJ",
    "フィラー": "INTJ",
    "その他": "INTJ",
    "助動詞": "AUX",
}


def ipadic_pos(pos: Sequence[str], base: str, surface: str) -> str:
    """The tag of a word analysed with IPADIC's parts of speech; parameters as for `unidic_pos`."""
    major, minor = pos[0], pos[1]
    if major == "名詞":
        if minor == "接尾" and len(pos) > 2 and pos[2] == "助動詞語幹":
            return "LIGHT"
        return _IPADIC_NOUNS.get(minor) or ("LIGHT" if base in LIGHT_NOUNS else "NOUN")
    if major == "動詞":
        if minor == "接尾":
            return "AUX"
        return "LIGHT" if minor == "非自立" or base in LIGHT_VERBS else "VERB"
    if major == "形容詞":
        if minor == "接尾":
            return "AFFIX"
        return "LIGHT" if minor == "非自立" or base == "ない" else "ADJ"
    if major == "助詞":
        return _PARTICLES.get(minor, "ADP")
    if major == "記号":
        if minor == "空白":
            return "SPACE"
        return "SYM" if minor == "アルファベット" else character_pos(surface)
    return _IPADIC.get(major, "X")
