"""What counts as a word (`WordSettings`), and texts cut into words (`Analysis`)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, cast, get_args

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.pos import CONTENT_POS, parse_pos

AnalyzerName = Literal["auto", "sudachi", "mecab", "spaces", "characters"]
SplitUnit = Literal["A", "B", "C"]
WordForm = Literal["normalized", "dictionary", "surface"]

SUDACHI_DICTIONARIES = ("small", "core", "full")
LONGEST_WORD = 200  # characters in a word a person can name; a limit for mistakes, not for words


@dataclass(frozen=True)
class WordSettings:
    """How texts are cut into words and how words are counted. Immutable; JSON by `to_dict`.

    Parameters
    ----------
    analyzer : "sudachi" (Japanese), "mecab" (Japanese, with fugashi), "spaces" (languages that put
        spaces between words), "characters" (each character a word), or "auto": sudachi when the
        first documents are Japanese, else spaces.
    split : Sudachi's units: "A" short (国家 公務 員), "B" middle (国家 公務員), "C" long
        (国家公務員).
    form : what is counted as the same word. "normalized" unifies inflection and spelling (引越し
        and 引っ越し), "dictionary" inflection alone, "surface" nothing.
    dictionary : for sudachi "small", "core" (if None) or "full"; for mecab "unidic-lite" (if None),
        "ipadic" or the folder of a compiled dictionary.
    forced_words : always one word, wherever they stand: 湯畑.
    synonyms : groups; the first word of each is the one under which the others are counted.
    stop_words : not counted. The tokens stay in an `Analysis`; the vocabulary leaves them out.
    pos : parts of speech that count as words; tags or names of `bunsan.text.pos.parse_pos`.

    Raises
    ------
    BadInput : a value is none of these, a word is empty or too long, a word is in two groups.
    """

    analyzer: AnalyzerName = "auto"
    split: SplitUnit = "C"
    form: WordForm = "normalized"
    dictionary: str | None = None
    forced_words: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    stop_words: tuple[str, ...] = ()
    pos: tuple[str, ...] = CONTENT_POS

    def __post_init__(self) -> None:
        _choice("analyzer", self.analyzer, get_args(AnalyzerName))
        _choice("split", self.split, get_args(SplitUnit))
        _choice("form", self.form, get_args(WordForm))
        self._check_dictionary()
        if self.split != "C" and self.analyzer not in ("auto", "sudachi"):
            raise BadInput(
                tr(
                    f"split={self.split} does not go with the analyzer {self.analyzer}.",
                    f"split={self.split} は解析器 {self.analyzer} では使えません。",
                ),
                remedy=tr(
                    "Leave split out, or choose the analyzer sudachi.",
                    "split を省くか、解析器 sudachi を選んでください。",
                ),
            )
        put = object.__setattr__
        put(self, "forced_words", _words("forced_words", self.forced_words))
        put(self, "stop_words", _words("stop_words", self.stop_words))
        put(self, "synonyms", _groups(self.synonyms))
        put(self, "pos", tuple(dict.fromkeys(map(parse_pos, _strings("pos", self.pos)))))
        if not self.pos:
            raise BadInput(
                tr(
                    "pos is empty: no word would be counted.",
                    "pos が空です。語が 1 つも数えられません。",
                ),
                remedy=tr("Name at least one part of speech.", "品詞を 1 つ以上指定してください。"),
            )

    def _check_dictionary(self) -> None:
        name = self.dictionary
        if name is None:
            return
        if self.analyzer in ("spaces", "characters"):
            raise BadInput(
                tr(
                    f"The analyzer {self.analyzer} has no dictionary, but {name!r} was given.",
                    f"解析器 {self.analyzer} に辞書はありませんが、{name!r} が指定されました。",
                ),
                remedy=tr("Leave the dictionary out.", "辞書の指定を省いてください。"),
            )
        if self.analyzer == "mecab":
            if not isinstance(name, str) or not name.strip():
                raise BadInput(
                    tr("The name of the dictionary is empty.", "辞書の名前が空です。"),
                    remedy=tr(
                        "Give unidic-lite, ipadic or a folder.",
                        "unidic-lite、ipadic、またはフォルダーを指定してください。",
                    ),
                )
        else:
            _choice("dictionary", name, SUDACHI_DICTIONARIES)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, strings and None, ready for JSON."""
        values = asdict(self)
        values["synonyms"] = [list(group) for group in self.synonyms]
        for name in ("forced_words", "stop_words", "pos"):
            values[name] = list(values[name])
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The settings that `to_dict` wrote; a missing name takes its default.

        Raises
        ------
        BadInput : a name is unknown, or a value is not allowed.
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise BadInput(
                tr(
                    f"Unknown word setting: {unknown[0]}.",
                    f"語の設定に {unknown[0]} はありません。",
                ),
                remedy=tr(
                    f"Known are: {', '.join(known)}.", f"使えるのは {', '.join(known)} です。"
                ),
            )
        return cls(**dict(values))


def _choice(name: str, value: object, choices: Iterable[str]) -> None:
    choices = tuple(choices)
    if value not in choices:
        raise BadInput(
            tr(f"{name}={value!r} is not known.", f"{name}={value!r} は使えません。"),
            remedy=tr(
                f"Choose from: {', '.join(choices)}.", f"{'、'.join(choices)} から選んでください。"
            ),
        )


def _strings(name: str, values: object) -> list[str]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        values = [None]  # one word where a list belongs would be taken apart into characters
    found = list(cast(Iterable[object], values))
    if not all(isinstance(value, str) for value in found):
        raise BadInput(
            tr(f"{name} has to be a list of words.", f"{name} には語のリストが必要です。"),
            remedy=tr('For example ["温泉", "朝食"].', '例: ["温泉", "朝食"]。'),
        )
    return cast(list[str], found)


def _words(name: str, values: object) -> tuple[str, ...]:
    words = [word.strip() for word in _strings(name, values)]
    for word in words:
        if not word or len(word) > LONGEST_WORD or len(word.splitlines()) > 1:
            shown = word if len(word) <= 20 else word[:20] + "…"
            raise BadInput(
                tr(
                    f"{name}: “{shown}” cannot be a word.",
                    f"{name}: 「{shown}」は語として扱えません。",
                ),
                remedy=tr(
                    f"A word has 1 to {LONGEST_WORD} characters and no line break.",
                    f"語は 1~{LONGEST_WORD} 文字で、改行を含みません。",
                ),
            )
    return tuple(dict.fromkeys(words))


def _groups(values: object) -> tuple[tuple[str, ...], ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        values = [()]
    groups = tuple(_words("synonyms", group) for group in values)
    seen: set[str] = set()
    for group in groups:
        if len(group) < 2:
            raise BadInput(
                tr(
                    f"A group of synonyms has fewer than two words: {list(group)}.",
                    f"同義語のグループに語が 2 つ以上ありません: {list(group)}。",
                ),
                remedy=tr(
                    "Put the word to count first, then those counted as it.",
                    "最初に代表語、続けて同じ語として数える語を書いてください。",
                ),
            )
        for word in group:
            if word in seen:
                raise same_synonym(word)
            seen.add(word)
    return groups


def same_synonym(word: str) -> BadInput:
    """The error for a word that stands in two groups of synonyms."""
    return BadInput(
        tr(
            f"“{word}” stands in two groups of synonyms.",
            f"「{word}」が 2 つの同義語グループにあります。",
        ),
        remedy=tr("Join the two groups.", "2 つのグループを 1 つにまとめてください。"),
    )


@dataclass(slots=True)
class Analysis:
    """A batch of D documents as n tokens, without white space; E distinct entries.

    An entry is a word as it is counted (form and part of speech, after synonyms) in one dictionary
    form: 引越し and 引っ越し are two entries that count as one word. Entries stand in the order in
    which they first appear.
    """

    forms: list[str]
    """E: the form under which the word is counted."""
    pos: list[str]
    """E: tags of `bunsan.text.pos`."""
    bases: list[str]
    """E: dictionary form as the text writes it, to be shown to people (する, not 為る)."""
    entry: NDArray[np.int32]
    """n: index into the three lists."""
    start: NDArray[np.uint32]
    """n: where the token begins in the text of its document, in code points."""
    length: NDArray[np.uint16]
    """n: code points."""
    document: NDArray[np.int64]
    """D+1: token at which each document begins; the last is n."""
    sentence: NDArray[np.int64]
    """S+1: token at which each sentence begins; the last is n. None is empty or crosses a
    document."""
    paragraph: NDArray[np.int64]
    """P+1: the same for paragraphs, which end at line breaks."""

    @property
    def n_documents(self) -> int:
        return len(self.document) - 1

    @property
    def n_tokens(self) -> int:
        return len(self.entry)
