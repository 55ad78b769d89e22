"""Stopping between two steps."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bunsan.base.errors import Interrupted
from bunsan.base.language import tr


def interrupted(step: int, folder: Path | None) -> Interrupted:
    """The error for a training that the person stopped: how to take it up again."""
    problem = tr(
        f"Training was interrupted after step {step}.",
        f"{step} ステップで学習を中断しました。",
    )
    remedy = (
        tr("Nothing was kept.", "途中経過は残っていません。")
        if folder is None
        else tr(
            f"The same command takes it up again, from the checkpoint in {folder}.",
            f"同じコマンドで、{folder} の途中経過から再開できます。",
        )
    )
    return Interrupted(problem, remedy=remedy)


@contextmanager
def interruptions(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets the step under way end; the second one is at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.getsignal(number) for number in handled}

    def handle(number: int, _: Any) -> None:
        stop()
        for one in handled:
            signal.signal(one, before[one])

    for number in handled:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in handled:
            with suppress(ValueError, TypeError):
                signal.signal(number, before[number])
