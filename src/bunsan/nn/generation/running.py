"""A batch that requests join and leave, one token a row and step.

Letters in shapes:  b rows · k columns · m memory positions

All rows end at the same column, so that a step writes one column of the cache. Shorter rows begin
further right; what is left of them is masked. A row's newest token has no keys and values yet: it is
what the next step reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bunsan.nn.cache import Cache
from bunsan.nn.generation.choosing import Chooser
from bunsan.nn.generation.decoding import Request, Row, limit_of
from bunsan.nn.generation.draws import Draws
from bunsan.nn.generation.model import LanguageModel
from bunsan.nn.generation.prefill import ALL, Filled, Reading, join_masks, padded
from bunsan.nn.generation.prefix import PrefixStore


@dataclass(eq=False)
class Joining:
    """Requests whose prompts are being read: they are none of the batch's rows yet."""

    rows: list[Row]
    draws: list[Draws]
    reading: Reading


class Running:
    """Requests under way.

    Parameters
    ----------
    model : what generates.
    store : beginnings to share between requests; None: each is computed anew. Decoders only.

    Attributes
    ----------
    rows : the requests, in the order of the batch.

    Examples
    --------
    running = Running(model)
    running.add([Request([5, 6, 7])])  # or begin(...), then advance(...) between steps
    while running.rows:
        running.step()
        running.drop([i for i, row in enumerate(running.rows) if row.finish])
    """

    def __init__(self, model: LanguageModel, store: PrefixStore | None = None) -> None:
        self.model = model
        self.store = None if model.encodes else store
        self.rows: list[Row] = []
        self._draws: list[Draws] = []
        self._cache: Cache | None = None
        self._ids = torch.zeros(0, 0, dtype=torch.long)  # (b, room): all tokens, the newest too
        self._mask = torch.zeros(0, 0, dtype=torch.bool)  # (b, room): which columns are a row's
        self._prompts = torch.zeros(0, 1, dtype=torch.long)  # (b, 1): column where answers begin
        self._start: list[int] = []
        self._memory_mask: Tensor | None = None
        self._width = 0  # columns in use, one more than the cache has
        self._chooser: Chooser | None = None

    def add(self, requests: Sequence[Request]) -> list[Row]:
        """Read prompts and choose the first token of each; the rows come last in `rows`.

        Raises
        ------
        ValueError : a prompt is empty, leaves no position for a token, or lacks its source. Nothing
            is added then.
        """
        if not requests:
            return []
        rows = self.advance(self.begin(requests))
        assert rows is not None
        return rows

    def begin(self, requests: Sequence[Request]) -> Joining:
        """Requests that join when `advance` has read their prompts, a piece at each call.

        Raises
        ------
        ValueError : a prompt is empty or leaves no position for a token. `advance` says whether one
            lacks its source.
        """
        rows = [Row(r, limit_of(r, self.model.max_positions)) for r in requests]
        draws = [Draws(r.decoding.seed, r.sample) for r in requests]
        room = min(256, max(row.limit for row in rows))
        return Joining(rows, draws, Reading(self.model, requests, self.store, room))

    @torch.inference_mode()
    def advance(self, joining: Joining, tokens: int = ALL) -> list[Row] | None:
        """Read about so many tokens; once all are read, choose the first token of each request.

        Returns
        -------
        The new rows, last in `rows`; None while there is more to read.
        """
        filled = joining.reading.advance(tokens)
        if filled is None:
            return None
        rows, draws = joining.rows, joining.draws
        ids, mask = padded([row.request.ids for row in rows], self.model.device, left=True)
        prompt = torch.full_like(filled.start[:, None], ids.shape[1])
        chooser = Chooser(rows, draws, self.model.vocabulary, self.model.device)
        chosen = chooser.choose(filled.logits, lambda: (ids, mask, torch.zeros_like(mask)))
        ids = torch.cat([ids, chosen[:, None]], 1)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
        self._join(filled, ids, mask, prompt)
        self.rows += rows
        self._draws += draws
        self._rows_changed()
        return rows

    def unread(self, request: Request) -> int:
        """How many tokens of a prompt have to be read, at most."""
        if request.source is not None:
            return len(request.source)
        known = 0 if self.store is None else self.store.known(request.ids)
        return max(1, len(request.ids) - known)

    @torch.inference_mode()
    def step(self) -> None:
        """One more token for every row. Rows that are finished should be dropped before."""
        if self._cache is None or self._chooser is None:
            return
        width = self._width
        padding = any(self._start)
        logits = self.model.logits(
            self._ids[:, width - 1 : width],
            self._cache,
            self._mask[:, :width] if padding else None,
            self._places if padding else None,
            memory_mask=self._memory_mask,
        )
        self._places += 1
        tokens = self._chooser.choose(logits[:, 0], self._history)
        if width == self._ids.shape[1]:
            self._ids = _wider(self._ids, 0)
            self._mask = _wider(self._mask, True)
        self._ids[:, width] = tokens
        self._width = width + 1

    @torch.inference_mode()
    def drop(self, rows: Sequence[int]) -> list[Row]:
        """Take these rows out; columns that none of the others uses go too."""
        if not rows:
            return []
        gone = [self.rows[i] for i in rows]
        if self.store is not None:
            for i in rows:
                self._keep(i)
        leaving = set(rows)
        left = [i for i in range(len(self.rows)) if i not in leaving]
        self.rows = [self.rows[i] for i in left]
        self._draws = [self._draws[i] for i in left]
        if not left or self._cache is None:
            self._cache, self._memory_mask, self._width, self._start = None, None, 0, []
            self._chooser = None
            return gone
        index = torch.tensor(left, device=self.model.device)
        skip = min(self._start[i] for i in left)
        self._cache.select(index, skip=skip)
        self._ids, self._mask = self._ids[index, skip:], self._mask[index, skip:]
        self._prompts = self._prompts[index] - skip
        self._start = [self._start[i] - skip for i in left]
        self._width -= skip
        if self._memory_mask is not None:
            self._memory_mask = self._memory_mask[index]
        self._rows_changed()
        return gone

    def _rows_changed(self) -> None:
        model = self.model
        self._chooser = Chooser(self.rows, self._draws, model.vocabulary, model.device)
        start = torch.tensor(self._start, device=model.device)
        self._places = (self._width - 1 - start)[:, None]

    def _history(self) -> tuple[Tensor, Tensor, Tensor]:
        columns = torch.arange(self._width, device=self.model.device)
        ids, mask = self._ids[:, : self._width], self._mask[:, : self._width]
        return ids, mask, columns >= self._prompts

    def _join(self, filled: Filled, ids: Tensor, mask: Tensor, prompt: Tensor) -> None:
        if self._cache is None:
            self._cache, self._memory_mask = filled.cache, filled.memory_mask
            self._ids, self._mask, self._prompts = ids, mask, prompt
            self._start = filled.start.tolist()
            self._width = ids.shape[1]
            return
        old, new = self._width, ids.shape[1]
        width = max(old, new)
        self._cache.join(filled.cache)
        self._ids = _ending(self._ids[:, :old], ids, 0)
        self._mask = _ending(self._mask[:, :old], mask, False)
        self._prompts = torch.cat([self._prompts + (width - old), prompt + (width - new)])
        self._start = [s + width - old for s in self._start]
        self._start += [s + width - new for s in filled.start.tolist()]
        if self._memory_mask is not None and filled.memory_mask is not None:
            self._memory_mask = join_masks(self._memory_mask, filled.memory_mask)
        self._width = width

    def _keep(self, i: int) -> None:
        """What a row has read goes into the store: the next turn of a talk begins with it."""
        if self.store is None or self._cache is None:
            return
        row = self.rows[i]
        ids = [*row.request.ids, *row.tokens[:-1]]
        begin = self._start[i]
        end = min(begin + len(ids), len(self._cache))
        if not self.store.has(ids):
            self.store.put(ids[: end - begin], self._cache.row(i, begin, end))


def _wider(x: Tensor, value: float) -> Tensor:
    """Twice the columns, at least 64 more."""
    more = x.new_full((x.shape[0], max(64, x.shape[1])), value)
    return torch.cat([x, more], 1)


def _ending(a: Tensor, b: Tensor, value: float) -> Tensor:
    """Rows of both (b, k), ending at the same column."""
    width = max(a.shape[1], b.shape[1])
    pad = torch.nn.functional.pad
    return torch.cat([pad(x, (width - x.shape[1], 0), value=value) for x in (a, b)])
