"""Progress of long work: a bar on stderr when a person watches, silence otherwise."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

T = TypeVar("T")

# Title, steps done, steps in all or None, and a few words beside the bar.
Listener = Callable[[str, float, float | None, str], None]

_quiet = False
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def be_quiet(quiet: bool = True) -> None:
    """Show no bars from now on (`--quiet`)."""
    global _quiet
    _quiet = quiet


def quiet() -> bool:
    """True after `be_quiet()`."""
    return _quiet


def person_watches() -> bool:
    """True when stderr is a terminal that can redraw a line, and bars were not turned off."""
    return not _quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Progress:
    """A task under way. `advance` is cheap enough for every batch, not for every token."""

    def __init__(
        self,
        bars: "Bars | None",
        title: str,
        total: float | None,
        listener: Listener | None = None,
    ) -> None:
        self._bars = bars
        self._title, self._total, self._done, self._listener = title, total, 0.0, listener
        self._task = None if bars is None else bars.add_task(title, total=total, note="")

    def advance(self, steps: float = 1, note: str = "") -> None:
        """`steps` more are done; `note` is a few words shown beside the bar."""
        if self._listener is not None:
            self._done += steps
            self._listener(self._title, self._done, self._total, note)
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, advance=steps, note=note)


def counted(things: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """`for thing in counted(things, "Reading", 12)`: the same things, with a bar."""
    with progress(title, total) as bar:
        for thing in things:
            yield thing
            bar.advance()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of all progress within this block, in this thread only, in place of bars.

    What it raises ends the work: a KeyboardInterrupt as Ctrl-C would, keeping what can be kept.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def progress(title: str, total: float | None = None) -> Iterator[Progress]:
    """`with progress("Reading", total=size) as bar: bar.advance(n)`.

    `total` may be None (a pipe has no length): then the time spent is shown instead of the time left.
    """
    listener = _listener.get()
    if listener is not None:
        listener(title, 0.0, total, "")
        yield Progress(None, title, total, listener)
        return
    if not person_watches():
        yield Progress(None, title, total)
        return
    # A tenth of a second of imports, wanted only when there is something to draw.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    timing = TimeElapsedColumn() if total is None else TimeRemainingColumn()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(24),
        TaskProgressColumn(),
    )
    bars = Bars(
        *columns,
        timing,
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        yield Progress(bars, title, total)
