"""Texts longer than a model takes: windows that overlap, or the beginning alone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.subwords.encoding import Packed
from bunsan.text.subwords.template import Template

Long = Literal["window", "truncate"]
OVERLAP = 0.25  # share of a window that the next one repeats


@dataclass(frozen=True)
class Windows:
    """n texts as w ≥ n inputs of the model.

    Parameters
    ----------
    ids : (t) all inputs, one after another. starts : (w + 1) where each begins.
    text : (w) which text each is of, ascending.
    begin : (w) which token of its text each begins with, special tokens before the text left aside.
    weights : (t) 1 / the number of windows a token is in; None: all are 1.
    before, after : special tokens around every input.
    long : texts that did not fit.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    text: NDArray[np.int64]
    begin: NDArray[np.int64]
    weights: NDArray[np.float32] | None
    before: int
    after: int
    long: int


def around(template: Template) -> tuple[int, int]:
    """Special tokens before and after a single text."""
    parts = template.single
    at = next((i for i, (identity, _) in enumerate(parts) if identity < 0), len(parts))
    return at, max(len(parts) - at - 1, 0)


def cut(packed: Packed, template: Template, most: int | None, long: Long) -> Windows:
    """Texts with their special tokens as inputs of at most `most` tokens.

    Raises
    ------
    BadInput : `most` leaves no room for text.
    """
    before, after = around(template)
    n, lengths = len(packed), np.diff(packed.start)
    if most is not None and most <= before + after:
        raise BadInput(
            tr(
                f"A maximum of {most} tokens leaves no room for text.",
                f"最大 {most} トークンでは本文が入りません。",
            ),
            remedy=tr("Give a larger one.", "もっと大きくしてください。"),
        )
    if most is None or lengths.max(initial=0) <= most:
        return Windows(
            packed.ids, packed.start, np.arange(n), np.zeros(n, int), None, before, after, 0
        )
    room = most - before - after
    step = room if long == "truncate" else max(1, room - int(room * OVERLAP))
    ids: list[NDArray[np.int32]] = []
    starts, text, begins = [0], [], []
    weights: list[NDArray[np.float32]] = []
    for i in range(n):
        whole = packed[i]
        if len(whole) <= most:
            windows = [0]
        else:
            body = len(whole) - before - after
            windows = list(range(0, body - room + step, step)) if long == "window" else [0]
            if long == "window":  # the last one ends with the text and is as full as the others
                windows = [min(at, body - room) for at in windows]
        body = min(len(whole) - before - after, room)
        count = np.zeros(max(len(whole) - before - after, 0), np.float32)
        for at in windows:
            count[at : at + body] += 1
        for at in windows:
            tail = whole[len(whole) - after :]
            ids += [whole[:before], whole[before + at : before + at + body], tail]
            special = np.full(before, 1 / len(windows), np.float32)
            end = np.full(after, 1 / len(windows), np.float32)
            weights += [special, np.float32(1) / count[at : at + body], end]
            starts.append(starts[-1] + before + body + after)
            text.append(i)
            begins.append(at)
    return Windows(
        np.concatenate(ids),
        np.array(starts, np.int64),
        np.array(text, np.int64),
        np.array(begins, np.int64),
        np.concatenate(weights) if long == "window" else None,
        before,
        after,
        int((lengths > most).sum()),
    )


def groups(starts: NDArray[np.int64], tokens: int) -> list[tuple[int, int]]:
    """Consecutive inputs of about so many tokens together: (first, one behind the last)."""
    found, first = [], 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + tokens, side="right")) - 1
        last = min(max(last, first + 1), len(starts) - 1)
        found.append((first, last))
        first = last
    return found
