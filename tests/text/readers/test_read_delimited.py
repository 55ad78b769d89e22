"""CSV and TSV: exact rows, and every kind of bad one."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_help import problems, read, rows, texts, write

from bunsan.base.errors import BadInput
from bunsan.text.documents import read_documents
from bunsan.text.readers.delimited import _records, sniff_delimiter
from bunsan.text.readers.reading import LONGEST, Bad, Reading


def csv_file(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    return write(folder / name, content)


def test_rows_are_the_lines_of_an_editor(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "text,group\r\n"
        '"一行目\r\n二行目\r\n三行目",a\r\n'  # rows 2 to 4
        "\r\n"
        "短い,b\r\n"  # row 6
        ",\r\n"
        '"引用 ""符"", と読点",c',  # row 8
    )
    documents, report = read(path, by="group")
    assert [(d.row, d.text, d.fields["group"]) for d in documents] == [
        (2, "一行目\n二行目\n三行目", "a"),
        (6, "短い", "b"),
        (8, '引用 "符", と読点', "c"),
    ]
    assert report.blank == 2
    assert not report.skipped
    assert documents[0].source == str(path)


def test_bad_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "本文,組\n".encode("cp932")
        + "良い,1\n".encode("cp932")
        + b"\x82\xff\x81,2\n"  # row 3: no characters
        + '"長い\n文",3\n'.encode("cp932")  # rows 4, 5
        + "少ない\n".encode("cp932")  # row 6
        + "多い,7,8\n".encode("cp932")  # row 7
        + "よけいな空,8,,\n".encode("cp932")  # row 8: nothing is lost
        + ",9\n".encode("cp932")  # row 9: no text
        + '"二行目が\n'.encode("cp932")  # row 10, damaged in row 11
        + b'\x81 \xfd\xfe",11\n'
        + "終わり,12\n".encode("cp932"),
    )
    documents, report = read(path, text="本文", by="組", encoding="sjis")
    assert [(d.row, d.text) for d in documents] == [
        (2, "良い"),
        (4, "長い\n文"),
        (8, "よけいな空"),
        (12, "終わり"),
    ]
    assert [(p.row, p.reason) for p in report.problems] == [
        (3, "undecodable"),
        (6, "ragged"),
        (7, "ragged"),
        (9, "empty_text"),
        (11, "undecodable"),
    ]
    assert report.skipped == {"undecodable": 2, "ragged": 2, "empty_text": 1}
    assert "1 cells, the header 2" in report.problems[1].message


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b"\xff\xff,1", "bytes"), (b"a", "cells"), (b"a,b,c", "cells"), (b",x", "empty")],
)
def test_refusing_names_file_row_and_remedy(tmp_path: Path, line: bytes, reason: str) -> None:
    path = csv_file(tmp_path, "text,group\nよい文,1\n\n".encode() + line + b"\n")
    stream = read_documents(path, text="text", on_bad="refuse")
    assert next(stream).row == 2
    with pytest.raises(BadInput, match=reason) as caught:
        next(stream)
    assert caught.value.file == str(path)
    assert caught.value.row == 4
    assert caught.value.remedy


def test_a_quotation_mark_never_closed_swallows_no_rows(tmp_path: Path) -> None:
    lines = ["text,n", "一,1", '"二,2', "三,3", "四,4"]
    path = csv_file(tmp_path, "\n".join(lines) + "\n")
    assert rows(path, text="text") == [2, 4, 5]
    assert problems(path, text="text") == [(3, "unclosed_quote")]
    with pytest.raises(BadInput, match="quotation mark") as caught:
        read(path, text="text", on_bad="refuse")
    assert caught.value.row == 3


def test_a_header_that_is_damaged_is_refused(tmp_path: Path) -> None:
    for content in (b"te\xffxt,group\n\xe3\x81\x82,1\n", b'"text,group\na,1\n'):
        path = csv_file(tmp_path, content)
        with pytest.raises(BadInput) as caught:
            read(path, encoding="utf-8")
        assert caught.value.row == 1


def test_a_record_may_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunsan.text.readers.delimited.LONGEST", 1000)
    body = "".join(f"文{i},1\n" for i in range(1000))
    path = csv_file(tmp_path, 'text,n\n"開いた,1\n' + body)
    assert problems(path, text="text") == [(2, "unclosed_quote")]
    assert rows(path, text="text") == list(range(3, 1003))


def test_hopeless_quotation_marks_end_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every row opens a quotation that stays open to the end of the file.
    monkeypatch.setattr("bunsan.text.readers.delimited._RESCANS", 1 << 20)
    path = csv_file(tmp_path, "text,b,c\n" + 'あ",い,"う\n' * 20000)
    with pytest.raises(BadInput, match="quotation marks"):
        read(path, text="text")


def test_huge_fields_and_nul_bytes(tmp_path: Path) -> None:
    huge = "長" * 300_000
    path = csv_file(tmp_path, f"text,g\n{huge},1\nあ\0い,\0\n")
    documents, report = read(path, text="text", by="g")
    assert [d.text for d in documents] == [huge, "あ\0い"]
    assert documents[1].fields == {"g": "\0"}
    assert not report.skipped
    assert len(huge) < LONGEST


def test_a_line_longer_than_any_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunsan.text.readers.lines.LONGEST", 10_000)
    path = csv_file(tmp_path, "text,g\n" + "長" * 300_000 + ",1\nあ,2\n")
    assert rows(path, text="text") == [3]
    assert problems(path, text="text") == [(2, "too_long")]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", ","), ("t", ","), ("t", ";")]
)
def test_another_delimiter_than_the_name_says(tmp_path: Path, name: str, delimiter: str) -> None:
    content = "本文|組\nよい、,|1\nわるい|2\n".replace(",", "," if delimiter != "," else "")
    path = csv_file(tmp_path, content.replace("|", delimiter), name)
    documents, _ = read(path, text="本文", by="組")
    assert [d.fields["組"] for d in documents] == ["1", "2"]


def test_prose_is_no_table() -> None:
    assert (
        sniff_delimiter(["Hello, world.", "Good day, all."]) is None
    )  # a name begins with a space
    assert sniff_delimiter(["はい、そうです。", "いいえ"]) is None
    assert sniff_delimiter(["a,b", "1,2"]) == ","
    assert sniff_delimiter(["a,b", "1,2,3", "1,2", "1,2"]) is None
    assert sniff_delimiter(["a\tb,c", "1\t2,3"]) == "\t"


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", ",,\n"])
def test_no_header(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match="empty"):
        read(csv_file(tmp_path, content))


def test_a_header_without_rows_gives_no_documents(tmp_path: Path) -> None:
    assert texts(csv_file(tmp_path, "text,group\n")) == []
    assert texts(csv_file(tmp_path, "text,group")) == []


def test_names_that_repeat_or_lack(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "text,a,a,,a (2)\nよい,1,2,3,4\n")
    documents, _ = read(path, text="text", by=["a", "a (2)", "column 4", 5])
    assert documents[0].fields == {"a": "1", "a (2)": "2", "column 4": "3", "a (2) (2)": "4"}


cell = st.text(st.sampled_from('あい,"\n x'), max_size=5)


@settings(deadline=None)
@given(st.lists(st.lists(cell, min_size=1, max_size=4), min_size=1, max_size=8), st.booleans())
def test_records_are_those_of_the_csv_module(table: list[list[str]], quote: bool) -> None:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator="\n", quoting=quoting).writerows(table)
    expected = []
    reader = csv.reader(io.StringIO(out.getvalue(), newline=""))
    line = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            expected.append((line, cells))
        line = reader.line_num + 1
    lines = iter(out.getvalue().split("\n"))
    assert list(_records(lines, ",", "f", Reading())) == expected


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from('あ,"'), max_size=6), max_size=12))
def test_no_line_is_lost_whatever_the_quotation_marks(ends: list[str]) -> None:
    lines = [f"{end[:2]}<{number}>{end[2:]}" for number, end in enumerate(ends, 1)]
    found = ""
    refused = set()
    for item in _records(iter(lines), ",", "f", Reading()):
        if isinstance(item, Bad):
            refused.add(item.row)
        else:
            row, cells = item
            assert f"<{row}>" in "".join(cells).split("\n")[0]
            found += "".join(cells)
    for number in range(1, len(lines) + 1):
        assert (found.count(f"<{number}>") == 1) != (number in refused)
