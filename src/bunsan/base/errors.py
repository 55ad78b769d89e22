"""Errors people can act on: each names the file, the row and the remedy, and has its exit code.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 model or data missing, 130 interrupted.
"""

from pathlib import Path


class BunsanError(Exception):
    """Something failed; `str(error)` says what, where and what to do about it.

    Parameters
    ----------
    problem : what went wrong, one sentence.
    remedy : what to do about it, one sentence.
    file, row : where; `row` counts from 1 as a spreadsheet does.
    """

    exit_code = 1

    def __init__(
        self,
        problem: str,
        *,
        remedy: str | None = None,
        file: str | Path | None = None,
        row: int | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.file = None if file is None else str(file)
        self.row = row

    def __str__(self) -> str:
        where = ""
        if self.file is not None:
            where = self.file + (f":{self.row}" if self.row is not None else "") + ": "
        return where + self.problem + (f" {self.remedy}" if self.remedy else "")


class BadInput(BunsanError):
    """What the person gave cannot be used: a file, a row, a column, an option."""

    exit_code = 2


class Missing(BunsanError):
    """A model, dictionary, collection or optional package is not here; the remedy says how to get it."""

    exit_code = 3


class Interrupted(BunsanError):
    """The person stopped the work; the remedy says how to take it up again."""

    exit_code = 130
