"""JSON Lines, Parquet and tables in memory: values, and rows that are bad."""

import datetime
import decimal
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_help import problems, read, rows, texts, write

from bunsan.base.errors import BadInput
from bunsan.text.documents import inspect


def test_jsonl_bad_lines_are_named(tmp_path: Path) -> None:
    lines = [
        b'{"text": "\\u826f\\u3044", "n": 5.0, "tags": ["\\u5bbf", 1], "ok": true}',  # 1
        b"",
        b'{"text": "",',  # 3
        b'["text"]',  # 4
        b'"text"',  # 5
        b'{"n": 1}',  # 6
        b'{"text": null}',  # 7
        b'{"text": "  "}',  # 8
        b'{"text": ["a"]}',  # 9
        b'{"text": true}',  # 10
        b'{"text": "\\ud83d"}',  # 11: half of an emoji
        b'{"text": "\xff"}',  # 12
        b'{"text": 12.5, "n": NaN}',  # 13: a number can be written out
        b"[" * 100_000,  # 14
        b'{"text": "a\\r\\nb\\rc", "n": "\\ud800"}',  # 15
        b'{"text": "a\\r\\nb\\rc", "n": " "}',  # 16
    ]
    path = write(tmp_path / "t.jsonl", b"\n".join(lines))
    documents, report = read(path, text="text", by=["n", "tags", "ok"], encoding="utf-8")
    assert [(d.row, d.text, *d.fields.values()) for d in documents] == [
        (1, "良い", "5", '["宿", 1]', "TRUE"),
        (13, "12.5", None, None, None),
        (16, "a\nb\nc", None, None, None),
    ]
    assert [(p.row, p.reason) for p in report.problems] == [
        (3, "invalid_json"),
        (4, "invalid_json"),
        (5, "invalid_json"),
        (6, "missing_text"),
        (7, "empty_text"),
        (8, "empty_text"),
        (9, "not_text"),
        (10, "not_text"),
        (11, "undecodable"),
        (12, "undecodable"),
        (14, "invalid_json"),
        (15, "undecodable"),
    ]
    assert report.blank == 1


@pytest.mark.parametrize("content", ['[{"text": "a"},\n{"text": "b"}]', "", "良い\n悪い\n", "{}\n"])
def test_jsonl_without_objects(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match="JSON object a line") as caught:
        read(write(tmp_path / "t.jsonl", content))
    assert '{"text": "..."}' in str(caught.value.remedy)


def test_an_array_in_json_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="without"):
        read(write(tmp_path / "t.json", '[{"text": "a"}]'))
    assert texts(write(tmp_path / "u.json", '{"text": "a"}\n')) == ["a"]


def test_keys_may_come_late_but_within_the_first_rows(tmp_path: Path) -> None:
    lines = [{"text": f"文{i}"} for i in range(400)] + [{"text": "末", "group": "g"}]
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines)))
    documents, _ = read(path, by="group")
    assert [documents[0].fields, documents[-1].fields] == [{"group": None}, {"group": "g"}]


VALUES: dict[str, tuple[Any, pa.DataType, str | None]] = {
    "int": (5, pa.int64(), "5"),
    "whole": (5.0, pa.float64(), "5"),
    "float": (0.1, pa.float64(), "0.1"),
    "single": (0.1, pa.float32(), "0.1"),
    "half": (0.5, pa.float16(), "0.5"),
    "large": (1e300, pa.float64(), "1e+300"),
    "nan": (float("nan"), pa.float64(), None),
    "bool": (True, pa.bool_(), "TRUE"),
    "none": (None, pa.string(), None),
    "null": (None, pa.null(), None),
    "blank": (" 　", pa.string(), None),
    "string": ("宿\r\n", pa.string(), "宿\n"),
    "view": ("宿", pa.string_view(), "宿"),
    "large_string": ("宿", pa.large_string(), "宿"),
    "coded": ("宿", pa.dictionary(pa.int8(), pa.string()), "宿"),
    "bytes": ("宿".encode(), pa.binary(), "宿"),
    "decimal": (decimal.Decimal("1.50"), pa.decimal128(5, 2), "1.50"),
    "date": (datetime.date(2024, 1, 5), pa.date32(), "2024-01-05"),
    "time": (datetime.time(9, 30), pa.time32("s"), "09:30:00"),
    "midnight": (datetime.datetime(2024, 1, 5), pa.timestamp("us"), "2024-01-05"),
    "moment": (datetime.datetime(2024, 1, 5, 9, 30), pa.timestamp("ms"), "2024-01-05T09:30:00"),
    "nanos": (1, pa.timestamp("ns"), "1970-01-01T00:00:00.000000001"),
    "zone": (0, pa.timestamp("s", "UTC"), "1970-01-01T00:00:00Z"),
    "span": (90, pa.duration("s"), "90"),
    "list": (["a", "宿"], pa.list_(pa.string()), '["a", "宿"]'),
    "struct": ({"a": 1}, pa.struct({"a": pa.int8()}), '{"a": 1}'),
}


@pytest.mark.parametrize("where", ["memory", "parquet"])
def test_arrow_values_as_a_person_would_write_them(tmp_path: Path, where: str) -> None:
    columns = {name: pa.array([value], kind) for name, (value, kind, _) in VALUES.items()}
    source: Any = pa.table({"text": ["文"], **columns})
    if where == "parquet":
        for unwritable in ("half", "null"):
            source = source.drop_columns([unwritable])
        pq.write_table(source, tmp_path / "t.parquet")
        source = tmp_path / "t.parquet"
    names = [name for name in VALUES if where == "memory" or name not in ("half", "null")]
    documents, report = read(source, text="text", by=names)
    assert not report.skipped
    assert documents[0].fields == {name: VALUES[name][2] for name in names}


FRAME = {
    "本文": ["とても良い宿でした", "朝食がおいしい", None, "静かな部屋", "", "また行きたい"],
    "点": [5.0, 4.0, 3.0, None, 1.0, 5.0],
    "性別": ["男", "女", "女", "男", "女", "男"],
}
EXPECTED = [
    (1, "とても良い宿でした", "5", "男"),
    (2, "朝食がおいしい", "4", "女"),
    (4, "静かな部屋", None, "男"),
    (6, "また行きたい", "5", "男"),
]


@pytest.mark.parametrize(
    "make",
    [
        pd.DataFrame,
        lambda data: pd.DataFrame(data, index=list("xxyyzz")),  # type: ignore[arg-type]
        lambda data: pd.DataFrame(data).astype({"性別": "category"}),
        pl.DataFrame,
        lambda data: pl.DataFrame(data).with_columns(pl.col("性別").cast(pl.Categorical)),
        pa.table,
        lambda data: pa.RecordBatchReader.from_batches(
            pa.table(data).schema, pa.table(data).to_batches(2)
        ),
        lambda data: [
            dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)
        ],
    ],
)
def test_tables_in_memory(make: Any) -> None:
    documents, report = read(make(FRAME), by=["点", "性別"])
    assert [(d.row, d.text, d.fields["点"], d.fields["性別"]) for d in documents] == EXPECTED
    assert {d.source for d in documents} == {"<table>"}
    assert report.text == "本文"
    assert [(p.row, p.reason) for p in report.problems] == [(3, "empty_text"), (5, "empty_text")]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series(["雨", "雪"]),
        pd.Series(["雨", "雪"]),
        pa.chunked_array([["雨"], ["雪"]]),
        ["雨", "雪"],
        ("雨", "雪"),
        [["雨", "雪"]],
    ],
)
def test_texts_in_memory(series: Any) -> None:
    documents, _ = read(series)
    assert [(d.row, d.text, d.fields) for d in documents] == [(1, "雨", {}), (2, "雪", {})]


def test_many_batches_of_an_arrow_stream_run_once() -> None:
    table = pa.table({"text": [f"文{i}" for i in range(5000)], "g": [i % 3 for i in range(5000)]})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(700))
    documents, _ = read(reader)
    assert [d.text for d in documents] == [f"文{i}" for i in range(5000)]
    assert [d.row for d in documents] == list(range(1, 5001))
    assert [d.fields for d in documents] == [{"g": str(i % 3)} for i in range(5000)]


def test_columns_of_mixed_kinds_are_explained() -> None:
    with pytest.raises(BadInput, match="astype"):
        read(pd.DataFrame({"text": ["a", 5, [1]]}))
    assert problems([{"text": "a"}, {"text": 5}, {"text": [1]}, {}], text="text") == [
        (3, "not_text"),
        (4, "missing_text"),
    ]


def test_an_index_without_a_name_is_no_column() -> None:
    frame = pd.DataFrame({"text": ["雨", "雪"]}, index=["a", "b"])
    assert inspect(frame).columns == ("text",)
    assert inspect(frame.rename_axis("地点")).columns == ("text", "地点")


def test_records_out_of_pandas_and_numpy() -> None:
    frame = pd.DataFrame(
        {
            "text": ["雨", "雪", None],
            "day": pd.to_datetime(["2024-01-05", None, None]),
            "n": pd.array([1, None, None], dtype="Int64"),
        }
    )
    documents, report = read(frame.to_dict("records"), by=["day", "n"])
    assert [(d.text, *d.fields.values()) for d in documents] == [
        ("雨", "2024-01-05", "1"),
        ("雪", None, None),
    ]
    assert report.skipped == {"empty_text": 1}
    assert problems([{"text": pd.NA}, {"text": pd.NaT}, {"text": None}], text="text") == [
        *((1, "empty_text"), (2, "empty_text"), (3, "empty_text"))
    ]
    assert texts(np.array(["雨", "雪"])) == ["雨", "雪"]


def test_pandas_and_polars_are_not_imported(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["a"], "t": pa.array([1], pa.timestamp("ns"))}), path)
    code = (
        "import sys, pyarrow.parquet as pq\n"
        "from bunsan.text.documents import read_documents\n"
        f"for source in ({str(path)!r}, pq.ParquetFile({str(path)!r}).read()):\n"
        "    document, = read_documents(source, by='t')\n"
        "    assert document.fields['t'].endswith('001')\n"
        "assert not {'pandas', 'polars'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_parquet_reads_columns_with_odd_names(tmp_path: Path) -> None:
    table = pa.table({"a": [{"b": "内"}], "a.b": ["外"], "text": ["文"], "c": ["三"]})
    pq.write_table(table, tmp_path / "t.parquet")
    documents, _ = read(tmp_path / "t.parquet", text="text", by=["c", "a.b", "a"])
    assert documents[0].fields == {"c": "三", "a.b": "外", "a": '{"b": "内"}'}
    twins = pa.table([["文"], ["一"], ["二"]], names=["text", "x", "x"])
    pq.write_table(twins, tmp_path / "u.parquet")
    documents, _ = read(tmp_path / "u.parquet", text="text", by=["x (2)", "x"])
    assert documents[0].fields == {"x (2)": "二", "x": "一"}


def test_parquet_of_many_row_groups_and_through_gzip(tmp_path: Path) -> None:
    table = pa.table({"g": ["x", "y"] * 2500, "text": [f"文{i}" for i in range(5000)]})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=700)
    documents, report = read(path)
    assert [d.text for d in documents] == [f"文{i}" for i in range(5000)]
    assert rows(path) == list(range(1, 5001))
    assert report.bytes_read == path.stat().st_size
    assert texts(write(tmp_path / "t.parquet.gz", path.read_bytes())) == [d.text for d in documents]


def test_parquet_strings_that_are_no_utf_8(tmp_path: Path) -> None:
    broken = pa.array([b"\x82\xa0", "文".encode()], pa.binary()).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"text": broken}), tmp_path / "t.parquet")
    documents, report = read(tmp_path / "t.parquet")
    assert [(d.row, d.text) for d in documents] == [(2, "文")]
    assert [(p.row, p.reason) for p in report.problems] == [(1, "undecodable")]


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": [f"文{i}" for i in range(1000)]}), path)
    data = path.read_bytes()
    for broken in (data[:-20], data[: len(data) // 2], b"PAR1", b""):
        with pytest.raises(BadInput, match="Parquet") as caught:
            read(write(tmp_path / "u.parquet", broken))
        assert caught.value.file == str(tmp_path / "u.parquet")
