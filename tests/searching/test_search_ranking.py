"""Search by meaning and by both, beside plain loops over plain lists."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from searching_help import some_rows, some_vectors

from bunsan.base.errors import BadInput, Missing
from bunsan.tasks.facade import Collection, learn
from bunsan.tasks.searching.cutting import WORDS as LONGEST
from bunsan.tasks.searching.cutting import cut_passages
from bunsan.tasks.searching.fusion import best_first, reciprocal_rank_fusion
from bunsan.text.words import WordSettings
from bunsan.words.vectors.wordvectors import WordVectors

Make = Callable[..., Collection]
WAYS = ("keyword", "meaning", "both")


def plain_passages(text: str) -> list[list[str]]:
    """Whole sentences together while they have no more than so many words, points among them."""
    found: list[list[str]] = []
    for sentence in text.split("\n"):
        words = [*sentence.rstrip(".").split(), "."]
        if found and len(found[-1]) + len(words) <= LONGEST:
            found[-1] += words
        else:
            found.append(words)
    return found


def plain_cosines(texts: list[str], query: str, vectors: WordVectors) -> list[float]:
    """Arora et al. 2017, Algorithm 1, in loops and float64."""
    counts = dict(zip(vectors, vectors.counts.tolist(), strict=True))
    total = sum(counts.values())

    def mean(words: list[str]) -> np.ndarray:
        known = [w for w in words if w in counts]
        parts = [1e-4 / (1e-4 + counts[w] / total) * vectors[w].astype(float) for w in known]
        return sum(parts, np.zeros(vectors.dim)) / max(len(known), 1)

    cut = [[mean(p) for p in plain_passages(text)] for text in texts]
    every = np.array([v for some in cut for v in some])
    common = np.linalg.svd(every, full_matrices=False)[2][0]

    def rest(v: np.ndarray) -> np.ndarray:
        v = v - (v @ common) * common
        return v / np.linalg.norm(v)

    asked = rest(mean(query.split()))
    return [max(float(rest(v) @ asked) for v in some) for some in cut]


@pytest.mark.parametrize("most", [3, 40])  # of sentences: some one passage each, some many
def test_meaning_is_that_of_a_plain_loop(make: Make, most: int) -> None:
    rows = some_rows(200, most=most)
    collection = make(rows)
    query = "w3 w30 w38"
    found = collection.search(query, by="meaning", k=200)
    texts = [row["text"] for row in rows]
    wanted = dict(zip(texts, plain_cosines(texts, query, some_vectors()), strict=True))
    got = {hit.text: hit.score for hit in found.hits}
    assert got.keys() == wanted.keys()
    np.testing.assert_allclose([got[t] for t in texts], [wanted[t] for t in texts], atol=0.02)
    assert [h.score for h in found.hits] == sorted(got.values(), reverse=True)
    assert found.hits[0].cosine == found.hits[0].score
    assert found.representation == "word2vec (SIF)"
    assert found.total == 200
    for hit in found.hits:  # the passage shown is one of the document, and the one that scored
        assert hit.nearest is not None
        shown = hit.nearest.text.replace(".", " .").split()
        own = plain_passages(hit.text)
        assert shown in own


def test_the_parts_of_words_sum_to_the_cosine(make: Make) -> None:
    collection = make(some_rows(80, most=1))
    whole = 0
    for hit in collection.search("w30 w38", by="meaning", k=20).hits:
        words = set(hit.text.rstrip(".").split()[:-1])
        assert set(hit.why) <= words
        assert list(hit.why.values()) == sorted(hit.why.values(), reverse=True)
        if len(hit.why) == len(words) < 8:  # all of them are shown, all above 0
            whole += 1
            assert sum(hit.why.values()) == pytest.approx(hit.score, abs=1e-5)
    assert whole > 1


def test_a_document_of_many_passages_is_found_by_one_of_them(make: Make) -> None:
    rows = some_rows(60)
    filler = "\n".join("w0 w1 w2 w3 w4 w5 w6 w7." for _ in range(40))
    rows.append({"text": f"{filler}\nw38 w38 w39.\n{filler}", "g": "a"})
    hit = make(rows).search("w38 w38 w39", by="meaning", k=1).hits[0]
    assert hit.row == 61
    assert hit.nearest is not None
    assert "w38 w38 w39." in hit.nearest.text
    assert len(hit.nearest.text) < 300
    marked = [hit.nearest.text[a:b] for a, b in hit.nearest.marks]
    assert set(marked) == {"w38", "w39"}


def test_passages_are_whole_sentences() -> None:
    text = f"{'a ' * 30}b.\n{'c ' * 30}d.\ne f.\n{'g ' * 120}h.\ni."
    collection = learn([text, ""], words=WordSettings(analyzer="spaces"), by=())
    segment = collection.segments[0]
    spans = cut_passages(segment, 0).tolist()
    # 32 words; 32 and 3; 122 words in three pieces; 2.
    assert [b - a for a, b in spans] == [32, 35, 41, 40, 41, 2]
    assert spans[0][0] == 0
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    assert spans[-1][1] == len(segment.word)


def test_fusion_by_hand() -> None:
    items, sums = reciprocal_rank_fusion([np.array([7, 2, 9]), np.array([9, 7])])
    # 7: 1/61 + 1/62; 9: 1/63 + 1/61; 2: 1/62.
    assert items.tolist() == [7, 9, 2]
    np.testing.assert_allclose(sums, [1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    items, sums = reciprocal_rank_fusion([np.array([5]), np.array([3])])
    assert items.tolist() == [3, 5]
    assert len(reciprocal_rank_fusion([np.zeros(0, int), np.zeros(0, int)])[0]) == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_best_are_those_of_a_stable_sort(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, 50).astype(np.float32)
    scores[scores == -3] = -np.inf
    order = [i for i in np.argsort(-scores, kind="stable").tolist() if scores[i] > -np.inf]
    for k in (0, 1, 7, 49, 50, 99):
        assert best_first(scores, k).tolist() == order[:k]


def test_both_fuses_the_two_rankings(make: Make) -> None:
    collection = make(some_rows(150))
    query = "w3 w30 w39"
    ranks = {
        by: {h.row: n for n, h in enumerate(collection.search(query, by=by, k=150).hits, start=1)}
        for by in ("keyword", "meaning")
    }
    assert 0 < len(ranks["keyword"]) < len(ranks["meaning"]) == 150
    found = collection.search(query, by="both", k=150)
    sums = {
        row: sum(1 / (60 + ranks[by][row]) for by in ranks if row in ranks[by])
        for row in ranks["meaning"]
    }
    assert [h.row for h in found.hits] == sorted(sums, key=lambda row: (-sums[row], row))
    for hit in found.hits:
        assert hit.score == pytest.approx(sums[hit.row])
        assert hit.ranks == {by: ranks[by][hit.row] for by in ranks if hit.row in ranks[by]}
        assert hit.nearest is not None
        if "keyword" in hit.ranks:
            assert set(hit.why) <= {"w3", "w30", "w39"}
    assert found.total == 150
    table = found.table().to_rows()
    assert [r["rank_meaning"] for r in table] == [h.ranks["meaning"] for h in found.hits]


@pytest.mark.parametrize("by", WAYS)
def test_pages_are_the_whole(make: Make, by: Any) -> None:
    collection = make(some_rows(90))
    whole = [(h.row, h.score) for h in collection.search("w3 w9", by=by, k=90).hits]
    paged = []
    for offset in range(0, 90, 7):
        page = collection.search("w3 w9", by=by, k=7, offset=offset)
        paged += [(h.row, h.score) for h in page.hits]
        assert page.table()["rank"] == list(range(offset + 1, offset + len(page.hits) + 1))
    assert paged == whole
    assert collection.search("w3 w9", by=by, k=5, offset=500).hits == []


@pytest.mark.parametrize("by", WAYS)
def test_filters_phrases_and_exclusions(make: Make, by: Any) -> None:
    rows = some_rows(300)
    rows += [{"text": "w5 w6 w7.", "g": "a"}, {"text": "w6 w5 w7.", "g": "a"}]
    collection = make(rows)

    def tokens(text: str) -> list[str]:
        return text.replace(".", " .").split()

    def told(query: str, keep: Any, **options: Any) -> None:
        found = collection.search(query, by=by, k=400, **options)
        wanted = [row["text"] for row in rows if keep(tokens(row["text"]), row["g"])]
        assert 0 < len(wanted) < 300
        if by == "keyword":
            wanted = [text for text in wanted if {"w5", "w6"} & set(tokens(text))]
        assert sorted(h.text for h in found.hits) == sorted(wanted)
        assert found.total == len(wanted)

    told("w5 w6", lambda _, g: g == "b", where={"g": "b"})
    told("w5 w6 -w7", lambda words, _: "w7" not in words)
    told('"w5 w6"', lambda words, _: ("w5", "w6") in list(itertools.pairwise(words)))
    told("w5 w6", lambda words, _: {"w5", "w6"} <= set(words), match_all=True)


def test_words_without_a_vector_are_told(make: Make) -> None:
    collection = make(some_rows(60))
    found = collection.search("w3 zebra", by="meaning")
    assert found.missing == ["zebra"]
    assert len(found.hits) == 10
    nothing = collection.search("zebra quagga", by="meaning")
    assert nothing.hits == []
    assert nothing.total == 0
    both = collection.search("zebra n0x5", by="both")  # one document has it, no vector has it
    assert [h.row for h in both.hits] == [6]
    assert both.hits[0].ranks == {"keyword": 1}
    assert both.total == 1


def test_few_documents_keep_what_they_share(make: Make) -> None:
    collection = make([{"text": "w3 w4.", "g": "a"}, {"text": "w30 w31.", "g": "a"}])
    found = collection.search("w30", by="meaning")
    assert [h.row for h in found.hits] == [2, 1]


def test_where_nothing_tells_meaning() -> None:
    collection = learn(["a b.", "c d."], words=WordSettings(analyzer="spaces"), by=())
    with pytest.raises(Missing) as told:
        collection.search("a", by="meaning")
    assert "--vectors word2vec" in (told.value.remedy or "")
    with pytest.raises(Missing, match="fasttext"):
        collection.search("a", by="meaning", model="fasttext")
    with pytest.raises(BadInput, match="sense"):
        collection.search("a", by="sense")  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        collection.search("-a", by="meaning")
    assert collection.search("a").hits[0].ranks == {"keyword": 1}
