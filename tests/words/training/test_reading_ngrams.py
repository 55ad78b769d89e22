"""n-grams of readings in training: the index against one word at a time, and what they bring."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunsan.words.training.corpus import build_text_corpus
from bunsan.words.training.ngram_index import index_ngrams
from bunsan.words.training.settings import FastTextSettings
from bunsan.words.training.trainer import train
from bunsan.words.vectors.ngrams import fnv1a

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)


def twin_grams(text: str, minn: int, maxn: int) -> list[str]:
    """Every stretch of '<text>' but a lone mark."""
    marked = f"<{text}>"
    return [
        marked[i:j]
        for i in range(len(marked))
        for j in range(i + 1, len(marked) + 1)
        if minn <= j - i <= maxn and not (j - i == 1 and (i == 0 or j == len(marked)))
    ]


@given(
    st.lists(st.tuples(TEXT | st.just("</s>"), TEXT), max_size=10),
    st.integers(1, 4),
    st.integers(0, 4),
    st.integers(1, 5000),
)
def test_the_word_then_its_reading(pairs, minn, more, bucket):
    words, readings = [word for word, _ in pairs], [reading for _, reading in pairs]
    index = index_ngrams(words, minn, minn + more, bucket, readings)
    assert len(index.start) == len(words) + 1
    for w, (word, reading) in enumerate(pairs):
        grams = [] if word == "</s>" else twin_grams(word, minn, minn + more)
        if reading not in ("", word):
            grams += twin_grams(reading, minn, minn + more)
        rows = index.row[index.start[w] : index.start[w + 1]]
        assert index.buckets[rows].tolist() == [fnv1a(g.encode()) % bucket for g in grams]
    assert len(np.unique(index.row)) == len(index.buckets)


def test_no_readings_change_nothing():
    words = ["引っ越し", "</s>", "Tokyo", "ヒッコシ"]
    without = index_ngrams(words, 1, 3, 100)
    empty = index_ngrams(words, 1, 3, 100, ["", "", "", "ヒッコシ"])
    for a, b in zip(without, empty, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


KANJI = ["珈琲", "鞄", "眼鏡", "猫", "薔薇", "蜜柑"]
KATAKANA = ["コーヒー", "カバン", "メガネ", "ネコ", "バラ", "ミカン"]


def test_spellings_that_never_share_company_end_up_alike(tmp_path: Path):
    """Each spelling has neighbours of its own; 珈琲 and コーヒー have no character in common."""
    rng = np.random.default_rng(5)
    lines = []
    for i in range(3600):
        w = i % 12
        near = rng.choice([f"{w}a", f"{w}b", f"{w}c"], 4).tolist()
        lines.append(" ".join([*near[:2], (KANJI + KATAKANA)[w], *near[2:]]))
    (tmp_path / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    corpus = build_text_corpus([tmp_path / "text.txt"], tmp_path / "corpus", min_count=1)
    gain = {}
    for readings in (False, True):
        settings = FastTextSettings(
            dim=20, epochs=3, sample=0, threads=1, minn=1, maxn=3, bucket=4000, readings=readings
        )
        trained = train(corpus, settings)
        rows = [trained.words.index(word) for word in KANJI + KATAKANA]
        units = trained.vectors[rows].astype(np.float64)
        units /= np.linalg.norm(units, axis=1, keepdims=True)
        cosines = units[:6] @ units[6:].T
        own = np.diag(cosines)
        others = (cosines.sum(axis=1) - own) / 5
        gain[readings] = own - others
    assert abs(gain[False].mean()) < 0.15
    assert (gain[True] > 0.2).all()
