"""The formulas: hand-computed values, the papers' forms, and what is refused."""

import math

import pytest
from bm25_twin import textbook_idf, textbook_tf
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.words.bm25.formulas import VARIANTS, Bm25Parameters, inverse_document_frequency


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("robertson", math.log(7.5 / 3.5)),
        ("lucene", math.log(1 + 7.5 / 3.5)),
        ("atire", math.log(10 / 3)),
        ("bm25l", math.log(11 / 3.5)),
        ("bm25+", math.log(11 / 3)),
    ],
)
def test_idf_of_a_word_in_3_of_10_documents(variant, expected):
    assert inverse_document_frequency(VARIANTS.index(variant), 3, 10) == pytest.approx(expected)


def test_robertson_idf_is_zero_for_a_word_of_most_documents():
    assert inverse_document_frequency(VARIANTS.index("robertson"), 8, 10) == 0.0


@pytest.mark.parametrize("variant", VARIANTS)
@given(df=st.integers(1, 10**6), more=st.integers(0, 10**9))
def test_idf_agrees_with_the_textbook(variant, df, more):
    ours = inverse_document_frequency(VARIANTS.index(variant), df, df + more)
    assert ours == pytest.approx(textbook_idf(variant, df, df + more), rel=1e-12)


def test_tf_component_by_hand():
    # tf 3, document of average length, so n = 1; k1 = 1, delta = 0.5.
    expected = {
        "robertson": 3 / 4,
        "lucene": 3 / 4,
        "atire": 6 / 4,
        "bm25+": 0.5 + 6 / 4,
        "bm25l": 2 * 3.5 / 4.5,
    }
    for variant, value in expected.items():
        shape = Bm25Parameters(variant, k1=1, b=0.5, delta=0.5).shape
        assert shape.absent + shape.scale * 3 / (3 + shape.saturation) == pytest.approx(value)


@pytest.mark.parametrize("variant", VARIANTS)
@given(
    tf=st.integers(0, 1000),
    ratio=st.floats(0.001, 1000),
    k1=st.floats(0.001, 1000),
    b=st.floats(0, 1),
    delta=st.floats(0, 1000),
)
def test_every_variant_has_the_shape(variant, tf, ratio, k1, b, delta):
    shape = Bm25Parameters(variant, k1, b, delta).shape
    fraction = tf / (tf + shape.saturation * (1 - b + b * ratio)) if tf else 0.0
    value = shape.absent + shape.scale * fraction
    assert value == pytest.approx(textbook_tf(variant, tf, ratio, k1, b, delta), rel=1e-9)


@pytest.mark.parametrize(("delta", "scale", "absent"), [(0.0, 1.0, 0.0), (2.0, 0.0, 1.0)])
def test_bm25l_without_saturation(delta, scale, absent):
    """At k1 = 0 the component is (c + delta) / (c + delta) = 1, with delta = 0 only where c > 0."""
    shape = Bm25Parameters("bm25l", k1=0.0, delta=delta).shape
    assert (shape.scale, shape.absent) == (scale, absent)


def test_delta_defaults_to_what_its_authors_recommend():
    assert Bm25Parameters("bm25+").shape == Bm25Parameters("bm25+", delta=1.0).shape
    assert Bm25Parameters("bm25l").shape == Bm25Parameters("bm25l", delta=0.5).shape


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ({"variant": "bm25f"}, "bm25f"),
        ({"k1": -0.1}, "k1"),
        ({"k1": math.nan}, "k1"),
        ({"b": 1.5}, "b is 1.5"),
        ({"delta": 2000.0}, "delta"),
    ],
)
def test_bad_parameters_are_named(given_, named):
    with pytest.raises(BadInput, match=named):
        Bm25Parameters(**given_)


def test_parameters_survive_json():
    parameters = Bm25Parameters("bm25l", 1.2, 0.4, 0.6)
    assert Bm25Parameters(**parameters.to_dict()) == parameters
