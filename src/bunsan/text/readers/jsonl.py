"""JSON Lines: one JSON object a line."""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.encoding import DAMAGED
from bunsan.text.readers.plain import is_blank
from bunsan.text.readers.reading import OVERLONG, Bad, Reading
from bunsan.text.readers.table import MISSING, Row, Table, beginning, parted


def read_jsonl(lines: Iterator[str], file: str, reading: Reading) -> Table:
    """The table of a JSON Lines file; its columns are the keys of the first 500 objects at most.

    Raises
    ------
    BadInput : none of the first lines is an object.
    """
    objects = _objects(lines, file, reading)
    first, whole = beginning(objects, dict.values)
    good, bad = parted(first)
    columns = list(dict.fromkeys(key for _, value in good for key in value))
    if not columns:
        raise BadInput(
            tr("has no JSON object a line.", "1 行に一つの JSON オブジェクトがありません。"),
            remedy=tr(
                'Write {"text": "..."} for each row, on a line of its own, without [ ] around all.',
                '1 行に一つずつ {"text": "..."} と書き、全体を [ ] で囲まないでください。',
            ),
            file=file,
        )

    def rows(wanted: Sequence[int]) -> Iterator[Row | Bad]:
        names = [columns[i] for i in wanted]
        for item in itertools.chain(first, objects):
            if isinstance(item, Bad):
                yield item
            else:
                yield item[0], [item[1].get(name, MISSING) for name in names]

    sample: list[Row] = [
        (row, [value.get(name, MISSING) for name in columns]) for row, value in good
    ]
    return Table(columns, sample, rows, whole, bad)


def _objects(
    lines: Iterator[str], file: str, reading: Reading
) -> Iterator[tuple[int, dict[str, Any]] | Bad]:
    for row, line in enumerate(lines, 1):
        if is_blank(line):
            reading.report.blank += 1
            continue
        if DAMAGED in line or line == OVERLONG:
            yield reading.damage(file, row, line)
            continue
        try:
            value = json.loads(line)
            detail = type(value).__name__
        except (ValueError, RecursionError) as error:
            value, detail = None, str(error)
        if isinstance(value, dict):
            yield row, value
            continue
        problem = tr(
            f"The line cannot be read as a JSON object ({detail}).",
            f"JSON のオブジェクトとして読めません({detail})。",
        )
        remedy = tr('Write {"text": "..."}.', '{"text": "..."} の形にしてください。')
        yield Bad(row, "invalid_json", problem, remedy)
