"""What was odd in a file of vectors, said in words: nothing is mended silently."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bunsan.base.language import tr

_SHOWN = 5  # places and examples kept of each kind

# kind -> English, Japanese; {n} is how many, {detail} what the reader adds.
_TEXTS: dict[str, tuple[str, str]] = {
    "byte_order_mark": (
        "A byte order mark at the beginning was dropped",
        "先頭の BOM を取り除きました",
    ),
    "no_header": (
        "There is no header line; the dimensions were taken from the rows ({detail})",
        "ヘッダー行がないため、次元数を行から決めました({detail})",
    ),
    "header_count": (
        "The header gives another number of words than there are rows ({detail})",
        "ヘッダーの語数と行数が違います({detail})",
    ),
    "header_dimension": (
        "The header gives another dimension than the rows have ({detail})",
        "ヘッダーの次元数と行の次元数が違います({detail})",
    ),
    "word_with_space": ("{n} words contain a space", "空白を含む語が {n} 語あります"),
    "word_with_wide_space": (
        "{n} words contain U+3000 or another space that is not ASCII",
        "全角空白(U+3000)などを含む語が {n} 語あります",
    ),
    "duplicate": (
        "{n} words come again; the first row of each was kept",
        "重複する語が {n} 行あり、最初の行を使いました",
    ),
    "wrong_length": (
        "{n} rows have a wrong number of numbers, or something that is no number; left out",
        "数値の個数が違う行や数値でないものを含む行が {n} 行あり、除きました",
    ),
    "not_finite": (
        "{n} rows contain NaN or infinity; left out",
        "NaN や無限大を含む行が {n} 行あり、除きました",
    ),
    "broken_utf8": (
        "{n} words are broken {detail}; what could not be read is now U+FFFD",
        "{detail} として壊れた語が {n} 語あり、読めない部分を U+FFFD に置き換えました",
    ),
    "empty_word": ("{n} rows have no word; left out", "語のない行が {n} 行あり、除きました"),
    "empty_line": ("{n} empty lines were passed over", "空行が {n} 行ありました"),
    "carriage_return": (
        "{n} lines end in CR LF, as on Windows",
        "改行が CR LF の行が {n} 行あります",
    ),
    "trailing_space": ("{n} lines end in spaces", "行末に空白がある行が {n} 行あります"),
    "no_final_newline": (
        "The last line has no line end: its last number may have been cut",
        "最終行に改行がなく、最後の数値が途中で切れている可能性があります",
    ),
    "after_the_end": (
        "{detail} bytes after the end were passed over",
        "末尾の後ろにある {detail} バイトは読みませんでした",
    ),
    "sentence_end": (
        "</s>, which stands for the end of a sentence, is among the words",
        "文末を表す </s> が語に含まれています",
    ),
    "entities": (
        "{n} rows are entities of Wikipedia (ENTITY/...)",
        "Wikipedia のエンティティ(ENTITY/...)が {n} 行あります",
    ),
    "limited": (
        "Reading ended after {detail} words, as asked",
        "指定どおり {detail} 語で読み込みを終えました",
    ),
    "labels": (
        "{n} labels of a classifier were left out",
        "分類器のラベル {n} 個は読みませんでした",
    ),
    "quantized": (
        "The file is quantised; the vectors are approximate",
        "量子化されたファイルのため、ベクトルは近似値です",
    ),
    "no_readings": (
        "fastText's .bin does not hold readings: words of the vocabulary keep their vectors, but the "
        "file makes unseen words of their characters alone; a .safetensors file holds all",
        "fastText の .bin は読みを保存できません。語彙にある語のベクトルは変わりませんが、未知語は文字だけから"
        "作られます。すべて保存するには .safetensors を使ってください",
    ),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One kind of oddity in a file.

    Attributes
    ----------
    kind : a name for programs, such as "duplicate".
    count : how often it came.
    places : the first of them; lines counted from 1 in text, rows counted from 1 elsewhere.
    examples : the words of these.
    detail : numbers that belong to the sentence.
    """

    kind: str
    count: int = 1
    places: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        english, japanese = _TEXTS[self.kind]
        text = tr(english, japanese).format(n=f"{self.count:,}", detail=self.detail)
        if self.places:
            more = tr(", ...", " ほか") if self.count > len(self.places) else ""
            text += tr(" (line ", "(") + ", ".join(map(str, self.places))
            text += more + tr(")", " 行目)")
        if self.examples:
            text += ": " + ", ".join(repr(word) for word in self.examples)
        return text + tr(".", "。")

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "kind": self.kind,
            "count": self.count,
            "places": list(self.places),
            "examples": list(self.examples),
            "detail": self.detail,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Note":
        """Read back `to_dict`; KeyError where the kind is unknown."""
        kind = str(value["kind"])
        if kind not in _TEXTS:
            raise KeyError(kind)
        return cls(
            kind,
            int(value["count"]),
            tuple(int(place) for place in value["places"]),
            tuple(str(word) for word in value["examples"]),
            str(value["detail"]),
        )


class Account:
    """Notes while they are being collected; one of each kind, in the order of their first sight."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[int]] = {}
        self._examples: dict[str, list[str]] = {}
        self._details: dict[str, str] = {}

    def add(
        self,
        kind: str,
        count: int = 1,
        *,
        places: Iterable[int] = (),
        examples: Iterable[str] = (),
        detail: str = "",
    ) -> None:
        """Count an oddity; a count of 0 is none."""
        if count <= 0:
            return
        assert kind in _TEXTS, kind
        self._counts[kind] = self._counts.get(kind, 0) + count
        kept = self._places.setdefault(kind, [])
        kept += [int(place) for place in places][: _SHOWN - len(kept)]
        words = self._examples.setdefault(kind, [])
        words += [str(word) for word in examples][: _SHOWN - len(words)]
        self._details[kind] = detail or self._details.get(kind, "")

    def notes(self) -> list[Note]:
        """What was collected."""
        return [
            Note(
                kind,
                count,
                tuple(self._places[kind]),
                tuple(self._examples[kind]),
                self._details[kind],
            )
            for kind, count in self._counts.items()
        ]
