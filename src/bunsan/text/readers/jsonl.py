"""JSON Lines: one JSON object a line."""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import DAMAGED
from bunsan.text.readers.plain import is_blank
from bunsan.text.readers.reading import OVERLONG, Reading
from bunsan.text.readers.table import MISSING, Row, Table, take_sample


def read_jsonl(lines: Iterator[str], file: str, reading: Reading) -> Table:
    """The table of a JSON Lines file; its columns are the keys of the first 500 objects at most.

    Raises
    ------
    BadInput : none of the first lines is an object.
    """
    objects = _objects(lines, file, reading)
    first = take_sample(objects, dict.values)
    columns = list(dict.fromkeys(key for _, value in first for key in value))
    if not columns:
        raise BadInput(
            tr("has no JSON object a line.", "1 行に一つの JSON オブジェクトがありません。"),
            remedy=tr(
                'Write {"text": "..."} for each row, on a line of its own, without [ ] around all.',
                '1 行に一つずつ {"text": "..."} と書き、全体を [ ] で囲まないでください。',
            ),
            file=file,
        )

    def rows(wanted: Sequence[int]) -> Iterator[Row]:
        names = [columns[i] for i in wanted]
        for row, value in itertools.chain(first, objects):
            yield row, [value.get(name, MISSING) for name in names]

    sample: list[Row] = [
        (row, [value.get(name, MISSING) for name in columns]) for row, value in first
    ]
    return Table(columns, sample, rows)


def _objects(
    lines: Iterator[str], file: str, reading: Reading
) -> Iterator[tuple[int, dict[str, Any]]]:
    for row, line in enumerate(lines, 1):
        if is_blank(line):
            reading.report.blank += 1
            continue
        if DAMAGED in line or line == OVERLONG:
            reading.damaged(file, row, line)
            continue
        try:
            value = json.loads(line)
            detail = type(value).__name__
        except (ValueError, RecursionError) as error:
            value, detail = None, str(error)
        if isinstance(value, dict):
            yield row, value
            continue
        reading.bad(
            file,
            row,
            "invalid_json",
            tr(
                f"The line cannot be read as a JSON object ({detail}).",
                f"JSON のオブジェクトとして読めません({detail})。",
            ),
            tr('Write {"text": "..."}.', '{"text": "..."} の形にしてください。'),
        )
