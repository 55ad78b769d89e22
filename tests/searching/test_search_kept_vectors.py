"""Vectors of documents are computed once, kept, and follow what is added and removed."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from searching_help import some_rows, some_vectors

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.progress import listening
from bunsan.collection import passage_vectors
from bunsan.collection.folder import Folder
from bunsan.collection.vectors import keep_vectors
from bunsan.tasks.facade import Collection, open_collection
from bunsan.tasks.searching import nearness
from bunsan.tasks.searching.representation import WordMeans

Make = Callable[..., Collection]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many passages were made into vectors, call by call."""
    counts: list[int] = []
    plain = WordMeans.passages

    def passages(self: WordMeans, segment: Any, documents: Any, spans: Any) -> Any:
        counts.append(len(spans))
        return plain(self, segment, documents, spans)

    monkeypatch.setattr(WordMeans, "passages", passages)
    return counts


def cosines(collection: Collection, query: str = "w3 w30 w38") -> dict[str, float]:
    found = collection.search(query, by="meaning", k=10_000)
    return {hit.text: hit.score for hit in found.hits}


def same(a: dict[str, float], b: dict[str, float]) -> None:
    assert a.keys() == b.keys()
    np.testing.assert_allclose([a[t] for t in a], [b[t] for t in a], atol=1e-4)


def blobs(collection: Collection) -> set[str]:
    assert isinstance(collection.storage, Folder)
    return {p.stem for p in collection.storage.path.glob("passages-*")}


def test_what_was_computed_is_read_again(make: Make, encoded: list[int]) -> None:
    collection = make(some_rows(120, most=1))
    found = cosines(collection)
    assert sum(encoded) == 120
    again = open_collection(collection.storage)
    assert cosines(again) == found
    assert sum(encoded) == 120


def test_only_what_is_new_is_encoded(make: Make, encoded: list[int], tmp_path: Path) -> None:
    rows = some_rows(120, most=1)
    collection = make(rows[:100])
    cosines(collection)
    collection.add([{"text": r["text"], "g": r["g"]} for r in rows[100:]])
    encoded.clear()
    found = cosines(collection)
    assert sum(encoded) == 20
    same(found, cosines(make(rows, "fresh.bunsan")))


def test_joined_segments_are_not_encoded_again(make: Make, encoded: list[int]) -> None:
    rows = some_rows(130, most=1)
    collection = make(rows[:10])
    cosines(collection)
    for begin in range(10, 130, 10):  # more small segments than are left apart
        collection.add(rows[begin : begin + 10])
        cosines(collection)
    assert len(collection.segments) < 12
    assert sum(encoded) == 130
    same(cosines(collection), cosines(make(rows, "fresh.bunsan")))
    # Small parts are joined as well.
    assert len(blobs(collection)) <= 9
    encoded.clear()
    same(cosines(open_collection(collection.storage)), cosines(collection))
    assert encoded == []


def test_documents_that_left_are_not_found(make: Make, encoded: list[int]) -> None:
    rows = some_rows(120, most=1)
    collection = make(rows)
    cosines(collection)
    encoded.clear()
    removed = collection.remove(where={"g": "a"})
    assert 20 < removed < 100
    kept = [row for row in rows if row["g"] == "b"]
    found = cosines(collection)
    assert found.keys() == {row["text"] for row in kept}
    assert encoded == []
    same(found, cosines(make(kept, "fresh.bunsan")))


def test_equal_documents_are_encoded_once_and_found_each(make: Make, encoded: list[int]) -> None:
    rows = some_rows(80, most=1)
    collection = make([*rows, *rows[:30]])
    found = collection.search("w3", by="meaning", k=500)
    assert sum(encoded) == 80
    assert sorted(h.row for h in found.hits) == list(range(1, 111))
    score = {h.row: h.score for h in found.hits}
    assert all(score[i] == score[i + 80] for i in range(1, 31))


def test_parts_without_a_document_that_is_there_are_deleted(make: Make) -> None:
    old, new = some_rows(60, seed=1, most=1), some_rows(60, seed=2, most=1)
    collection = make(old)
    cosines(collection)
    before = blobs(collection)
    collection = make(new)  # learning: what the rows no longer have leaves
    cosines(collection)
    assert blobs(collection) == {
        name for m in collection.storage.state()["passages"].values() for name in m["parts"]
    }
    assert not before & blobs(collection)


@pytest.mark.parametrize("size", [nearness.ROWS, 100])
def test_an_interrupted_computation_goes_on(
    make: Make, encoded: list[int], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(nearness, "ROWS", size)
    rows = some_rows(900, most=1)
    collection = make(rows)
    news: list[float] = []

    def stop(title: str, done: float, total: float | None, note: str) -> None:
        news.append(done)
        if len(news) == 3:
            raise KeyboardInterrupt

    with listening(stop), pytest.raises(Interrupted, match="Stopped"):
        cosines(collection)
    first = sum(encoded)
    assert 0 < first < 900
    encoded.clear()
    found = cosines(open_collection(collection.storage))
    assert sum(encoded) <= 900 - first + nearness._AT_ONCE  # what was under way is done anew
    assert sum(encoded) < 900
    same(found, cosines(make(rows, "fresh.bunsan")))


def test_a_killed_computation_has_kept_its_full_parts(
    make: Make, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearness, "ROWS", 256)
    collection = make(some_rows(900, most=1))
    plain = nearness.Nearness._keep

    def keep(self: Any, part: Any) -> Any:
        if sum(encoded) > 600:
            raise MemoryError  # from now on nothing is written any more
        return plain(self, part)

    monkeypatch.setattr(nearness.Nearness, "_keep", keep)
    with pytest.raises(MemoryError):
        cosines(collection)
    monkeypatch.setattr(nearness.Nearness, "_keep", plain)
    encoded.clear()
    assert len(cosines(open_collection(collection.storage))) == 900
    assert sum(encoded) == 900 - 512


def test_vectors_learned_anew_are_used_and_the_old_ones_forgotten(make: Make) -> None:
    collection = make(some_rows(100))
    found, before = cosines(collection), blobs(collection)
    keep_vectors(collection, "word2vec", some_vectors(seed=5))
    again = cosines(collection)
    assert found != again
    keep_vectors(collection, "word2vec", some_vectors())
    same(cosines(collection), found)
    assert len(collection.storage.state()["passages"]) == 1
    assert len(blobs(collection)) == 1
    assert not before & blobs(collection)


def test_a_disk_that_cannot_be_written_to(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    collection = make(some_rows(100))
    wanted = cosines(make(some_rows(100), "other.bunsan"))

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(Folder, "put_arrays", refuse)
    same(cosines(collection), wanted)
    assert blobs(collection) == set()


def test_while_another_program_writes(make: Make) -> None:
    collection = make(some_rows(100))
    assert isinstance(collection.storage, Folder)
    collection.storage.patience = 0.05
    held, end = threading.Event(), threading.Event()

    def write() -> None:
        with filelock.FileLock(collection.storage.path / "write.lock"):
            held.set()
            end.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    held.wait(60)
    try:
        found = cosines(collection)
    finally:
        end.set()
        thread.join()
    assert blobs(collection) == set()
    same(found, cosines(make(some_rows(100), "other.bunsan")))


def test_no_more_are_computed_than_one_asked_for(make: Make) -> None:
    from bunsan.tasks.search import search

    collection = make(some_rows(100))
    with pytest.raises(BadInput, match="100 documents"):
        search(collection, "w3", by="meaning", most=99)
    assert len(search(collection, "w3", by="meaning", most=100).hits) == 10


def test_parts_are_put_together_whole() -> None:
    rng = np.random.default_rng(0)

    def part(name: str, keys: list[int], lengths: list[int]) -> passage_vectors.Part:
        n = sum(lengths)
        return passage_vectors.Part(
            name,
            np.array(keys, np.uint64),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.arange(n, dtype=np.int32),
            np.arange(n, dtype=np.int32) + 5,
            rng.integers(-127, 128, (n, 4)).astype(np.int8),
            rng.random(n).astype(np.float32),
        )

    a, b = part("a", [5, 9, 2], [2, 1, 3]), part("b", [7, 1], [1, 4])
    gone = [np.array([True, False, True]), np.array([False, True])]
    (joined,) = passage_vectors.packed([a, b], gone)
    assert joined.key.tolist() == [5, 2, 1]
    assert joined.first.tolist() == [0, 2, 5, 9]
    np.testing.assert_array_equal(joined.values[:2], a.values[:2])
    np.testing.assert_array_equal(joined.values[2:5], a.values[3:])
    np.testing.assert_array_equal(joined.values[5:], b.values[1:])
    assert joined.begin.tolist() == [0, 1, 3, 4, 5, 1, 2, 3, 4]
    assert passage_vectors.worth_packing([a, b], gone) == []  # two are not many
    nothing = [np.zeros(3, bool), np.ones(2, bool)]
    assert passage_vectors.worth_packing([a, b], nothing) == [0]
    many = [part(str(i), [i], [1]) for i in range(9)]
    assert passage_vectors.worth_packing(many, [np.ones(1, bool)] * 9) == list(range(9))
