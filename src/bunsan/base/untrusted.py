"""JSON that a stranger wrote: read within limits, or refused with the place and the reason.

`json.loads` alone takes NaN as a number, keeps the last of two equal names without a word, and answers a file of
ten million brackets with `RecursionError`. Checkpoints come from anywhere, so each of these is a `BadInput` here.
"""

import json
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

LARGEST_CONFIG = 16_000_000  # bytes; the largest published config.json has some 2 MB (label names)


def read_object(path: str | Path, *, largest: int = LARGEST_CONFIG) -> dict[str, Any]:
    """The JSON object in a file.

    Parameters
    ----------
    largest : bytes; a longer file is refused before it is read.

    Raises
    ------
    BadInput : no regular file, too long, not UTF-8, not JSON, nested too deeply, an endless number (NaN,
        Infinity), the same name twice in one object, or something else than an object.
    """
    path = Path(path)
    size = regular_size(path)
    if size > largest:
        raise BadInput(
            tr(
                f"has {size:,} bytes; more than {largest:,} are never needed here.",
                f"{size:,} バイトあります。{largest:,} バイトを超えることはないはずのファイルです。",
            ),
            remedy=_get_again(),
            file=path,
        )
    return parse_object(path.read_bytes(), path)


def regular_size(path: Path) -> int:
    """The length in bytes of a regular file; a device, a pipe or a folder is a `BadInput`."""
    if not path.is_file():
        problem = (
            tr("is no regular file.", "通常のファイルではありません。")
            if path.exists()
            else tr("is not there.", "がありません。")
        )
        raise BadInput(problem, remedy=_get_again(), file=path)
    return path.stat().st_size


def parse_object(data: bytes, path: str | Path, *, offset: int = 0) -> dict[str, Any]:
    """The JSON object in `data`, which stands at byte `offset` of the file `path` (named in errors)."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad_json(
            path, tr("not UTF-8", "UTF-8 ではない"), byte=offset + error.start
        ) from error
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except json.JSONDecodeError as error:
        byte = offset + len(text[: error.pos].encode())
        raise _bad_json(path, error.msg, byte=byte, row=None if offset else error.lineno) from error
    except RecursionError as error:
        raise _bad_json(path, tr("nested too deeply", "入れ子が深すぎる"), byte=offset) from error
    except ValueError as error:  # a number of five thousand digits, or one of the two below
        raise _bad_json(path, str(error), byte=offset) from error
    if not isinstance(value, dict):
        raise _bad_json(path, tr("not an object", "オブジェクトではない"), byte=offset)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(tr(f"{name} is no number", f"{name} は数ではない"))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(
                    tr(f"the name {name[:200]!r} twice", f"名前 {name[:200]!r} が二重")
                )
            seen.add(name)
    return value


def _bad_json(path: str | Path, why: str, *, byte: int, row: int | None = None) -> BadInput:
    return BadInput(
        tr(
            f"cannot be read as JSON at byte {byte:,} ({why}).",
            f"{byte:,} バイト目で JSON として読めません({why})。",
        ),
        remedy=_get_again(),
        file=path,
        row=row,
    )


def _get_again() -> str:
    return tr(
        "Get the file again from where it came from.", "ファイルを入手元から取り直してください。"
    )
