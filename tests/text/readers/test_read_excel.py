"""Workbooks: what Excel shows is what is read, without the furigana."""

import datetime
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from reading_help import read, write

from bunsan.base.errors import BadInput
from bunsan.text.documents import inspect

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def hand_made(path: Path, rows: str, strings: str = "") -> Path:
    """An xlsx of one sheet, written out by hand to hold what no library writes."""
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{types}.sharedStrings+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="回答" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, HEAD + content)
    return path


def test_furigana_stay_out(tmp_path: Path) -> None:
    ruby = '<rPh sb="0" eb="2"><t>{}</t></rPh>'
    strings = (
        "<si><t>本文</t></si><si><t>地名</t></si>"
        f"<si><t>東京へ行く</t>{ruby.format('トウキョウ')}<phoneticPr fontId='1'/></si>"
        f"<si><r><t>京都</t></r><r><t xml:space='preserve'> に泊まる</t></r>"
        f"{ruby.format('キョウト')}{ruby.format('ト')}</si>"
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        '<row r="2"><c r="A2" t="s"><v>2</v></c>'
        f'<c r="B2" t="inlineStr"><is><t>奈良</t>{ruby.format("ナラ")}</is></c></row>'
        '<row r="3"><c r="A3" t="s"><v>3</v></c></row>'
    )
    documents, _ = read(hand_made(tmp_path / "t.xlsx", rows, strings), by="地名")
    assert [(d.row, d.text, d.fields) for d in documents] == [
        (2, "東京へ行く", {"地名": "奈良"}),
        (3, "京都 に泊まる", {"地名": None}),
    ]


def test_values_as_excel_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy/mm/dd"})
        moment = book.add_format({"num_format": "yyyy/mm/dd hh:mm:ss"})
        sheet = book.add_worksheet()
        for column, name in enumerate(["自由記述", "n", "x", "日", "時", "真偽", "空"]):
            sheet.write(2, column + 1, name)  # the table begins at B3
        sheet.write(3, 1, "一行目\r\n二行目")
        sheet.write(3, 2, 5.0)
        sheet.write(3, 3, 0.1)
        sheet.write_datetime(3, 4, datetime.datetime(2024, 1, 5), day)
        sheet.write_datetime(3, 5, datetime.datetime(2024, 1, 5, 13, 30), moment)
        sheet.write_boolean(3, 6, True)
        sheet.write(3, 7, "  ")
        sheet.write(5, 1, 100)  # an answer that Excel took for a number
        sheet.write(5, 2, 90123456789)
        sheet.write(6, 2, 1)  # no answer
    documents, report = read(path, by=["n", "x", "日", "時", "真偽", "空"])
    assert [(d.row, d.text) for d in documents] == [(4, "一行目\n二行目"), (6, "100")]
    assert documents[0].fields == {
        "n": "5",
        "x": "0.1",
        "日": "2024-01-05",
        "時": "2024-01-05T13:30:00",
        "真偽": "TRUE",
        "空": None,
    }
    assert documents[1].fields["n"] == "90123456789"
    assert report.text == "自由記述"
    assert report.blank == 3  # rows 1, 2 and 5
    assert [(p.row, p.reason) for p in report.problems] == [(7, "empty_text")]


def sheets(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name in ("隠し", "空", "回答", "2"):
            sheet = book.add_worksheet(name)
            if name != "空":
                sheet.write_column(0, 0, ["text", f"{name}の文"])
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()
        book.worksheets()[0].hide()
    return path


@pytest.mark.parametrize(
    ("sheet", "text"),
    [(None, "回答の文"), ("回答", "回答の文"), (3, "回答の文"), ("3", "回答の文"), (1, "隠しの文")],
)
def test_sheets_by_name_and_number(tmp_path: Path, sheet: str | int | None, text: str) -> None:
    assert [d.text for d in read(sheets(tmp_path / "t.xlsx"), sheet=sheet)[0]] == [text]


def test_a_sheet_called_2_comes_before_the_second(tmp_path: Path) -> None:
    path = sheets(tmp_path / "t.xlsx")
    assert [d.text for d in read(path, sheet="2")[0]] == ["2の文"]
    assert inspect(path).sheets == ("隠し", "空", "回答", "2")


def test_unknown_and_empty_sheets(tmp_path: Path) -> None:
    path = sheets(tmp_path / "t.xlsx")
    for wrong in ("答え", 5, 0):
        with pytest.raises(BadInput, match="no sheet") as caught:
            read(path, sheet=wrong)
        assert "隠し, 空, 回答, 2" in str(caught.value)
    with pytest.raises(BadInput, match="empty"):
        read(path, sheet="空")


def test_a_workbook_under_another_name_and_compressed(tmp_path: Path) -> None:
    data = sheets(tmp_path / "t.xlsx").read_bytes()
    for name in ("t.csv", "t.xls", "t", "t.xlsx.gz"):
        assert [d.text for d in read(write(tmp_path / name, data))[0]] == ["回答の文"]


@pytest.mark.parametrize("far", ["XFD1048576", "A99999999", "aaaaaaaa1", f"ZZZZ{9 * 10**30}"])
def test_a_forgotten_cell_far_away_is_refused(tmp_path: Path, far: str) -> None:
    corner = f'<row r="1048576"><c r="{far}"><v>1</v></c></row>'
    first = '<row r="1"><c r="A1" t="inlineStr"><is><t>text</t></is></c></row>'
    with pytest.raises(BadInput, match="cells as far as") as caught:
        read(hand_made(tmp_path / "t.xlsx", first + corner))
    assert caught.value.file == str(tmp_path / "t.xlsx")
    # A cell that only has a format is not content.
    formatted = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    text = '<row r="2"><c r="A2" t="inlineStr"><is><t>文</t></is></c></row>'
    documents, _ = read(hand_made(tmp_path / "u.xlsx", first + text + formatted))
    assert [d.text for d in documents] == ["文"]


def test_xml_in_an_encoding_nobody_knows(tmp_path: Path) -> None:
    whole = hand_made(tmp_path / "t.xlsx", "")
    broken = tmp_path / "u.xlsx"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'"UTF-8"', b'"aTF-8"'))
    with pytest.raises(BadInput):
        read(broken)


def test_a_bomb_is_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sheets(tmp_path / "t.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * 50_000_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr("bunsan.text.readers.excel._LARGEST_CONTENT", 40_000_000)
    with pytest.raises(BadInput, match="too large"):
        read(path)


@pytest.mark.parametrize("name", ["t.xlsx", "t.xls", "t.ods"])
@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"<html><table></table></html>", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
)
def test_what_is_no_workbook(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(BadInput, match="workbook") as caught:
        read(write(tmp_path / name, data))
    assert caught.value.file == str(tmp_path / name)
    assert "CSV" in str(caught.value.remedy)


def test_a_document_of_word_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "t.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    with pytest.raises(BadInput, match="workbook"):
        read(path)


def test_ods(tmp_path: Path) -> None:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        '<office:spreadsheet><table:table table:name="表">{}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = '<table:table-cell office:value-type="float" office:value="5"/>'
    rows = "".join(
        f"<table:table-row>{a}{b}</table:table-row>"
        for a, b in [
            (cell.format("本文"), cell.format("点")),
            (cell.format("良い文"), number),
        ]
    )
    path = tmp_path / "t.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", HEAD + content.format(rows))
    documents, _ = read(path, by="点")
    assert [(d.row, d.text, d.fields) for d in documents] == [(2, "良い文", {"点": "5"})]
