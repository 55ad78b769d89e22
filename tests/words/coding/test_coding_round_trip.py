"""Rules written and read again are the same; any text is rules or a clear error."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from bunsan.base.errors import BadInput
from bunsan.words.coding.lexer import Lexer
from bunsan.words.coding.parser import parse_rules
from bunsan.words.coding.syntax import (
    And,
    Code,
    CodeIs,
    ColumnIs,
    ColumnPositive,
    Compare,
    HeadingIs,
    Leaf,
    Length,
    Near,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    Product,
    Rules,
    String,
    Sum,
    UnitNumber,
    Word,
    format_rules,
    leaves,
)

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Writing and reading again

plain = st.text("あいうえおアイウ愛恋死abcXYZー々", min_size=1, max_size=4).filter(
    lambda w: w.lower() not in ("and", "or", "not", "lw", "lc")
)
anything = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=8
)
filled = anything.filter(lambda t: t.strip())
stripped = filled.map(str.strip)
numbers = st.integers(0, 10**15 - 1).map(float) | st.integers(0, 10**6).map(lambda n: n / 1000)
names = stripped.filter(lambda t: ">" not in t)
words = (
    st.builds(Word, filled.filter(lambda t: not t.startswith("<>")))
    | st.builds(
        Word,
        plain,
        st.sampled_from([None, "名詞C", "形容詞（非自立）", "VERB"]),
        st.sampled_from([None, "未然形", "仮定縮約１"]),
        st.none(),
    )
    | st.builds(Word, plain, st.sampled_from([None, "動詞"]), st.none(), plain)
)
columns = stripped.filter(lambda t: t.lower()[:-1] not in ("見出し", "heading", "h"))
simple = st.one_of(
    words,
    st.builds(Phrase, st.lists(plain, min_size=2, max_size=4).map(tuple)),
    st.builds(
        Near,
        st.lists(plain, min_size=2, max_size=4, unique=True).map(tuple),
        st.booleans(),
        st.integers(0, 10**9 - 1),
        st.sampled_from(["unit", "sentence", "paragraph"]),
    ),
    st.builds(String, filled),
    st.builds(ColumnIs, columns, stripped.filter(lambda t: "-->" not in t)),
    st.builds(ColumnPositive, stripped.filter(lambda t: "-->" not in t)),
    st.builds(HeadingIs, st.integers(1, 5), stripped.filter(lambda t: "-->" not in t)),
    st.builds(Length, st.sampled_from(["words", "characters"])),
    st.builds(UnitNumber),
)


def compound(part: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(part, min_size=2, max_size=3).map(tuple)
    number = part | st.builds(Number, numbers)
    signs, times = st.sampled_from("+-"), st.sampled_from("*/")
    sums = st.lists(st.tuples(signs, number), min_size=2, max_size=3).map(lambda p: Sum(tuple(p)))
    products = st.lists(st.tuples(times, number), min_size=2, max_size=3).map(
        lambda p: Product((("*", p[0][1]), *p[1:]))
    )
    minus = part.map(lambda p: Sum((("-", p),)))
    comparisons = st.builds(
        Compare, st.sampled_from(["==", ">", ">=", "<", "<="]), number | sums, number | products
    )
    return st.one_of(
        st.builds(Not, part), st.builds(And, several), st.builds(Or, several), sums, products,
        minus, comparisons,
    ).filter(lambda node: bool(leaves(node)))  # fmt: skip


trees: st.SearchStrategy[Node] = st.recursive(simple, compound, max_leaves=8)


@unhurried
@given(st.lists(st.tuples(names, trees), min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
def test_round_trip(pairs: list[tuple[str, Node]]) -> None:
    codes = [Code(name, tree) for name, tree in pairs]
    # One code more refers to the first, from before it.
    first = next(f"c{i}" for i in range(9) if f"c{i}" not in [c.name for c in codes])
    codes.insert(0, Code(first, Not(CodeIs(codes[0].name))))
    rules = Rules(tuple(codes), (1, 0, *range(2, len(codes))))
    written = format_rules(rules)
    again = parse_rules(written)
    assert again == rules
    assert format_rules(again) == written


@unhurried
@given(st.text("愛恋 |&!()<>*＊'\"+-=[]#.2anordotlwcesqb\n（）｜", max_size=40))
def test_any_text_is_rules_or_a_clear_error(text: str) -> None:
    rules, problem = None, None
    try:
        rules = parse_rules("*a\n" + text)
    except BadInput as error:
        problem = error
    if rules is not None:
        assert parse_rules(format_rules(rules)) == rules
    else:
        assert problem is not None
        assert problem.remedy
        assert problem.row is not None
        assert 1 <= problem.row <= text.count("\n") + 2


@unhurried
@given(st.text(max_size=30))
def test_the_lexer_loses_no_character(text: str) -> None:
    """Tokens and white space are all there is."""
    try:
        tokens = list(Lexer(None).tokens([(1, text)]))
    except BadInput:
        return
    rest = text
    for token in tokens:
        rest = rest.lstrip()
        assert rest.startswith(token.text)
        rest = rest[len(token.text) :]
    assert not rest.strip()
    assert all(isinstance(t.leaf, Leaf | Number) == (t.kind == "leaf") for t in tokens)
