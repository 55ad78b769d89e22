"""Whatever is written in any format and encoding is read back to the letter."""

import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_help import CODECS, read

from bunsan.text.encoding import decoder

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def holds(encoding: str, text: str) -> bool:
    """Whether an encoding can write a text so that its own codec would read the same."""
    try:
        data = text.encode(CODECS[encoding])
    except UnicodeEncodeError:
        return False
    return decoder(encoding).decode(data, True).lstrip("\ufeff") == text


def characters(encoding: str) -> st.SearchStrategy[str]:
    japanese = st.sampled_from("あいうアイウーヴ日本語表能ソ、。「」①㈱髙～―ｱﾝｹﾞｰ　Ａ１")
    wide = st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff")
    return (japanese | wide | st.sampled_from('",;\t\n |\\<>{}[]\0\x0b\x1c\x85\u2028')).filter(
        lambda c: holds(encoding, c)
    )


def cells(encoding: str) -> st.SearchStrategy[str]:
    return st.text(characters(encoding), min_size=1, max_size=20).filter(
        lambda text: not text.isspace() and holds(encoding, text)
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str | None]]]:
    encoding = draw(st.sampled_from(list(CODECS)))
    cell = cells(encoding)
    rows = st.lists(st.tuples(cell, st.none() | cell), min_size=1, max_size=6)
    return encoding, draw(rows)


def encode(text: str, encoding: str) -> bytes:
    return text.encode(CODECS[encoding])


@SETTINGS
@given(tables(), st.sampled_from([",", "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_csv_and_tsv(
    tmp_path: Path,
    table: tuple[str, list[tuple[str, str | None]]],
    delimiter: str,
    end: str,
    packed: bool,
) -> None:
    encoding, records = table
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerows([("text", "group"), *records])
    data = encode(out.getvalue(), encoding)
    path = tmp_path / ("t.csv" if delimiter == "," else "t.tsv")
    if packed:
        path, data = path.with_name(path.name + ".gz"), gzip.compress(data)
    path.write_bytes(data)
    documents, report = read(path, text="text", by="group", encoding=encoding)
    # A cell with nothing but spaces is blank.
    expected = [(text, None if g is None or g.isspace() else g) for text, g in records]
    assert [(d.text, d.fields["group"]) for d in documents] == expected
    assert not report.skipped
    line = 2
    for document, (text, group) in zip(documents, records, strict=True):
        assert document.row == line
        line += 1 + text.count("\n") + (group or "").count("\n")


@SETTINGS
@given(tables())
def test_jsonl(tmp_path: Path, table: tuple[str, list[tuple[str, str | None]]]) -> None:
    encoding, records = table
    lines = [json.dumps({"text": t, "group": g}, ensure_ascii=False) for t, g in records]
    path = tmp_path / "t.jsonl"
    path.write_bytes(encode("".join(line + "\n" for line in lines), encoding))
    documents, _ = read(path, text="text", by="group", encoding=encoding)
    expected = [(t, None if g is None or g.isspace() else g) for t, g in records]
    assert [(d.text, d.fields["group"]) for d in documents] == expected
    assert [d.row for d in documents] == list(range(1, len(records) + 1))


@SETTINGS
@given(tables(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_txt_by_lines(
    tmp_path: Path, table: tuple[str, list[tuple[str, str | None]]], end: str
) -> None:
    encoding, records = table
    lines = [text.replace("\n", " ") for text, _ in records]
    path = tmp_path / "t.txt"
    path.write_bytes(encode(end.join(lines), encoding))
    documents, _ = read(path, encoding=encoding, format="txt")
    expected = [(i, line) for i, line in enumerate(lines, 1) if not line.isspace()]
    assert [(d.row, d.text) for d in documents] == expected


@SETTINGS
@given(tables())
def test_txt_as_one_file(tmp_path: Path, table: tuple[str, list[tuple[str, str | None]]]) -> None:
    encoding, records = table
    text = "\n".join(text for text, _ in records)
    path = tmp_path / "t.txt"
    path.write_bytes(encode(text, encoding))
    documents, _ = read(path, unit="file", encoding=encoding)
    # The break at the very end closes the last line; it begins no line of its own.
    assert [d.text for d in documents] == [text.removesuffix("\n")]


@SETTINGS
@given(st.lists(st.tuples(cells("utf-8"), st.none() | cells("utf-8")), min_size=1, max_size=6))
def test_parquet_and_memory(tmp_path: Path, records: list[tuple[str, str | None]]) -> None:
    table = pa.table(
        {"text": [t for t, _ in records], "group": pa.array([g for _, g in records], pa.string())}
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=2)
    expected = [(t, None if g is None or g.isspace() else g) for t, g in records]
    for source in (path, table, table.to_pylist()):
        documents, _ = read(source, text="text", by="group")
        assert [(d.text, d.fields["group"]) for d in documents] == expected
        assert [d.row for d in documents] == list(range(1, len(records) + 1))


WRITABLE = st.text(
    st.sampled_from("あ日本語①髙𠮷 ,\"'\n<&>_x000D\t") | st.characters(categories=["L", "N"]),
    min_size=1,
    max_size=20,
).filter(lambda text: not text.isspace())


@SETTINGS
@given(st.lists(st.tuples(WRITABLE, st.none() | WRITABLE), min_size=1, max_size=6))
def test_xlsx(tmp_path: Path, records: list[tuple[str, str | None]]) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, values in enumerate([("text", "group"), *records]):
            for column, value in enumerate(values):
                if value is not None:
                    sheet.write_string(row, column, value)
    documents, _ = read(path, text="text", by="group" if any(g for _, g in records) else ())
    assert [d.text for d in documents] == [t for t, _ in records]
    assert [d.row for d in documents] == list(range(2, len(records) + 2))
    if any(g for _, g in records):
        assert [d.fields["group"] for d in documents] == [
            None if g is None or g.isspace() else g for _, g in records
        ]


@pytest.mark.parametrize("encoding", CODECS)
def test_the_encoding_is_found_in_whole_files(tmp_path: Path, encoding: str) -> None:
    lines = ["駅から近くて便利でした。", "また利用したいです。", "朝食がおいしかった"]
    path = tmp_path / "t.txt"
    path.write_bytes(encode("\n".join(lines), encoding))
    documents, report = read(path)
    assert [d.text for d in documents] == lines
    assert report.encodings == {str(path): encoding}
    assert report.guessed_encodings == {str(path)}
    _, told = read(path, encoding=encoding)
    assert told.encodings == {str(path): encoding}
    assert told.guessed_encodings == set()
