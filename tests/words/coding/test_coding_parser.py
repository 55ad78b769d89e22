"""Rule files are read construct by construct, and refused with the right line."""

import codecs

import pytest

from bunsan.base.errors import BadInput
from bunsan.words.coding.parser import parse_rules, read_rules
from bunsan.words.coding.syntax import (
    And,
    Code,
    CodeIs,
    ColumnIs,
    ColumnPositive,
    Compare,
    HeadingIs,
    Length,
    Near,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    Product,
    String,
    Sum,
    UnitNumber,
    Word,
    leaves,
)

A, B, C, D = Word("愛"), Word("恋"), Word("死"), Word("病")


def condition(text: str) -> Node:
    """The condition of a file with one code (and a code 他 to refer to)."""
    return parse_rules(f"*他\n無\n*x\n{text}\n").codes[1].condition


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        # words
        ("愛", A),
        ('"愛"', A),
        ('"and"', Word("and")),
        ('"2020"', Word("2020")),
        ('"C++"', Word("C++")),
        ('"say ""hi"""', Word('say "hi"')),
        ("Wi-Fi", Word("Wi-Fi")),
        ("don't", Word("don't")),
        ("R&D", Word("R&D")),
        ("Yahoo!", Word("Yahoo!")),
        ("3回", Word("3回")),
        ("株式会社（株）", Word("株式会社（株）")),
        ("米-->地名", Word("米", "地名")),
        ("ない-->形容詞（非自立）", Word("ない", "形容詞（非自立）")),
        ("買う-->VERB", Word("買う", "VERB")),
        ("買う->未然形", Word("買う", None, "未然形")),
        ("買う->連用形-促音便", Word("買う", None, "連用形-促音便")),
        ("行く->命令ｅ", Word("行く", None, "命令ｅ")),
        ("買う=>買わ", Word("買う", None, None, "買わ")),
        ("買う-->動詞->未然形", Word("買う", "動詞", "未然形")),
        ("買う-->動詞=>買わ", Word("買う", "動詞", None, "買わ")),
        # phrases and neighbours
        ("卒業+論文", Phrase(("卒業", "論文"))),
        ("だ+ある+。", Phrase(("だ", "ある", "。"))),
        ("卒業＋論文", Phrase(("卒業", "論文"))),
        ("near(先生-奥さん)", Near(("先生", "奥さん"))),
        ("NEAR(先生-奥さん)[20]", Near(("先生", "奥さん"), distance=20)),
        ("near(先生-奥さん)[b]", Near(("先生", "奥さん"), within="sentence")),
        ("near(先生-奥さん)[d]", Near(("先生", "奥さん"), within="paragraph")),
        ("near(先生-奥さん)[b8]", Near(("先生", "奥さん"), distance=8, within="sentence")),
        ("near(先生-奥さん)[d0]", Near(("先生", "奥さん"), distance=0, within="paragraph")),
        ("near（先生－奥さん）［ｂ８］", Near(("先生", "奥さん"), distance=8, within="sentence")),
        ("near( 先生 - 奥さん - 私 )", Near(("先生", "奥さん", "私"))),
        ("seq(気の毒-思う)", Near(("気の毒", "思う"), ordered=True)),
        ("seq(先生-奥さん)[b9]", Near(("先生", "奥さん"), True, 9, "sentence")),
        # strings
        ("'多ければ'", String("多ければ")),
        ("'it''s'", String("it's")),
        ("'a | b ( c'", String("a | b ( c")),
        # other codes, columns, headings
        ("<*他>", CodeIs("他")),
        ("<＊他>", CodeIs("他")),
        ("<>性別-->女性", ColumnIs("性別", "女性")),
        ("<>部署-->営業（東京）", ColumnIs("部署", "営業（東京）")),
        ("<>a-->b-->c", ColumnIs("a-->b", "c")),
        ('"<>職 業-->会社員 (東京)"', ColumnIs("職 業", "会社員 (東京)")),
        ("<>得点<>", ColumnPositive("得点")),
        ("<>見出し1-->上＿先生と私", HeadingIs(1, "上＿先生と私")),
        ("<>heading5-->X", HeadingIs(5, "X")),
        ("<>H2-->X", HeadingIs(2, "X")),
        ("<>見出し6-->X", ColumnIs("見出し6", "X")),
        # lengths and numbers
        ("lw <= 10", Compare("<=", Length("words"), Number(10))),
        ("LC == ３", Compare("==", Length("characters"), Number(3))),
        ("No. > 50", Compare(">", UnitNumber(), Number(50))),
        ("no. < 1.5", Compare("<", UnitNumber(), Number(1.5))),
        # operators and how tightly they bind
        ("愛 | 恋", Or((A, B))),
        ("愛 or 恋 OR 死", Or((A, B, C))),
        ("愛 & 恋 and 死", And((A, B, C))),
        ("! 愛", Not(A)),
        ("not 愛", Not(A)),
        ("愛 &! 恋", And((A, Not(B)))),
        ("愛 |! 恋", Or((A, Not(B)))),
        ("愛 and not 恋", And((A, Not(B)))),
        ("愛 | 恋 & 死 | 病", Or((A, And((B, C)), D))),
        ("( 愛 | 恋 ) & 死", And((Or((A, B)), C))),
        ("not 愛 == 恋 and 死", And((Not(Compare("==", A, B)), C))),
        ("愛 + 恋 >= 3", Compare(">=", Sum((("+", A), ("+", B))), Number(3))),
        ("愛 - 恋 + 死 > 0", Compare(">", Sum((("+", A), ("-", B), ("+", C))), Number(0))),
        (
            "愛 * 100 / lw + 恋 < 5",
            Compare(
                "<",
                Sum(
                    (
                        ("+", Product((("*", A), ("*", Number(100)), ("/", Length("words"))))),
                        ("+", B),
                    )
                ),
                Number(5),
            ),
        ),
        ("愛 > - 1", Compare(">", A, Sum((("-", Number(1)),)))),
        ("<*他> + 愛 >= 2", Compare(">=", Sum((("+", CodeIs("他")), ("+", A))), Number(2))),
        # without spaces and in full width, where nothing else can be meant
        ("(愛|恋)&死", And((Or((A, B)), C))),
        ("（愛　｜　恋）　＆　！死", And((Or((A, B)), Not(C)))),
        ("not(愛)and(恋)", And((Not(A), B))),
        ("(<>性別-->女|恋)", None),
        ("( 恋 and <>性別-->女)", And((B, ColumnIs("性別", "女")))),
        ("愛 ＞＝ ２", Compare(">=", A, Number(2))),
        ("愛\n or 恋\n\n\tor\t死", Or((A, B, C))),
    ],
)
def test_construct(text: str, tree: Node | None) -> None:
    if tree is None:  # a value of a column goes on to the next space
        assert condition(text.replace("|", " |")) == Or((ColumnIs("性別", "女"), B))
    else:
        assert condition(text) == tree


def test_a_file() -> None:
    text = """# themes
＊人の死
死後 or 生死
  or 自殺
# a comment inside
or 死ぬ

*  恋 愛
愛
*後で定義する
( <*最後> | <＊人の死> )
*最後
恋
"""
    rules = parse_rules(text, file="theme.txt")
    assert rules.codes == (
        Code("人の死", Or(tuple(Word(w) for w in ("死後", "生死", "自殺", "死ぬ")))),
        Code("恋 愛", A),
        Code("後で定義する", Or((CodeIs("最後"), CodeIs("人の死")))),
        Code("最後", B),
    )
    assert [code.line for code in rules.codes] == [2, 8, 10, 12]
    assert [leaf.line for leaf in leaves(rules.codes[0].condition)] == [3, 3, 4, 6]
    assert rules.order == (0, 1, 3, 2)
    assert rules.names == ("人の死", "恋 愛", "後で定義する", "最後")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_mark(newline: str, start: str) -> None:
    rules = parse_rules(start + newline.join(["*a", "愛", "", "*b", "恋"]))
    assert [(code.name, code.line) for code in rules.codes] == [("a", 1), ("b", 4)]


ERRORS = [
    # (file, line, part of the problem)
    ("", None, "no code in this file"),
    ("# only a comment\n\n", None, "no code in this file"),
    ("愛\n*a\n恋\n", 1, "before the first code"),
    ("*a\n愛\n*\n恋\n", 3, "no name"),
    ("*a\n# nothing\n\n*b\n恋\n", 1, "*a has no condition"),
    ("*a\n愛\n\n＊a\n恋\n", 4, "defined twice; the first is on line 1"),
    ("*a\n愛 恋\n", 2, "no operator between 愛 and 恋"),
    ("*a\n愛\n恋\n", 3, "no operator between 愛 and 恋"),
    ("*a\n( 愛 恋 )\n", 2, "no operator between 愛 and 恋"),
    ("*a\nServo i | 恋\n", 2, "no operator between Servo and i"),
    ("*a\n愛 |\n| 恋\n", 3, "missing at |"),
    ("*a\n愛 && 恋\n", 2, "missing at &"),
    ("*a\n| 恋\n", 2, "missing at |"),
    ("*a\n愛 or\n", 2, "ends after or"),
    ("*a\n愛 >= \n", 2, "ends after >="),
    ("*a\n愛 &! \n", 2, "ends after !"),
    ("*a\n( )\n", 2, "missing at )"),
    ("*a\n恋 or\n( 愛\n or 恋\n", 3, "not closed"),
    ("*a\n愛 )\n", 2, "closes nothing"),
    ("*a\n" + "( " * 41 + "愛" + " )" * 41, 2, "too deeply"),
    ("*a\n" + "! " * 5000 + "愛", 2, "too deeply"),
    ("*a\n2 <= 愛 <= 5\n", 2, "Two comparisons follow one another at <="),
    ("*a\n2020\n", 2, "number alone"),
    ("*a\n愛 or\n2\n", 3, "number alone"),
    ("*a\n愛 and 2 > 1\n", 2, "number alone"),
    ("*a\nnot 3\n", 2, "number alone"),
    ("*a\n'愛\n", 2, "not closed on this line"),
    ('*a\n"愛\n', 2, "not closed on this line"),
    ("*a\n''\n", 2, "nothing between"),
    ("*a\n愛 or ‘恋’\n", 2, "quotation mark ‘"),
    ("*a\n＇恋＇\n", 2, "quotation mark ＇"),
    ("*a\n'太陽'+電池\n", 2, "'太陽' is directly followed by +"),
    ("*a\n'it's'\n", 2, "'it' is directly followed by s"),
    ("*a\n評価+'住宅'\n", 2, "+ joins words only"),
    ("*a\nC++\n", 2, "+ joins words only"),
    ("*a\n愛>=3\n", 2, "愛>=3 cannot be understood"),
    ("*a\n愛 = 3\n", 2, "= cannot be understood"),
    ("*a\n愛 != 3\n", 2, "!= cannot be understood"),
    ("*a\n愛 <=> 3\n", 2, "<=> is no reference"),
    ("*a\n愛 ** 3\n", 2, "** looks like a code"),
    ("*a\n＜＊愛＞\n", 2, "cannot be understood"),
    ("*a\n愛 or *恋\n", 2, "*恋 looks like a code"),
    ("*a\n愛 or\n ＊恋\n", 3, "＊恋 looks like a code"),
    ("*a\n愛(恋 or 死)\n", 2, "parenthesis opens inside 愛(恋"),
    ("*a\n愛(恋|死)\n", 2, "parenthesis opens inside 愛(恋"),
    ("*a\n<恋>\n", 2, "<恋> is no reference"),
    ("*a\n愛 or <１外壁・塗装>\n", 2, "<１外壁・塗装> is no reference"),
    ("*a\n愛 <3\n", 2, "<3 is no reference"),
    ("*a\n<* >\n", 2, "is no reference"),
    ("*a\n愛\n*b\n恋 or\n<*c>\n", 5, "no code *c"),
    ("*a\n<*b>\n*b\n愛 or\n<*a>\n", 5, "circle: *a → *b → *a"),
    ("*a\n愛 or <*a>\n", 2, "circle: *a → *a"),
    ("*a\n<>性別\n", 2, "<>性別 is no condition on a column"),
    ("*a\n<>性別-->\n", 2, "no condition on a column"),
    ("*a\n<>性別 --> 女\n", 2, "no condition on a column"),
    ("*a\n<>\n", 2, "no condition on a column"),
    ("*a\nnear(愛-恋\n", 2, "near( is not closed"),
    ("*a\nnear(愛)\n", 2, "two or more words"),
    ("*a\nnear(愛-)\n", 2, "two or more words"),
    ("*a\nnear('太陽'-'電池')\n", 2, "two or more words"),
    ("*a\nnear(愛+人-恋)\n", 2, "two or more words"),
    ("*a\nseq(愛-恋-愛)\n", 2, "same word twice"),
    ("*a\nseq(訪販-ない){b}\n", 2, "directly followed by {"),
    ("*a\nnear(愛-恋)10\n", 2, "directly followed by 1"),
    ("*a\nnear(愛-恋)[x]\n", 2, "[x] is no option of near"),
    ("*a\nnear(愛-恋)[10b]\n", 2, "[10b] is no option of near"),
    ("*a\nnear(愛-恋)[]\n", 2, "[] is no option of near"),
    ("*a\n米-->国名\n", 2, "no part of speech 国名"),
    ("*a\n買う->過去形\n", 2, "no conjugation form 過去形"),
    ("*a\n買う==>買わ\n", 2, "not written as a word with arrows"),
    ("*a\n買う->未然形=>買わ\n", 2, "not written as a word with arrows"),
    ("*a\n卒業+論文-->名詞\n", 2, "not written as a word with arrows"),
    ("*a\n買う-->\n", 2, "not written as a word with arrows"),
    ("*a\n->未然形\n", 2, "not written as a word with arrows"),
]


@pytest.mark.parametrize(("text", "line", "problem"), ERRORS)
def test_error(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_rules(text, file="rules.txt")
    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.row) == ("rules.txt", line)
    assert caught.value.remedy


def test_long_chains_of_codes_and_operators_need_no_deep_stack() -> None:
    n = 3000
    chain = "".join(f"*c{i}\n<*c{i + 1}>\n" for i in range(n)) + f"*c{n}\n愛\n"
    assert parse_rules(chain).order == tuple(range(n, -1, -1))
    assert len(leaves(condition(" or ".join(["愛"] * n)))) == n
    assert len(leaves(condition(" + ".join(["愛"] * n)))) == n


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"])
def test_encodings(tmp_path, encoding: str) -> None:
    path = tmp_path / "rules.txt"
    text = "＊人の死\n死ぬ or 亡くなる or '多ければ'\n\n＊恋愛\n愛 or 恋 or 結婚\n"
    path.write_bytes(text.encode(encoding))
    assert read_rules(path) == parse_rules(text)
    assert read_rules(path).file == str(path)
    if not encoding.startswith("utf"):
        assert read_rules(path, encoding=encoding) == parse_rules(text)


def test_file_that_cannot_be_read_as_named(tmp_path) -> None:
    path = tmp_path / "rules.txt"
    path.write_bytes("＊人の死\n死ぬ\n".encode("cp932"))
    with pytest.raises(BadInput) as caught:
        read_rules(path, encoding="utf-8")
    assert (caught.value.file, caught.value.row) == (str(path), 1)
    path.write_bytes(codecs.BOM_UTF8 + "＊人の死\n死ぬ\n".encode() + b"\xff or x\n")
    with pytest.raises(BadInput) as caught:
        read_rules(path)
    assert caught.value.row == 3
    path.write_bytes(bytes([0x89, 0, 0xFE, 0xFF, 0x90, 3, 0x80]) * 40)
    with pytest.raises(BadInput, match="not a text file") as caught:
        read_rules(path)
    assert caught.value.file == str(path)
