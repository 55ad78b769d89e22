"""Analysis on many threads: the same result, in order, errors and all."""

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bunsan.base.errors import BadInput
from bunsan.text.analyze import Analyzer, analyze_stream
from bunsan.text.words import Analysis, WordSettings

SUDACHI = WordSettings(
    analyzer="sudachi", forced_words=("露天風呂付き",), synonyms=(("朝食", "朝ごはん"),)
)


def same(a: Analysis, b: Analysis) -> bool:
    return all(
        np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Analysis)
    )


@pytest.fixture(scope="module")
def reviews(shared_data: Path) -> list[list[str]]:
    with gzip.open(shared_data / "quasi_reviews" / "reviews.jsonl.gz", "rt") as file:
        texts = [json.loads(line)["text"] for line in file]
    return [texts[i : i + 25] for i in range(0, 250, 25)]


@pytest.fixture(scope="module")
def alone(reviews: list[list[str]]) -> list[Analysis]:
    """Each batch by a new analyzer: what one has seen before may leave no trace in its results."""
    return [Analyzer(SUDACHI).analyze(batch) for batch in reviews]


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_any_number_of_threads_gives_the_same(
    reviews: list[list[str]], alone: list[Analysis], threads: int | None
) -> None:
    together = list(analyze_stream(reviews, SUDACHI, threads))
    assert len(together) == len(alone)
    assert all(map(same, together, alone))


def test_order_is_kept_when_batches_differ_in_size() -> None:
    batches = [["海が見える部屋。" * (2000 if i % 4 == 0 else 1) + f"番号{i}"] for i in range(24)]
    found = list(analyze_stream(batches, SUDACHI, 4))
    assert [a.forms[a.entry[-1]] for a in found] == [str(i) for i in range(24)]


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_the_source_comes_after_what_it_gave(threads: int) -> None:
    def source() -> Iterator[list[str]]:
        for _ in range(5):
            yield ["海"]
        raise BadInput("row 7 is broken.")

    stream = analyze_stream(source(), SUDACHI, threads)
    assert len([next(stream) for _ in range(5)]) == 5
    with pytest.raises(BadInput, match="row 7"):
        next(stream)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_batch_comes_in_its_place(threads: int) -> None:
    batches: list[list[str]] = [["海"]] * 4 + [["山", None]] + [["川"]] * 50  # type: ignore[list-item]
    stream = analyze_stream(batches, SUDACHI, threads)
    assert [next(stream).forms for _ in range(4)] == [["海"]] * 4
    with pytest.raises(TypeError):
        next(stream)
    assert not [t for t in threading.enumerate() if t.name.startswith("bunsan-words")]


def test_interrupting_stops_at_once() -> None:
    def source() -> Iterator[list[str]]:
        yield ["海"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(analyze_stream(source(), SUDACHI, 2))
    assert not [t for t in threading.enumerate() if t.name.startswith("bunsan-words")]


def test_few_batches_are_under_way() -> None:
    given = 0

    def source() -> Iterator[list[str]]:
        nonlocal given
        for _ in range(100):
            given += 1
            yield ["海が見える"]

    stream = analyze_stream(source(), SUDACHI, 3)
    for taken in range(1, 60):
        next(stream)
        assert given <= taken + 6
    stream.close()  # type: ignore[attr-defined]
    assert given < 70
    assert not [t for t in threading.enumerate() if t.name.startswith("bunsan-words")]


def test_the_first_batch_decides_for_all() -> None:
    found = list(analyze_stream([["the room"], ["海が見える"]] * 8, WordSettings(), 4))
    assert found[1].forms == ["海が見える"]
    assert list(analyze_stream([], WordSettings())) == []


def test_one_analyzer_in_many_threads() -> None:
    analyzer = Analyzer(WordSettings())
    text = "引越しの朝、Wi-Fiで１２３円を払った。" * 20
    results: list[Analysis] = []
    threads = [
        threading.Thread(target=lambda: results.append(analyzer.analyze([text] * 5)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert all(same(results[0], other) for other in results)
