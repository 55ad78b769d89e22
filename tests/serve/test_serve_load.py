"""The load test of benchmarks/serve_load.py: a short one here, the full one among the slow tests."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "serve_load.py"


def attacked(clients: int, seconds: int) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--clients", str(clients), "--seconds", str(seconds)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_twenty_clients() -> None:
    told = attacked(20, 5)
    assert told.rstrip().endswith("good")
    assert "FAULT" not in told


@pytest.mark.slow
def test_two_hundred_clients() -> None:
    assert "429" in attacked(200, 60)
