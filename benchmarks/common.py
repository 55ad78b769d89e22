"""What benchmarks share: processor time, peak memory, one process a candidate, tables."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def processor_seconds(work: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """The least processor time of `repeat` calls, of all threads together, and the last result.

    Processor time and the best of several: other work on the machine then disturbs least.
    """
    best, result = float("inf"), None
    for _ in range(repeat):
        begin = time.process_time()
        result = work()
        best = min(best, time.process_time() - begin)
    return best, result


def peak_memory() -> float:
    """The most memory this process has had in use so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: on Linux a new process starts with the peak of the one that started it.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1e3
    a_megabyte = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / a_megabyte


def in_own_process(script: str | Path, *arguments: str) -> dict[str, Any]:
    """Run `script` with one thread, and read the JSON object that is its last line of output.

    A candidate in a process of its own has a peak memory of its own, and no library loaded by
    another in its way.
    """
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    run = subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, **one_thread},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return result


@dataclass(frozen=True)
class Usage:
    """Processor seconds of a program, all its threads together, and its peak memory in MB."""

    seconds: float
    peak: float


def run_program(
    command: Sequence[object],
    folder: Path,
    stdin: Path | None = None,
    stdout: str | Path = os.devnull,
) -> Usage:
    """Run a program in a folder, its output going to a file there, what it says to nowhere.

    Raises
    ------
    SystemExit : it ended with an error.
    """
    arguments = [str(part) for part in command]
    with Path(stdin or os.devnull).open("rb") as source, (folder / stdout).open("wb") as to:
        child = subprocess.Popen(
            arguments, stdin=source, stdout=to, stderr=subprocess.DEVNULL, cwd=folder
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{arguments[0]} ended with {child.returncode}")
    a_megabyte = 1e6 if sys.platform == "darwin" else 1e3
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / a_megabyte)


def machine() -> str:
    """A line that says what the numbers were measured on."""
    return f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned right."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        first, rest = cells[0].ljust(widths[0]), zip(cells[1:], widths[1:], strict=True)
        return "| " + " | ".join([first, *(c.rjust(w) for c, w in rest)]) + " |"

    rule = (
        "|" + "-" * (widths[0] + 2) + "".join("|" + "-" * (w + 1) + ":" for w in widths[1:]) + "|"
    )
    return "\n".join([line(headings), rule, *map(line, rows)])
