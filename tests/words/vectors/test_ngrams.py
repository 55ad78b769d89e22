from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.words.training.ngram_index import index_ngrams
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.ngrams import character_ngrams, fnv1a, ngram_buckets
from bunsan.words.vectors.strings import StringTable
from bunsan.words.vectors.subwords import Subwords

WORD = st.text(
    st.characters(codec="utf-8", exclude_characters=" \n\r\t\v\f\0"), min_size=1, max_size=8
)


def test_by_hand() -> None:
    # Bojanowski et al. 2017, section 3.2: the n-grams of "where" for n = 3.
    assert character_ngrams("where", 3, 3) == ["<wh", "whe", "her", "ere", "re>"]
    assert character_ngrams("首", 1, 3) == ["<首", "<首>", "首", "首>"]
    assert character_ngrams("ab", 4, 6) == ["<ab>"]
    assert character_ngrams("ab", 5, 6) == []
    assert character_ngrams("</s>", 1, 3) == []
    assert character_ngrams("ab", 0, 0) == []
    assert fnv1a(b"a") == 0xE40C292C  # plain FNV-1a for ASCII (its authors' test vector)
    assert fnv1a("あ".encode()) != 0
    assert len(ngram_buckets("ab", 1, 2, 0)) == 0


@given(st.lists(WORD, unique=True, max_size=5), st.integers(1, 4), st.integers(0, 4))
def test_training_enumerates_the_same(words: list[str], minn: int, more: int) -> None:
    index = index_ngrams(words, minn, minn + more, 997)
    for w, word in enumerate(words):
        rows = index.row[index.start[w] : index.start[w + 1]]
        assert index.buckets[rows].tolist() == ngram_buckets(word, minn, minn + more, 997).tolist()


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
@pytest.mark.parametrize("part", [False, True])
def test_compose_is_the_mean_of_rows(storage: str, part: bool) -> None:
    rng = np.random.default_rng(3)
    words = ["where", "日本語", "</s>", "𠮷", "a", "é"]
    own = rng.standard_normal((len(words), 7), np.float32)
    used = np.flatnonzero(rng.random(60) < 0.5) if part else None
    ngrams = Matrix(rng.standard_normal((60 if used is None else len(used), 7), np.float32))
    ngrams = ngrams.to(storage)  # type: ignore[arg-type]
    subwords = Subwords(ngrams, 2, 4, 60, used, None)
    composed = subwords.compose(StringTable.from_words(words), Matrix(own))
    places = {b: i for i, b in enumerate(range(60) if used is None else used.tolist())}
    numbers = ngrams.take(slice(None)).astype(np.float64)
    for word, row, vector in zip(words, own, composed, strict=True):
        rows = [places[b] for b in ngram_buckets(word, 2, 4, 60).tolist() if b in places]
        expected = np.mean([row, *(numbers[r] for r in rows)], axis=0)
        np.testing.assert_allclose(vector, expected, atol=1e-6)
        unseen = subwords.vector(word)
        if rows:
            assert unseen is not None
            np.testing.assert_allclose(unseen, numbers[rows].mean(axis=0), atol=1e-6)
        else:
            assert unseen is None
    back = subwords.own_rows(StringTable.from_words(words), Matrix(composed))
    np.testing.assert_allclose(back, own, atol=1e-5)


def test_refusals() -> None:
    rows = Matrix(np.zeros((3, 2), np.float32))
    with pytest.raises(ValueError, match="3 rows for 4 buckets"):
        Subwords(rows, 1, 2, 4)
    with pytest.raises(ValueError, match="ascending"):
        Subwords(rows, 1, 2, 9, np.array([1, 1, 2]))
    with pytest.raises(ValueError, match="ascending"):
        Subwords(rows, 1, 2, 9, np.array([1, 2, 9]))


def test_as_fasttext(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext", reason="the owner of the n-grams is not installed")
    words = ["日本", "where", "a", "𠮷野家", "ｱ", "naïve", "ab"]
    (tmp_path / "text").write_text("\n".join([" ".join(words)] * 30) + "\n", encoding="utf-8")
    for minn, maxn in ((1, 3), (3, 6), (2, 2)):
        model = fasttext.train_unsupervised(
            str(tmp_path / "text"), dim=16, epoch=1, minCount=1, bucket=1009, minn=minn, maxn=maxn,
            thread=1, verbose=0,
        )  # fmt: skip
        n_words = len(model.get_words())
        for word in [*words, "見たことのない語", "unseen", "</s>"]:
            subwords, rows = model.get_subwords(word)
            known = model.get_word_id(word) >= 0
            grams = character_ngrams(word, minn, maxn)
            assert subwords[known:] == grams, word
            buckets = ngram_buckets(word, minn, maxn, 1009)
            assert (rows[known:] - n_words).tolist() == buckets.tolist(), word
