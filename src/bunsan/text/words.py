"""How text is cut into words, and what comes out: `WordSettings` and `Analysis`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.pos import CONTENT_POS, parse_pos

AnalyzerName = Literal["auto", "sudachi", "mecab", "spaces", "characters"]
Split = Literal["A", "B", "C"]
Form = Literal["normalized", "dictionary", "surface"]


@dataclass(frozen=True)
class WordSettings:
    """What counts as a word, and which spellings count as the same one.

    Parameters
    ----------
    analyzer : "sudachi" and "mecab" for Japanese, "spaces" for languages that write them,
        "characters"; "auto" looks at the text.
    split : Sudachi's units: A short (UniDic short units), B middle, C long (named entities).
    form : what words are counted under: "normalized" (引越し and 引っ越し are one), "dictionary" (行っ
        and 行く are one), "surface".
    dictionary : sudachi: small, core, full; mecab: unidic-lite, ipadic, or a folder.
    forced_words : always one word (a noun), wherever these characters stand.
    synonyms : groups; the first of each is the word the others are counted as.
    stop_words : not counted by analyses (all tokens are kept).
    pos : the parts of speech that analyses count.

    Raises
    ------
    BadInput : a value that does not exist; the error lists those that do.
    """

    analyzer: AnalyzerName = "auto"
    split: Split = "C"
    form: Form = "normalized"
    dictionary: str | None = None
    forced_words: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, ...], ...] = ()
    stop_words: tuple[str, ...] = ()
    pos: tuple[str, ...] = CONTENT_POS

    def __post_init__(self) -> None:
        for name, allowed in (("analyzer", AnalyzerName), ("split", Split), ("form", Form)):
            value, known = getattr(self, name), get_args(allowed)
            if value not in known:
                raise BadInput(
                    tr(f"{name} cannot be {value!r}.", f"{name} に {value!r} は指定できません。"),
                    remedy=tr("Use one of: ", "次のどれかを指定してください: ") + ", ".join(known),
                )
        for name in ("forced_words", "stop_words", "pos", "synonyms"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise BadInput(
                    tr(f"{name} is one text, not a list.", f"{name} がリストではなく文字列です。"),
                    remedy=tr(
                        f"Write {name}=[{value!r}].", f"{name}=[{value!r}] と書いてください。"
                    ),
                )
        put = object.__setattr__  # the fields may be given as lists; frozen ones are set this way
        put(self, "forced_words", tuple(w for w in map(str.strip, self.forced_words) if w))
        put(self, "stop_words", tuple(self.stop_words))
        put(self, "synonyms", tuple(tuple(group) for group in self.synonyms))
        put(self, "pos", tuple(dict.fromkeys(parse_pos(p) for p in self.pos)))

    def to_dict(self) -> dict[str, Any]:
        """What JSON can hold; `from_dict` reads it back."""
        plain = asdict(self)
        for name in ("forced_words", "stop_words", "pos"):
            plain[name] = list(plain[name])
        plain["synonyms"] = [list(group) for group in self.synonyms]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "WordSettings":
        """Settings as `to_dict` gave them."""
        return cls(**plain)


@dataclass(slots=True)
class Analysis:
    """The words of a batch of D documents: n tokens of E distinct entries.

    White space is left out; every other character belongs to exactly one token.

    forms, pos, bases : lists of length E in the order of first appearance: the word as it is
        counted, its part of speech, its dictionary form as people want to see it.
    entry : int32[n], index into them. start : uint32[n], length : uint16[n], place in the document's
        text in code points (a token of more than 65,535 is cut there).
    document : int64[D+1], the token at which each document begins, the last is n; sentence :
        int64[S+1] and paragraph : int64[P+1] likewise. None of them is empty or crosses a document.
    """

    forms: list[str]
    pos: list[str]
    bases: list[str]
    entry: NDArray[np.int32]
    start: NDArray[np.uint32]
    length: NDArray[np.uint16]
    document: NDArray[np.int64]
    sentence: NDArray[np.int64]
    paragraph: NDArray[np.int64]
