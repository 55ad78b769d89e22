"""Tables of results: shown in notebooks and terminals, written as CSV, Excel, JSON or Parquet."""

import csv
import html
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write
from bunsan.base.language import tr

_SHOWN_IN_NOTEBOOK = 30
TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".json", ".jsonl", ".parquet")


class Table:
    """Rows of a result under named columns.

    Iterating gives one dict per row. `titles` are what people read above the columns; the names
    are what programs use and never change with the language.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any]],
        titles: Mapping[str, str] | None = None,
        note: str = "",
    ) -> None:
        self.columns = {name: list(values) for name, values in columns.items()}
        self.titles = {name: (titles or {}).get(name, name) for name in self.columns}
        self.note = note
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, row, strict=True))

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __repr__(self) -> str:
        head = " ".join(self.titles.values())
        rows = [
            " ".join(show(v) for v in row.values()) for _, row in zip(range(20), self, strict=False)
        ]
        more = [f"… {len(self):,} {tr('rows', '行')}"] if len(self) > 20 else []
        return "\n".join([head, *rows, *more])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(title)}</th>" for title in self.titles.values())
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(show(v))}</td>" for v in row.values()) + "</tr>"
            for _, row in zip(range(_SHOWN_IN_NOTEBOOK), self, strict=False)
        )
        rest = len(self) - _SHOWN_IN_NOTEBOOK
        more = f"<p>{tr(f'and {rest:,} more rows', f'ほか {rest:,} 行')}</p>" if rest > 0 else ""
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}{note}"

    def head(self, n: int) -> "Table":
        """The first n rows."""
        return Table({k: v[:n] for k, v in self.columns.items()}, self.titles, self.note)

    def to_arrow(self) -> Any:
        """A pyarrow.Table."""
        import pyarrow as pa

        return pa.table(
            {name: [_plain(v) for v in values] for name, values in self.columns.items()}
        )

    def to_pandas(self) -> Any:
        """A pandas.DataFrame (pandas must be installed)."""
        return self.to_arrow().to_pandas()

    def to_rows(self) -> list[dict[str, Any]]:
        """A list of dicts that JSON can hold."""
        return [{k: _plain(v) for k, v in row.items()} for row in self]

    def save(self, path: str | Path, *, encoding: str = "utf-8-sig") -> None:
        """Write the table; the suffix says how (.csv .tsv .xlsx .json .jsonl .parquet), atomically.

        CSV is UTF-8 with a byte-order mark, which Excel reads rightly; `encoding="cp932"` is for
        older programs, and refuses characters it cannot hold, by name.

        Raises
        ------
        BadInput : unknown suffix, or a character the encoding lacks.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in TABLE_SUFFIXES:
            raise BadInput(
                tr(
                    f"Tables cannot be written as {suffix!r}.",
                    f"表は {suffix!r} 形式では書けません。",
                ),
                remedy=tr("Use one of: ", "使える拡張子: ") + " ".join(TABLE_SUFFIXES),
                file=path,
            )
        with atomic_write(path) as file:
            if suffix == ".xlsx":
                file.write(self._xlsx())
            elif suffix == ".parquet":
                import pyarrow.parquet as pq

                pq.write_table(self.to_arrow(), file)
            elif suffix == ".json":
                file.write(json.dumps(self.to_rows(), ensure_ascii=False, indent=1).encode())
            elif suffix == ".jsonl":
                file.writelines(
                    json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in self.to_rows()
                )
            else:
                file.write(self._delimited("\t" if suffix == ".tsv" else ",", encoding, path))

    def _delimited(self, delimiter: str, encoding: str, path: Path) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(self.columns)
        writer.writerows([_cell(v) for v in row.values()] for row in self)
        try:
            return text.getvalue().encode(encoding)
        except UnicodeEncodeError as error:
            bad = error.object[error.start : error.end]
            raise BadInput(
                tr(
                    f"{encoding} has no character {bad!r}.",
                    f"{encoding} には文字 {bad!r} がありません。",
                ),
                remedy=tr("Write UTF-8 instead.", "UTF-8 で書いてください。"),
                file=path,
                row=error.object.count("\n", 0, error.start) + 1,
            ) from error

    def _xlsx(self) -> bytes:
        import xlsxwriter

        buffer = io.BytesIO()
        # A word such as "=SUM" is text, not a formula; an address is no link (Excel allows 65,530).
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(buffer, options) as book:
            sheet = book.add_worksheet()
            bold = book.add_format({"bold": True})
            for column, title in enumerate(self.titles.values()):
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(self, start=1):
                for column, value in enumerate(row.values()):
                    value = _cell(value)
                    if isinstance(value, float) and value != value:
                        continue
                    sheet.write(number, column, value[:32767] if isinstance(value, str) else value)
            sheet.freeze_panes(1, 0)
            sheet.autofit()
        return buffer.getvalue()


def show(value: Any) -> str:
    """A cell as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return tr("yes", "はい") if value else tr("no", "いいえ")
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return " ".join(show(v) for v in value)
    return str(value)


def percent(share: float) -> str:
    """A share as a sentence says it."""
    return tr(f"{100 * share:.0f} %", f"{100 * share:.0f}%")


def _plain(value: Any) -> Any:
    """Numpy numbers as Python's; NaN and infinities, which JSON lacks, as None."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _cell(value: Any) -> Any:
    value = _plain(value)
    return show(value) if isinstance(value, list) else value
