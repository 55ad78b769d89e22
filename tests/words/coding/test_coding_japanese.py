"""Rules on real Japanese, cut into words by Sudachi."""

import functools
import re
from collections.abc import Sequence

import pytest
import sudachipy
from coding_view import ListView, Token

from bunsan.words.coding.evaluate import Coding, code_units
from bunsan.words.coding.parser import parse_rules
from bunsan.words.coding.resolve import resolve_rules

TEXTS = [
    "先生は東京で卒業論文を書いた。奥さんは、本を買わなかった。",
    "新しい本を買った。とても嬉しかった!",
    "卒業の後に論文を書くなら、米を食べないと死んでしまう。",
    "米国の先生が多ければ、愛も恋も恋愛も増える。愛は愛である。",
    "引越しをした。気の毒だと思う。",
    "引っ越した部屋は静かで、駅から遠くない。お金がない。",
]
SEX: list[str | None] = ["女", "男", "女", None, "男", "女"]
TAGS = {"名詞": "NOUN", "動詞": "VERB", "形容詞": "ADJ", "形状詞": "ADJ", "助動詞": "AUX"}
TAGS |= {"副詞": "ADV", "助詞": "ADP", "補助記号": "PUNCT", "接尾辞": "AFFIX", "代名詞": "PRON"}


@functools.cache
def tokenizer() -> sudachipy.Tokenizer:
    return sudachipy.Dictionary().tokenizer()


def analyse(text: str) -> list[Token]:
    def tag(pos: Sequence[str]) -> str:
        return "PROPN" if pos[1] == "固有名詞" else TAGS.get(pos[0], "X")

    return [
        Token(m.normalized_form(), m.surface(), tag(m.part_of_speech()), m.part_of_speech()[5])
        for m in tokenizer().tokenize(text)
    ]


def view(unit: str = "document") -> ListView:
    cut = [[[analyse(s) for s in re.findall("[^。!]+[。!]", text)]] for text in TEXTS]
    return ListView(cut, unit, {"性別": SEX})


def code(rule: str, unit: str = "document") -> tuple[Coding, ListView]:
    data = view(unit)
    resolved = resolve_rules(
        parse_rules(f"*a\n{rule}\n*死\n死ぬ or 死因\n"),
        find=data.find,
        query=lambda typed: [(token.word, token.pos) for token in analyse(typed)],
    )
    return code_units(resolved, data), data


@pytest.mark.parametrize(
    ("rule", "documents"),
    [
        ("買う", [0, 1]),
        ("買う->未然形", [0]),
        ("買う->連用タ接続", [1]),
        ("買う=>買っ", [1]),
        ("買う-->動詞->未然形", [0]),
        ("買う-->名詞", []),
        ("ない-->形容詞B", [5]),
        ("ない-->助動詞", [0, 2]),
        ("引越し", [4]),
        ("引っ越す", [5]),
        ("卒業+論文", [0]),
        ("卒業+の+後", [2]),
        ("気の毒", [4]),
        ("near(卒業-論文)", [2]),
        ("near(先生-本)", []),
        ("near(先生-本)[20]", [0]),
        ("near(先生-本)[b20]", []),
        ("seq(卒業-書く)[5]", []),
        ("seq(卒業-書く)[6]", [2]),
        ("seq(書く-卒業)", []),
        ("'多ければ'", [3]),
        ("多い->仮定形", [3]),
        ("愛 + 恋 >= 3", [3]),
        ("愛 >= 4", []),
        ("愛", [3]),
        ("恋愛", [3]),
        ("<>性別-->女", [0, 2, 5]),
        ("<>性別-->女 &! <*死>", [0, 5]),
        ("! ( 先生 | 本 | 米 )", [4, 5]),
        ("lc < 20", [1, 4]),
        ("No. == 3", [2]),
        ("死ぬ and '死んで'", [2]),
    ],
)
def test_rule(rule: str, documents: list[int]) -> None:
    coding, _ = code(rule)
    assert coding.matrix[:, 0].nonzero()[0].tolist() == documents


def test_by_sentence() -> None:
    coding, _ = code("先生 | 買う", "sentence")
    assert coding.matrix[:, 0].tolist() == [
        *(True, True),
        *(True, False),
        *(False,),
        *(True, False),
        *(False, False),
        *(False, False),
    ]


def test_what_gave_the_code() -> None:
    coding, data = code("( 愛 & 恋 & '多ければ' ) | near(卒業-論文) | 買う->未然形")
    shown = [
        ["".join(t.surface for t in data.tokens[a:b]) for a, b in coding.spans(unit, 0)]
        for unit in range(len(TEXTS))
    ]
    assert shown == [
        ["買わ"],
        [],
        ["卒業", "論文"],
        ["多ければ", "愛", "恋", "愛", "愛"],
        [],
        [],
    ]
