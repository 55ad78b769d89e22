import numpy as np
import pytest
from vectors_help import WORDS, assert_same, small_vectors

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import use_language
from bunsan.words.vectors.account import Account, Note
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.spellings import close_spellings
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors


def test_a_mapping_of_words() -> None:
    vectors = small_vectors()
    assert len(vectors) == 12
    assert vectors.dim == 5
    assert list(vectors) == WORDS
    assert "東京" in vectors
    assert "nowhere" not in vectors
    np.testing.assert_array_equal(vectors["東京"], vectors.matrix.values[1])
    np.testing.assert_array_equal(vectors.vectors(["a", "東京"]), vectors.matrix.values[[4, 1]])
    assert vectors.vectors([]).shape == (0, 5)
    vectors["東京"][:] = 0  # a copy
    assert vectors.matrix.values[1].any()


def test_unknown_words() -> None:
    vectors = WordVectors(["サーバー", "Tokyo", "東京", "ﾊﾝｶｸ", "new_york"], np.eye(5))
    with pytest.raises(KeyError) as error:
        vectors["サーバ"]
    assert isinstance(error.value, Missing)
    assert str(error.value) == "'サーバ' has no vector. There is サーバー."
    for wrong, right in (
        ("TOKYO", "Tokyo"),
        ("ｔｏｋｙｏ", "Tokyo"),
        ("new york", "new_york"),
        ("New-York", "new_york"),
        ("さーばー", "サーバー"),
        ("サ－バ－", "サーバー"),
    ):
        assert close_spellings(wrong, vectors) == [right], wrong
    assert close_spellings("北京", vectors) == []
    with pytest.raises(KeyError, match="'北京' has no vector"):
        vectors.vectors(["東京", "北京"])
    with pytest.raises(KeyError, match="'北京'"):
        vectors.select(["北京"])


def test_unknown_words_from_ngrams() -> None:
    vectors = small_vectors(ngrams=True)
    assert vectors.subwords is not None
    np.testing.assert_array_equal(vectors["日本人"], vectors.subwords.vector("日本人"))
    np.testing.assert_array_equal(vectors.vectors(["日本", "日本人"])[1], vectors["日本人"])
    assert "日本人" not in vectors
    assert len(vectors.nearest("日本人", 20)) == 12
    with pytest.raises(KeyError):
        vectors["</s>"]


def test_parts() -> None:
    vectors = small_vectors(ngrams=True)
    part = vectors.select(["a", "日本"])
    assert list(part.words) == ["a", "日本"]
    np.testing.assert_array_equal(part["a"], vectors["a"])
    assert part.counts is not None
    assert part.counts.tolist() == [8, 12]
    assert part.subwords is not None
    assert part.subwords.words is not None
    np.testing.assert_array_equal(part["ほか"], vectors["ほか"])
    head = vectors.head(3)
    assert list(head.words) == WORDS[:3]
    np.testing.assert_array_equal(head.matrix.values, vectors.matrix.values[:3])
    assert_same(vectors.head(100), vectors)
    small = vectors.to("int8")
    assert small.matrix.storage == small.subwords.ngrams.storage == "int8"  # type: ignore[union-attr]
    assert small.similarity("日本", "東京") == pytest.approx(
        vectors.similarity("日本", "東京"), abs=0.02
    )


def test_shown() -> None:
    vectors = WordVectors(
        ["<a>", "b"], np.eye(2), about={"licence": "CC & <BY>"}, account=[Note("empty_word", 3)]
    )
    assert repr(vectors) == "<WordVectors: 2 words, 2 dimensions, float32>"
    assert repr(small_vectors(ngrams=True)).endswith("float32, n-grams 1-3>")
    html = vectors._repr_html_()
    for text in ("&lt;a&gt;", "CC &amp; &lt;BY&gt;", "3 rows have no word"):
        assert text in html
    assert "<a>" not in html


def test_notes() -> None:
    account = Account()
    account.add("duplicate", 2, places=[4, 9], examples=["a", "b"])
    account.add("duplicate", 5, places=range(10, 20), examples=["c"])
    account.add("empty_line", 0)
    account.add("limited", detail="7")
    first, second = account.notes()
    assert (first.count, first.places, first.examples) == (7, (4, 9, 10, 11, 12), ("a", "b", "c"))
    assert str(first) == (
        "7 words come again; the first row of each was kept (line 4, 9, 10, 11, 12, ...)"
        ": 'a', 'b', 'c'."
    )
    assert str(second) == "Reading ended after 7 words, as asked."
    assert Note.from_dict(first.to_dict()) == first
    try:
        use_language("ja")
        assert str(second) == "指定どおり 7 語で読み込みを終えました。"
        assert "(4, 9, 10, 11, 12 ほか 行目)" in str(first)
    finally:
        use_language(None)


def test_what_does_not_fit() -> None:
    with pytest.raises(BadInput, match="twice"):
        WordVectors(["a", "a"], np.eye(2))
    with pytest.raises(ValueError, match="3 rows for 2 words"):
        WordVectors(["a", "b"], np.eye(3))
    with pytest.raises(ValueError, match="counts"):
        WordVectors(["a", "b"], np.eye(2), counts=[1])
    with pytest.raises(ValueError, match="lengths"):
        WordVectors(["a", "b"], np.eye(2), lengths=np.ones(3, np.float32))
    with pytest.raises(ValueError, match="n-grams"):
        WordVectors(["a", "b"], np.eye(2), subwords=Subwords(Matrix(np.eye(3)), 1, 2, 3))
