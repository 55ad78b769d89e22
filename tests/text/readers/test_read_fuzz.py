"""Whatever the bytes: documents or `BadInput`, nothing else, and always an end."""

import contextlib
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.text.documents import ReadReport, inspect, read_documents

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SUFFIXES = [
    "txt",
    "csv",
    "tsv",
    "jsonl",
    "xlsx",
    "xls",
    "ods",
    "parquet",
    "dat",
    "txt.gz",
    "csv.gz",
]
ENCODINGS = [None, "utf-8", "cp932", "euc-jp", "utf-16", "utf-32", "iso-2022-jp", "cp1252"]


def must_end_well(path: Path, **options: object) -> None:
    """Read to the end; every document is sound, every row is where rows are, all is counted."""
    report = ReadReport()
    documents = 0
    with contextlib.suppress(BadInput):
        for document in read_documents(path, report=report, **options):  # type: ignore[arg-type]
            documents += 1
            assert document.text.strip()
            document.text.encode()
            assert document.row >= 1
            for value in document.fields.values():
                assert value is None or value.encode() is not None
            assert "\r" not in document.text
    assert report.documents == documents
    assert sum(report.skipped.values()) >= len(report.problems)
    json.dumps(report.to_dict())
    with contextlib.suppress(BadInput):
        inspect(path, encoding=options.get("encoding"))  # type: ignore[arg-type]


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("回答")
        for row in range(20):
            sheet.write_row(row, 0, [f"本文{row}", row, row / 7, row % 2 == 0])
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    table = pa.table({"text": [f"とても良い宿{i}" for i in range(50)], "n": list(range(50))})
    pq.write_table(table, out, row_group_size=20)
    return out.getvalue()


TABLE = "本文,性別\n" + "".join(f'"良い宿{i}\n静か",男\n' for i in range(20))
VALID = {
    "txt": ("<h1>上</h1>\n" + "雨が降った。\n\n雪が降った。\n" * 10).encode(),
    "csv": TABLE.encode("cp932"),
    "tsv": TABLE.replace(",", "\t").encode("utf-16"),
    "jsonl": b"".join(b'{"text": "\xe5\xae\xbf", "n": [1, 2.5, null]}\n' for _ in range(20)),
    "xlsx": workbook(),
    "parquet": parquet(),
    "csv.gz": gzip.compress(TABLE.encode("euc-jp")),
}


@SETTINGS
@given(
    st.binary(max_size=300) | st.text(st.sampled_from('あア亜,"\t\n\r{}[]:;<h1>/\0'), max_size=200),
    st.sampled_from(SUFFIXES),
    st.sampled_from(ENCODINGS),
    st.sampled_from(["auto", "line", "paragraph", "file"]),
)
def test_any_bytes(
    tmp_path: Path, data: bytes | str, suffix: str, encoding: str | None, unit: str
) -> None:
    if isinstance(data, str):
        data = data.encode("cp932", "replace")
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(data)
    must_end_well(path, encoding=encoding, unit=unit)


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "double", "drop"]))
        if kind == "flip" and data:
            data[place] = draw(st.integers(0, 255))
        elif kind == "cut":
            del data[place:]
        elif kind == "insert":
            data[place:place] = draw(st.binary(max_size=4) | st.sampled_from([b'"', b"\n", b"\0"]))
        elif kind == "double":
            data += data[place : place + 200]
        elif kind == "drop":
            del data[place : place + draw(st.integers(1, 50))]
    return bytes(data)


@pytest.mark.parametrize("suffix", VALID)
def test_mutated_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"

    @SETTINGS
    @given(mutated(VALID[suffix]))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        must_end_well(path)

    path.write_bytes(VALID[suffix])
    assert next(read_documents(path)).text
    check()


def parts_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


@pytest.mark.parametrize(
    "part",
    ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"],
)
def test_mutated_parts_of_a_workbook(tmp_path: Path, part: str) -> None:
    """Bytes changed inside a sound zip, where they reach the reader of the XML."""
    parts = dict(parts_of(VALID["xlsx"]))
    path = tmp_path / "t.xlsx"

    @SETTINGS
    @given(mutated(parts[part]))
    def check(data: bytes) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, data if name == part else content)
        must_end_well(path)

    check()


@SETTINGS
@given(st.binary(max_size=200))
def test_any_bytes_inside_gzip(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(gzip.compress(data))
    must_end_well(path)
