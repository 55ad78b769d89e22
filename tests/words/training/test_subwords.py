"""Words made of character n-grams: kernels against the twin, buckets against the one-word version."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import check_against_twin

from bunsan.words.training.ngram_index import index_ngrams
from bunsan.words.training.simd import WIDTHS
from bunsan.words.vectors.ngrams import ngram_buckets


@pytest.mark.parametrize("width", WIDTHS)
def test_skipgram_is_the_twins(width):
    check_against_twin("skipgram", width=width, with_pieces=True)


@pytest.mark.parametrize("options", [{}, {"mean": False}, {"seed": 4}])
def test_cbow_is_the_twins(options):
    check_against_twin("cbow", with_pieces=True, **options)


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=9) | st.just("</s>"), max_size=12),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(1, 5000),
)
def test_all_words_at_once_as_one_by_one(words, minn, more, bucket):
    index = index_ngrams(words, minn, minn + more, bucket)
    found = set()
    for w, word in enumerate(words):
        rows = index.row[index.start[w] : index.start[w + 1]]
        wanted = ngram_buckets(word, minn, minn + more, bucket)
        assert index.buckets[rows].tolist() == wanted.tolist()
        found |= set(wanted.tolist())
    assert index.buckets.tolist() == sorted(found)


def test_a_hash_known_by_hand():
    """FNV-1a of "<a>" with 32 bits, worked out byte by byte."""
    code = 2166136261
    for byte in b"<a>":
        code = (code ^ byte) * 16777619 % 2**32
    index = index_ngrams(["a"], 3, 6, 2_000_000)
    assert index.buckets.tolist() == [code % 2_000_000]
    assert np.array_equal(index.start, [0, 1])
