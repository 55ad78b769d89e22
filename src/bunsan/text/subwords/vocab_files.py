"""Vocabulary files: one piece a line (vocab.txt), pieces to ids (vocab.json), merges (merges.txt)."""

from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.files import read_json
from bunsan.base.language import tr

_LARGEST = 2**31 - 1


def read_vocab_txt(path: Path, *, tabs: bool = False) -> dict[str, int]:
    """Pieces to ids, the id of a piece being the number of its line from 0.

    Parameters
    ----------
    tabs : a piece ends at a tab, behind which stands something about it.

    Raises
    ------
    BadInput : the file is empty or not UTF-8, a line is empty, or a piece stands on two lines; the
        row is the line, from 1.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file]
        if tabs:
            lines = [line.split("\t")[0] for line in lines]
    except UnicodeDecodeError as error:
        raise BadInput(
            tr(
                f"is not UTF-8 (byte {error.start:,}).",
                f"UTF-8 ではありません({error.start:,} バイト目)。",
            ),
            file=path,
            remedy=_again(),
        ) from error
    while lines and not lines[-1]:
        lines.pop()
    vocabulary: dict[str, int] = {}
    for i, token in enumerate(lines):
        if not token:
            raise BadInput(
                tr("The line is empty.", "行が空です。"), file=path, row=i + 1, remedy=_again()
            )
        if token in vocabulary:
            first = vocabulary[token] + 1
            raise BadInput(
                tr(
                    f"“{token}” stands on line {first:,} already.",
                    f"「{token}」はすでに {first:,} 行目にあります。",
                ),
                file=path,
                row=i + 1,
                remedy=_again(),
            )
        vocabulary[token] = i
    if not vocabulary:
        raise BadInput(tr("is empty.", "空です。"), file=path, remedy=_again())
    return vocabulary


def read_model_json(path: Path) -> Any:
    """A JSON file of a model.

    Raises
    ------
    BadInput : it is none; the row is the line.
    """
    try:
        return read_json(path)
    except BadInput as error:
        raise BadInput(error.problem, file=path, row=error.row, remedy=_again()) from error


def read_vocab_json(path: Path) -> dict[str, int]:
    """Pieces to ids.

    Raises
    ------
    BadInput : not JSON, not an object of numbers, two pieces of one id.
    """
    value = read_model_json(path)
    if not isinstance(value, dict) or not value:
        raise BadInput(
            tr(
                "holds no pieces: an object of pieces and their ids is wanted.",
                "語彙がありません。トークンと番号のオブジェクトが必要です。",
            ),
            file=path,
            remedy=_again(),
        )
    seen: dict[int, str] = {}
    for token, i in value.items():
        if isinstance(i, bool) or not isinstance(i, int) or not 0 <= i <= _LARGEST:
            raise BadInput(
                tr(f"The id of “{token}” is {i!r}.", f"「{token}」の番号が {i!r} です。"),
                file=path,
                remedy=_again(),
            )
        if i in seen:
            raise BadInput(
                tr(
                    f"“{seen[i]}” and “{token}” have the same id {i}.",
                    f"「{seen[i]}」と「{token}」の番号がどちらも {i} です。",
                ),
                file=path,
                remedy=_again(),
            )
        seen[i] = token
    return value


def read_merges(path: Path) -> list[tuple[str, str]]:
    """Pairs of pieces, the first to be joined first.

    Raises
    ------
    BadInput : not UTF-8, or a line that is not two pieces with one space between.
    """
    merges: list[tuple[str, str]] = []
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for row, line in enumerate(file, 1):
                line = line.rstrip("\r\n")
                if not line or (row == 1 and line.startswith("#version")):
                    continue
                left, _, right = line.partition(" ")
                if not left or not right or " " in right:
                    raise BadInput(
                        tr(
                            f"“{line}” is not two pieces with a space between.",
                            f"「{line}」は空白で区切った 2 つのトークンではありません。",
                        ),
                        file=path,
                        row=row,
                        remedy=_again(),
                    )
                merges.append((left, right))
    except UnicodeDecodeError as error:
        raise BadInput(
            tr("is not UTF-8.", "UTF-8 ではありません。"), file=path, remedy=_again()
        ) from error
    return merges


def _again() -> str:
    return tr(
        "The file is damaged or was edited: fetch it again from where the model came from.",
        "壊れているか書き換えられています。モデルの配布元から取り直してください。",
    )
