"""Memory does not grow with the file."""

import gzip
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bunsan.text.documents import read_documents

MEGABYTE = 1 << 20
TEXT = "部屋がきれいで、朝食もおいしかったです。また利用したいと思います。" * 40
ROWS = 15_000


def peak_of(read: Callable[[], int]) -> tuple[int, int]:
    """(result, largest number of bytes that Python held at once meanwhile)."""
    tracemalloc.start()
    try:
        return read(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def count(path: Path) -> int:
    return sum(1 for _ in read_documents(path))


def lines(path: Path) -> Iterator[str]:
    """Lines of some 4,000 bytes, of the format that the name says."""
    if ".csv" in path.name:
        yield "本文,性別\n"
    for i in range(ROWS):
        if ".csv" in path.name:
            yield f'"{TEXT}\n{i}",{"男女"[i % 2]}\n'
        elif ".jsonl" in path.name:
            yield json.dumps({"text": TEXT, "n": i}, ensure_ascii=False) + "\n"
        else:
            yield TEXT + "\n"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("t.csv", "utf-8"), ("t.csv", "cp932"), ("t.txt", "cp932"), ("t.jsonl", "utf-8")],
)
def test_a_large_file(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    with path.open("w", encoding=encoding, newline="") as file:
        file.writelines(lines(path))
    size = path.stat().st_size
    assert size > 37 * MEGABYTE
    found, peak = peak_of(lambda: count(path))
    assert found == ROWS
    assert peak < 8 * MEGABYTE < size / 4


def test_a_large_file_in_gzip(tmp_path: Path) -> None:
    path = tmp_path / "t.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(lines(path))
    found, peak = peak_of(lambda: count(path))
    assert found == ROWS
    assert peak < 8 * MEGABYTE


def test_a_bomb_without_line_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunsan.text.readers.lines.LONGEST", MEGABYTE)
    path = tmp_path / "t.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(60):
            file.write(b"a" * MEGABYTE)
    assert path.stat().st_size < MEGABYTE
    found, peak = peak_of(lambda: count(path))
    assert found == 0
    assert peak < 8 * MEGABYTE


def test_a_large_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    schema = pa.schema([("text", pa.string()), ("unused", pa.string())])
    # One row group, not compressed: the worst case.
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        rows = 10_000
        columns = {"text": [f"{TEXT}{i}" for i in range(rows)], "unused": [TEXT] * rows}
        writer.write_table(pa.table(columns, schema=schema), row_group_size=rows)
    del columns
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    largest = 0

    def read() -> int:
        nonlocal largest
        documents = 0
        for documents, _ in enumerate(read_documents(path, text="text"), 1):
            if documents % 100 == 0:
                largest = max(largest, pool.bytes_allocated() - before)
        return documents

    found, peak = peak_of(read)
    assert found == rows
    assert peak < 8 * MEGABYTE
    assert largest < 16 * MEGABYTE < rows * len(TEXT.encode()) / 2
