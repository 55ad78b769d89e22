"""Units get the codes that a slow reading of the rules in plain Python gives them."""

import math
import re
from collections.abc import Sequence

import hypothesis.strategies as st
import numpy as np
from coding_view import Document, ListView, Token
from hypothesis import HealthCheck, given, settings

from bunsan.words.coding.evaluate import code_units
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
    Rules,
    String,
    Sum,
    UnitNumber,
    Word,
    leaves,
)

# A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# The slow twin: everything is looked up token by token, for one unit at a time.


class Twin:
    def __init__(self, view: ListView, codes: Sequence[Code]) -> None:
        self.view = view
        self.codes = {code.name: code.condition for code in codes}

    def tokens(self, unit: int) -> range:
        return range(self.view.units[unit], self.view.units[unit + 1])

    def truth(self, node: Node, unit: int) -> bool:
        value = self.value(node, unit)
        return value != 0 and not math.isnan(value)

    def value(self, node: Node, unit: int) -> float:
        view, document = self.view, self.view.unit_document[unit]
        match node:
            case Or(parts):
                return any(self.truth(part, unit) for part in parts)
            case And(parts):
                return all(self.truth(part, unit) for part in parts)
            case Not(part):
                return not self.truth(part, unit)
            case Compare(operator, left, right):
                a, b = self.value(left, unit), self.value(right, unit)
                return {"==": a == b, ">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b}[operator]
            case Sum(parts):
                return sum((1 if sign == "+" else -1) * self.value(p, unit) for sign, p in parts)
            case Product(parts):
                product = 1.0
                for sign, part in parts:
                    factor = self.value(part, unit)
                    if sign == "*":
                        product *= factor
                    else:
                        product = product / factor if factor else math.nan
                return product
            case Number(value):
                return value
            case CodeIs(name):
                return self.truth(self.codes[name], unit)
            case Length(of):
                sizes = [len(view.tokens[i].surface) for i in self.tokens(unit)]
                return len(sizes) if of == "words" else sum(sizes)
            case UnitNumber():
                return unit + 1
            case ColumnIs(column, wanted):
                return view.columns[column][document] == wanted
            case HeadingIs(level, wanted):
                return view.columns[f"見出し{level}"][document] == wanted
            case ColumnPositive(column):
                found = view.columns[column][document]
                return bool(found) and found.replace(".", "").isdigit() and float(found) > 0
            case Word():
                return len(self.words(node, unit))
            case Phrase(words):
                n = len(words)
                inside = self.tokens(unit)
                starts = range(inside.start, inside.stop - n + 1)
                return sum(
                    all(view.tokens[i + k].word == words[k] for k in range(n)) for i in starts
                )
            case Near():
                return self.near(node, unit)
            case String(text):
                return len({self.sentence(i) for i in self.string(text, unit)})
        raise TypeError(node)

    def words(self, word: Word, unit: int) -> list[int]:
        tags = {"名詞C": "NOUN", "動詞": "VERB", None: None}[word.pos]
        return [
            i
            for i in self.tokens(unit)
            if (token := self.view.tokens[i]).word == word.text
            and tags in (None, token.pos)
            and word.inflection in (None, token.inflection)
            and word.surface in (None, token.surface)
        ]

    def sentence(self, token: int) -> int:
        return sum(1 for at in self.view.sentence if at <= token)

    def paragraph(self, token: int) -> int:
        return sum(1 for at in self.view.paragraph if at <= token)

    def string(self, text: str, unit: int) -> list[int]:
        """First tokens of the string's occurrences in the text of the unit."""
        inside = self.tokens(unit)
        letters = [(i, c) for i in inside for c in self.view.tokens[i].surface]
        joined = "".join(c for _, c in letters)
        return [letters[m.start()][0] for m in re.finditer(f"(?={re.escape(text)})", joined, re.I)]

    def near(self, near: Near, unit: int) -> int:
        """From each word forward, one token after the other."""
        scope = {
            "unit": lambda i: 0, "sentence": self.sentence, "paragraph": self.paragraph
        }[near.within]  # fmt: skip
        tokens = self.view.tokens
        places = 0
        for start in self.tokens(unit):
            if tokens[start].word not in near.words:
                continue
            if near.ordered and tokens[start].word != near.words[0]:
                continue
            later = range(start + 1, self.tokens(unit).stop)
            following = [tokens[i].word for i in later if tokens[i].word in near.words]
            if following[:1] == [tokens[start].word]:
                continue  # the next one is the start
            missing = list(near.words)
            missing.remove(tokens[start].word)
            end = start
            for i in later:
                word = tokens[i].word
                if near.distance and i - end > near.distance:
                    break
                if scope(i) != scope(start):
                    break
                if word in missing and (not near.ordered or word == missing[0]):
                    missing.remove(word)
                    end = i
                if not missing:
                    places += 1
                    break
        return places


# Random collections and random rules on them

words = st.sampled_from("aabcd")
tokens = st.builds(
    lambda word, ending, pos, inflection: Token(word, word + ending, pos, inflection),
    words,
    st.sampled_from(["", "", "x", "xx", "、"]),
    st.sampled_from(["NOUN", "VERB"]),
    st.sampled_from(["終止形", "命令形"]),
)
sentences = st.lists(tokens, max_size=7)
documents = st.lists(st.lists(sentences, max_size=3), max_size=2)


@st.composite
def views(draw: st.DrawFn) -> ListView:
    found: list[Document] = draw(st.lists(documents, max_size=3))
    n = len(found)
    values = st.sampled_from([None, "女", "男", "3", "0", "-1", "2.5"])
    column = st.lists(values, min_size=n, max_size=n)
    columns = {"性": draw(column), "見出し2": draw(column)}
    return ListView(found, draw(st.sampled_from(["document", "paragraph", "sentence"])), columns)


leaf = st.one_of(
    st.builds(Word, words),
    st.builds(
        Word,
        words,
        st.sampled_from([None, "名詞C", "動詞"]),
        st.sampled_from([None, "終止形"]),
        st.sampled_from([None, "ax", "b"]),
    ),
    st.builds(Phrase, st.lists(words, min_size=2, max_size=3).map(tuple)),
    st.builds(
        Near,
        st.lists(words, min_size=2, max_size=3, unique=True).map(tuple),
        st.booleans(),
        st.integers(0, 4),
        st.sampled_from(["unit", "sentence", "paragraph"]),
    ),
    st.builds(String, st.text("abcdx、X", min_size=1, max_size=3)),
    st.builds(ColumnIs, st.just("性"), st.sampled_from(["女", "3"])),
    st.builds(HeadingIs, st.just(2), st.sampled_from(["男", "3"])),
    st.builds(ColumnPositive, st.just("性")),
    st.builds(Length, st.sampled_from(["words", "characters"])),
    st.builds(UnitNumber),
    st.just(CodeIs("last")),
)


def compound(part: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(part, min_size=2, max_size=3).map(tuple)
    number = part | st.builds(Number, st.integers(0, 4).map(float))
    terms = st.lists(st.tuples(st.sampled_from("+-"), number), min_size=2, max_size=3)
    factors = st.lists(st.tuples(st.sampled_from("*/"), number), min_size=1, max_size=2)
    return st.one_of(
        st.builds(Not, part),
        st.builds(And, several),
        st.builds(Or, several),
        terms.map(lambda parts: Sum(tuple(parts))),
        st.builds(lambda first, rest: Product((("*", first), *rest)), number, factors),
        st.builds(Compare, st.sampled_from(["==", ">", ">=", "<", "<="]), number, number),
    ).filter(lambda node: bool(leaves(node)))


trees: st.SearchStrategy[Node] = st.recursive(leaf, compound, max_leaves=6)


@settings(unhurried, max_examples=400)
@given(views(), st.lists(trees, min_size=1, max_size=4))
def test_the_same_as_the_slow_twin(view: ListView, conditions: list[Node]) -> None:
    codes = [Code(str(i), node) for i, node in enumerate(conditions)]
    codes.append(Code("last", Or((Phrase(("a", "b")), Word("c")))))
    order = (len(codes) - 1, *range(len(codes) - 1))
    coding = code_units(view.resolve(Rules(tuple(codes), order)), view)
    twin = Twin(view, codes)
    units = range(len(view.units) - 1)
    expected = [[twin.truth(code.condition, unit) for code in codes] for unit in units]
    assert coding.matrix.shape == (len(units), len(codes))
    assert coding.matrix.tolist() == expected
    for code in codes:  # not only whether, but how often
        got = coding.values(code.condition, 0, len(units)).astype(float).tolist()
        want = [float(twin.value(code.condition, unit)) for unit in units]
        np.testing.assert_allclose(got, want, rtol=1e-12)
        for unit in units:
            one = coding.values(code.condition, unit, unit + 1)
            np.testing.assert_allclose(one, want[unit : unit + 1], rtol=1e-12)


@settings(unhurried, max_examples=150)
@given(views(), trees, trees, trees)
def test_laws_of_boolean_algebra(view: ListView, a: Node, b: Node, c: Node) -> None:
    def coded(node: Node) -> list[bool]:
        codes = (Code("x", node), Code("last", Word("d")))
        return code_units(view.resolve(Rules(codes, (1, 0))), view).matrix[:, 0].tolist()

    assert coded(Not(And((a, b)))) == coded(Or((Not(a), Not(b))))
    assert coded(Not(Or((a, b)))) == coded(And((Not(a), Not(b))))
    assert coded(And((a, Or((b, c))))) == coded(Or((And((a, b)), And((a, c)))))
    assert coded(Or((a, And((a, b))))) == coded(a)
    assert coded(Not(Not(a))) == coded(a)
    assert not any(coded(And((a, Not(a)))))
    assert all(coded(Or((a, Not(a)))))


@settings(unhurried, max_examples=200)
@given(views(), trees)
def test_spans_show_the_words_that_gave_the_code(view: ListView, node: Node) -> None:
    codes = (Code("x", node), Code("last", Word("d")))
    coding = code_units(view.resolve(Rules(codes, (1, 0))), view)
    for unit in range(len(view.units) - 1):
        spans = coding.spans(unit, 0)
        assert spans == sorted(set(spans))
        if not coding.matrix[unit, 0]:
            assert not spans
        for begin, end in spans:
            assert view.units[unit] <= begin < end <= view.units[unit + 1]
        match node:
            case Word():
                assert [begin for begin, _ in spans] == Twin(view, codes).words(node, unit)
                assert all(end == begin + 1 for begin, end in spans)
            case Phrase(words):
                for begin, end in spans:
                    assert tuple(t.word for t in view.tokens[begin:end]) == words
            case Near(words) if coding.matrix[unit, 0]:
                assert {view.tokens[begin].word for begin, _ in spans} == set(words)
            case String(text):
                for begin, end in spans:
                    shown = "".join(t.surface for t in view.tokens[begin:end])
                    assert text.lower() in shown.lower()
            case Not():
                assert not spans
