"""Workbooks (xlsx, xlsm, xlsb, xls, ods) by calamine, which leaves furigana out of the text."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import python_calamine
from python_calamine import CalamineWorkbook

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.columns import unique_names
from bunsan.text.readers.reading import Reading
from bunsan.text.readers.table import Row, Table, as_text, no_rows, streamed

_LARGEST_CONTENT = 1 << 31  # bytes that the parts of a workbook may unpack to
_MOST_CELLS = 50_000_000  # of the rectangle around all cells, which calamine holds in memory
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Za-z]+)(\d+)"[^>]*(?<!/)>')  # not an empty one
_NO_XLSX = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    EOFError,
    LookupError,  # no such part; an XML encoding nobody knows
    NotImplementedError,
    OSError,
    RuntimeError,  # a part is encrypted
    ValueError,
)


def read_excel(data: bytes, file: str, reading: Reading) -> Table:
    """The table on a sheet: the one told by name or number, else the first visible with cells.

    Rows are numbered as Excel does; the header is the first row that is not blank.

    Raises
    ------
    BadInput : the file is damaged, protected by a password or absurdly large, or has no such sheet.
    """
    _refuse_bombs(data, file)
    with _opened(data, file) as book:
        sheets = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.name in sheets and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        names = (
            (visible or sheets) if reading.sheet is None else [_chosen(sheets, reading.sheet, file)]
        )
        for name in names:
            _refuse_far_cells(data, name, file)
            sheet = _guarded(file, lambda name=name: book.get_sheet_by_name(name))
            records = _rows(sheet, file, reading)
            header = next(records, None)
            if header is not None:
                columns = unique_names(header[1])
                table = streamed(columns, records)
                table.sheets = tuple(sheets)
                return table
    raise no_rows(file)


def _rows(sheet: Any, file: str, reading: Reading) -> Iterator[Row]:
    cells = sheet.iter_rows()
    row = 0
    while (values := _guarded(file, lambda: next(cells, None))) is not None:
        row += 1
        texts = [as_text(value) for value in values]
        if any(text is not None for text in texts):
            yield row, texts
        else:
            reading.report.blank += 1


def _chosen(sheets: list[str], wanted: str | int, file: str) -> str:
    if isinstance(wanted, str) and wanted in sheets:
        return wanted
    if str(wanted).isdecimal() and 1 <= int(wanted) <= len(sheets):
        return sheets[int(wanted) - 1]
    listed = tr(", ", "、").join(sheets)
    raise BadInput(
        tr(f"There is no sheet {str(wanted)!r}.", f"シート {str(wanted)!r} はありません。"),
        remedy=tr(f"The sheets are: {listed}.", f"あるのは次のシートです: {listed}。"),
        file=file,
    )


def _opened(data: bytes, file: str) -> Any:
    return _guarded(file, lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))


def _guarded(file: str, work: Any) -> Any:
    """Run a call into calamine; whatever it raises becomes a `BadInput`."""
    try:
        return work()
    except python_calamine.PasswordError as error:
        raise BadInput(
            tr("is protected by a password.", "パスワードで保護されています。"),
            remedy=tr("Save it without one.", "パスワードを外して保存してください。"),
            file=file,
        ) from error
    except (MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of its Rust code is no Exception
        raise _damaged(file, str(error)) from error


def _damaged(file: str, detail: str) -> BadInput:
    return BadInput(
        tr(f"cannot be read as a workbook ({detail}).", f"ブックとして読めません({detail})。"),
        remedy=tr(
            "Open it in Excel and save it as xlsx or CSV.",
            "Excel で開き、xlsx か CSV で保存し直してください。",
        ),
        file=file,
    )


def _refuse_bombs(data: bytes, file: str) -> None:
    """Refuse a small file that unpacks to gigabytes before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except _NO_XLSX:
        return
    if size > _LARGEST_CONTENT:
        raise _too_large(
            file, tr(f"It unpacks to {size:,} bytes.", f"展開すると {size:,} バイトになります。")
        )


def _refuse_far_cells(data: bytes, sheet: str, file: str) -> None:
    """Refuse a sheet of which the cells lie so far apart that the rectangle is absurdly large.

    Calamine allocates the rectangle at once; a forgotten cell at XFD1048576 would end the process.
    """
    columns: set[bytes] = set()
    rows: set[int] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts, parts.open(_part(parts, sheet)) as xml:
            rest = b""
            while chunk := xml.read(1 << 20):
                chunk = rest + chunk
                end = chunk.rfind(b"<") + 1  # the tag begun may go on in the next piece
                rest = chunk[max(end - 1, 0) :][-100_000:]
                found = _CELL.findall(chunk)
                columns.update(letters.upper() for letters, _ in found)
                numbers = [int(number[:12]) for _, number in found]
                rows |= {min(numbers), max(numbers)} if numbers else set()
    except _NO_XLSX:
        return  # another kind of workbook, or a damaged one: calamine will say
    if not rows:
        return
    width = max(map(_number, columns)) - min(map(_number, columns)) + 1
    if width * (max(rows) - min(rows) + 1) > _MOST_CELLS:
        far = max(columns, key=_number).decode()
        raise _too_large(
            file,
            tr(
                f"Sheet {sheet!r} has cells as far as column {far} and row {max(rows):,}.",
                f"シート {sheet!r} のセルが {far} 列、{max(rows):,} 行まで広がっています。",
            ),
        )


def _part(parts: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part of an xlsx that holds a sheet."""
    relations = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for element in ElementTree.fromstring(parts.read("xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            key = next((value for name, value in element.items() if name.endswith("}id")), None)
            target = targets.get(key, "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise KeyError(sheet)


def _number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large(file: str, detail: str) -> BadInput:
    return BadInput(
        tr(f"is too large a workbook. {detail}", f"ブックが大きすぎます。{detail}"),
        remedy=tr(
            "Delete what lies outside the table, or save the sheet as CSV.",
            "表の外にあるセルを消すか、シートを CSV で保存してください。",
        ),
        file=file,
    )
