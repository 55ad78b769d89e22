"""Tables say the same in every format they are written in."""

import csv
import json
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from bunsan.base.errors import BadInput
from bunsan.tasks.table import Table

TABLE = Table(
    {
        "word": ["朝食", "=SUM(A1)", "𠮷野家", '改\n行,と"引用"'],
        "count": [3, 0, -1, 12_345],
        "share": [0.5, float("nan"), 1.25, 1e-9],
        "note": [None, "https://example.org", "①㈱髙", ""],
    },
    {"word": "語", "count": "数"},
)


def test_csv(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "t.csv")
    data = (tmp_path / "t.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")  # Excel takes UTF-8 only with the mark
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines(keepends=True)))
    assert rows[0] == ["word", "count", "share", "note"]
    assert [r[0] for r in rows[1:]] == TABLE["word"]
    assert rows[4][1] == "12345"


def test_cp932_names_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="𠮷") as caught:
        TABLE.save(tmp_path / "t.csv", encoding="cp932")
    assert caught.value.row == 4
    assert not list(tmp_path.iterdir())
    ok = Table({"a": ["髙①㈱"]})
    ok.save(tmp_path / "t.csv", encoding="cp932")
    assert (tmp_path / "t.csv").read_bytes() == "a\r\n髙①㈱\r\n".encode("cp932")


def test_xlsx_keeps_text_as_text(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["語", "数", "share", "note"]
    assert [r[0] for r in rows[1:]] == TABLE["word"]
    assert sheet["A3"].data_type == "s"  # not a formula
    assert rows[2][2] is None  # not a number is an empty cell


def test_json_lines_and_parquet(tmp_path: Path) -> None:
    for name in ("t.json", "t.jsonl", "t.parquet"):
        TABLE.save(tmp_path / name)
    expected = TABLE.to_rows()
    assert expected[1]["share"] is None
    assert json.loads((tmp_path / "t.json").read_text("utf-8")) == expected
    lines = (tmp_path / "t.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == expected


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.docx"):
        TABLE.save(tmp_path / "t.docx")


def test_notebooks_escape() -> None:
    assert "<script>" not in Table({"a": ["<script>"]})._repr_html_()
    assert "&lt;script&gt;" in Table({"a": ["<script>"]})._repr_html_()
