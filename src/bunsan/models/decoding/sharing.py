"""Work shared among threads that wait for it: some tens of microseconds a time."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def share(work: Callable[[int, int], None], things: int, threads: int) -> None:
    """Call `work(begin, end)` for parts of `things`, one a thread, one of them here."""
    threads = min(threads, things)
    if threads < 2:
        work(0, things)
        return
    cuts = [things * i // threads for i in range(threads + 1)]
    others = [_team(threads).submit(work, cuts[i], cuts[i + 1]) for i in range(1, threads)]
    work(0, cuts[1])
    for other in others:
        other.result()


_TEAMS: dict[int, ThreadPoolExecutor] = {}
_MAKING = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_TEAMS.clear)


def _team(threads: int) -> ThreadPoolExecutor:
    with _MAKING:
        if threads not in _TEAMS:
            _TEAMS[threads] = ThreadPoolExecutor(threads - 1, thread_name_prefix="bunsan-tiles")
        return _TEAMS[threads]
