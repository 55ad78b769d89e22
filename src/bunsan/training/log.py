"""What happened at every step: a CSV file, and TensorBoard for those who look at curves there."""

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bunsan.base.files import atomic_write
from bunsan.base.optional import optional


class Log:
    """Rows of a CSV file; an interrupted training goes on below the row of its checkpoint.

    Parameters
    ----------
    path : the file. columns : of it, "step" first. step : rows of later steps are taken out.
    curves : folder for TensorBoard; None: none is written.
    """

    def __init__(
        self, path: Path, columns: list[str], step: int = 0, curves: Path | None = None
    ) -> None:
        self.columns = columns
        kept = io.StringIO(newline="")
        writer = csv.writer(kept, lineterminator="\n")
        writer.writerow(columns)
        if step and path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file)
                for row in rows:
                    # The last row may be cut off.
                    if (row["step"] or "").isdigit() and int(row["step"]) <= step:
                        writer.writerow([row.get(name) or "" for name in columns])
        with atomic_write(path, "w", encoding="utf-8", newline="") as out:
            out.write(kept.getvalue())
        self._file = path.open("a", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._curves: Any = None
        if curves is not None:
            board = optional(
                "torch.utils.tensorboard",
                "tensorboard",
                "tensorboard",
                en="Writing curves for TensorBoard",
                ja="TensorBoard への記録",
            )
            self._curves = board.SummaryWriter(str(curves), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """One row."""
        cells = [_short(values[name]) if name in values else "" for name in self.columns[1:]]
        self._rows.writerow([step, *cells])
        self._file.flush()
        if self._curves is not None:
            for name, value in values.items():
                self._curves.add_scalar(name, value, step)

    def close(self) -> None:
        """No more rows."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._curves is not None:
            self._curves.close()


def _short(value: float) -> str:
    return f"{value:.9g}"  # enough to tell one float32 from the next
