"""Requests in, finished rows out: the batch is kept full while any are waiting."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from bunsan.nn.generation.decoding import Request, Row
from bunsan.nn.generation.model import LanguageModel
from bunsan.nn.generation.prefix import PrefixStore
from bunsan.nn.generation.running import Running

Watch = Callable[[Row], None]


def generate(
    model: LanguageModel,
    requests: Sequence[Request],
    *,
    store: PrefixStore | None = None,
    rows: int = 16,
    watch: Watch | None = None,
) -> list[Row]:
    """All requests, finished, in their order.

    Parameters
    ----------
    rows : how many run at once.
    watch : called after each new token of a row; it may finish the row by setting `finish`.
    """
    found: list[Row | None] = [None] * len(requests)
    for i, row in stream(model, requests, store=store, rows=rows, watch=watch):
        found[i] = row
    return [row for row in found if row is not None]


def stream(
    model: LanguageModel,
    requests: Iterable[Request],
    *,
    store: PrefixStore | None = None,
    rows: int = 16,
    watch: Watch | None = None,
) -> Iterator[tuple[int, Row]]:
    """Requests as they finish, each with its number in the order given."""
    running = Running(model, store)
    waiting = enumerate(requests)
    numbers: dict[Row, int] = {}
    while True:
        fresh: list[tuple[int, Request]] = []
        while len(running.rows) + len(fresh) < rows:
            following = next(waiting, None)
            if following is None:
                break
            fresh.append(following)
        if fresh:
            added = running.add([request for _, request in fresh])
            numbers.update({row: i for row, (i, _) in zip(added, fresh, strict=True)})
            _watch(added, watch)
        elif running.rows:
            running.step()
            _watch(running.rows, watch)
        else:
            return
        for row in running.drop([i for i, row in enumerate(running.rows) if row.finish]):
            yield numbers.pop(row), row


def _watch(rows: Sequence[Row], watch: Watch | None) -> None:
    if watch is not None:
        for row in rows:
            watch(row)
