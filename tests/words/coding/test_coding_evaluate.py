"""Hand-made cases of what conditions count, and of the words that gave a code."""

import re

import numpy as np
import pytest
from coding_view import Document, ListView, Token

from bunsan.base.errors import BadInput
from bunsan.words.coding.evaluate import code_units
from bunsan.words.coding.parser import parse_rules


def view_of(*sentences: str, unit: str = "document", **options: object) -> ListView:
    """One document per argument; sentences in it end at 。, words are between spaces."""
    documents: list[Document] = []
    for text in sentences:
        runs = [part.split(" ") for part in re.split(r"(?<=。)", text)]
        documents.append([[[Token(word, word) for word in run if word] for run in runs]])
    return ListView(documents, unit, **options)  # type: ignore[arg-type]


def coded(view: ListView, rules: str) -> list[list[bool]]:
    return code_units(view.resolve(parse_rules(rules)), view).matrix.T.tolist()


def test_distance_counts_every_token() -> None:
    view = view_of("先生 は 、 奥さん", "先生 は 、 その 奥さん", "奥さん と 先生")
    rules = "*3\nnear(先生-奥さん)[3]\n*seq\nseq(先生-奥さん)[4]\n*all\nnear(先生-奥さん)"
    assert coded(view, rules) == [[True, False, True], [True, True, False], [True, True, True]]


def test_distance_starts_again_at_every_word_found() -> None:
    view = view_of("a 1 2 3 b 1 2 3 c", "a 1 2 3 4 b c")
    assert coded(view, "*x\nnear(a-b-c)[4]\n*y\nseq(a-c-b)[9]") == [[True, False], [False, False]]


def test_sentence_and_paragraph_limit_near() -> None:
    view = view_of("a 。 b", "b a 。")
    assert coded(view, "*x\nnear(a-b)\n*y\nnear(a-b)[b]") == [[True, True], [False, True]]
    halves = [[[Token("a", "a")], [Token("b", "b")]], [[Token("c", "c")]]]
    view = ListView([halves])
    assert coded(view, "*x\nnear(a-b)[d]\n*y\nnear(b-c)[d]\n*z\nnear(b-c)") == [
        [True],
        [False],
        [True],
    ]


def test_occurrences_of_one_word_in_a_row_make_one_place() -> None:
    view = view_of("a a b", "a b a b", "a b a")
    rules = "*2\nnear(a-b) >= 2\n*3\nnear(a-b) == 3\n*1\nseq(a-b) == 1"
    assert coded(view, rules) == [[False, True, True], [False, True, False], [True, False, True]]


def test_words_out_of_order_are_passed_over() -> None:
    view = view_of("a c a b c", "b a c b", "a b")
    rules = "*x\nseq(a-b-c) == 2\n*y\nseq(a-b)\n*z\nseq(b-a)"
    assert coded(view, rules) == [[True, False, False], [True] * 3, [False, True, False]]


def test_any_distance_in_a_long_text() -> None:
    """From every word but the last b, the nearest other letter and c are found."""
    n = 100_000
    view = view_of(" ".join(["a b"] * n + ["c"]))
    assert coded(view, f"*x\nnear(a-b-c)[0] == {2 * n - 1}") == [[True]]


def test_a_word_of_several_tokens() -> None:
    view = view_of("東 京 の 都", "東 の 京", "x 東 京")
    assert coded(view, "*x\n東_京\n*y\n東_京+の\n*z\nnear(東_京-都)[2]") == [
        [True, False, True],
        [True, False, False],
        [True, False, False],
    ]


def test_one_token_is_not_two_words_of_near() -> None:
    """東_京 holds the token 京, so 京 has to stand somewhere else too."""
    view = view_of("東 京", "東 京 京")
    assert coded(view, "*x\nnear(東_京-京)") == [[False, True]]


def test_a_phrase_may_be_one_token_here() -> None:
    view = view_of(
        "卒業 論文", "卒業論文", "論文 卒業", "卒業 の 論文", "修士 卒業論文", "修士卒業 論文"
    )
    rules = "*x\n卒業+論文\n*y\n修士+卒業+論文"
    assert coded(view, rules) == [
        [True, True, False, False, True, False],
        [False, False, False, False, True, True],
    ]


def test_strings_do_not_see_words_sentences_spaces_and_case() -> None:
    view = view_of("です 。 Servo　I です", "sErVo　i", "ser vo i", "す 。 。す")
    assert coded(view, "*x\n'Servo i'\n*y\n'す。' >= 2\n*z\n'。S'\n*w\n'。' == 2") == [
        [True, True, False, False],
        [False, False, False, False],
        [True, False, False, False],
        [False, False, False, True],
    ]
    # Cut into sentences, a string has to be in one of them.
    view = view_of("です 。 でも です 。", unit="sentence")
    assert coded(view, "*x\n'。で'\n*y\n'です。'") == [[False, False], [True, True]]
    view = view_of("で で 。 で で で", unit="sentence")
    assert coded(view, "*x\n'でで'") == [[True, True]]


def test_a_string_that_overlaps_with_itself() -> None:
    """The first occurrence goes over the end of the unit, the second does not."""
    view = ListView([[[[Token("x", "あ")], [Token("y", "あああ")]]]], "sentence")
    assert coded(view, "*x\n'ああ'\n*y\n'ああああ'") == [[False, True], [False, False]]


def test_columns_headings_and_missing_values() -> None:
    columns: dict[str, list[str | None]] = {
        "性別": ["女", None, "女　性 ", ""],
        "h1": ["上", "下", None, "上"],
        "点": ["1e3", "-2", "n/a", "0"],
    }
    view = view_of("a", "b", "c", "d", columns=columns)
    rules = (
        '*x\n<>性別-->女\n*y\n"<>性別-->女 性"\n*z\n! <>性別-->女\n*h\n<>見出し1-->上\n*p\n<>点<>'
    )
    assert coded(view, rules) == [
        [True, False, False, False],
        [False, False, True, False],
        [False, True, True, True],
        [True, False, False, True],
        [True, False, False, False],
    ]


@pytest.mark.parametrize(
    ("rule", "problem", "remedy"),
    [
        ("<>性別-->女", "no column 性別", "年齢 職業"),
        ("<>得点<>", "no column 得点", "年齢 職業"),
        ("<>見出し2-->上", "no headings of level 2", "見出し2"),
    ],
)
def test_a_column_that_is_not_there(rule: str, problem: str, remedy: str) -> None:
    view = view_of("a", columns={"年齢": ["1"], "職業": ["x"]})
    with pytest.raises(BadInput) as caught:
        code_units(view.resolve(parse_rules(f"*a\nb or\n{rule}\n", file="r.txt")), view)
    assert problem in caught.value.problem
    assert remedy in (caught.value.remedy or "")
    assert (caught.value.file, caught.value.row) == ("r.txt", 3)


def test_number_of_the_unit_is_the_views() -> None:
    view = view_of("a", "b", "c")
    view.number = np.array([101, 102, 104])
    assert coded(view, "*x\n( No. >= 102 ) and ( No. <= 104 )") == [[False, True, True]]


def test_nothing_divided_by_nothing_is_no_value() -> None:
    view = view_of("a", "b b a")
    rules = "*x\na / b >= 0\n*y\na / b\n*z\nnot a / b > 9\n*w\nb / a == 2"
    assert coded(view, rules) == [[False, True], [False, True], [True, True], [False, True]]


def test_units_that_are_only_a_part_of_the_tokens() -> None:
    """Tokens outside the units count for nothing."""
    view = view_of("a b", "a b", "a b")
    view.units = np.array([2, 4], np.int64)
    view.unit_document = np.array([1], np.int64)
    view.number = np.array([2], np.int64)
    rules = "*x\na == 1\n*y\na+b == 1\n*z\nnear(a-b) == 1\n*s\n'ab' == 1\n*l\nlw == 2"
    assert coded(view, rules) == [[True]] * 5


def test_spans_leave_out_what_did_not_count() -> None:
    view = view_of("愛 が 恋 を 死", "愛 が 死", "愛 愛 x")
    rules = "*x\n( 愛 & 恋 ) | <*y> | 愛 >= 2\n*y\n死 &! 恋\n*z\n! 死\n*w\n! ( 愛 & 恋 & 死 )"
    coding = code_units(view.resolve(parse_rules(rules)), view)
    assert coding.names == ("x", "y", "z", "w")
    assert coding.spans(0, 0) == [(0, 1), (2, 3)]  # 死 only counts without 恋
    assert coding.spans(1, 0) == [(7, 8)]  # through *y, and 愛 without 恋 does not count
    assert coding.spans(2, 0) == [(8, 9), (9, 10)]
    assert coding.spans(1, 1) == [(7, 8)]
    assert coding.spans(0, 1) == []
    assert coding.spans(2, 2) == []
    assert coding.matrix[1, 3]
    assert coding.spans(1, 3) == []  # not having all three is no word of the text


def test_spans_through_codes_that_refer_to_one_code_again_and_again() -> None:
    n = 60  # 2**60 ways from the first code to the word
    chain = "".join(f"*c{i}\n<*c{i + 1}> | <*c{i + 1}>\n" for i in range(n)) + f"*c{n}\n愛\n"
    view = view_of("x 愛")
    coding = code_units(view.resolve(parse_rules(chain)), view)
    assert coding.matrix.all()
    assert coding.spans(0, 0) == [(1, 2)]


def test_no_documents() -> None:
    view = ListView([], columns={"性別": []})
    rules = "*a\n愛\n*b\n愛+恋\n*c\nnear(愛-恋)\n*d\n'愛' or lc > 1 or <>性別-->女 or No. > 0"
    assert code_units(view.resolve(parse_rules(rules)), view).matrix.shape == (0, 4)
