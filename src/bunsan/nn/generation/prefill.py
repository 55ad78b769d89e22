"""Prompts read, whole or piece by piece: each only where no one has read it yet.

A prompt of thousands of tokens takes as long as many steps of a running batch. Read in pieces, with
a step between two of them, it halts nobody (chunked prefill: Agrawal et al. 2023, SARATHI, §4.2). A
causal decoder's keys and values at a position depend on nothing after it, so that the pieces are
those of one pass.

Letters in shapes:  b rows · k positions · m memory positions · v vocabulary
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bunsan.nn.cache import Cache, KeysValues
from bunsan.nn.generation.decoding import Request
from bunsan.nn.generation.model import LanguageModel
from bunsan.nn.generation.prefix import PrefixStore, common

_MOST_TOKENS = 8192  # in one pass; more cost memory and gain nothing
_WORTH_SHARING = 8  # tokens that all prompts begin with
ALL = 1 << 62  # a piece that holds every prompt


@dataclass
class Filled:
    """Prompts that were read.

    `logits` (b, v) after each; `start` (b), the first column that belongs to a row: all end at the
    last one. `memory_mask` (b, m), None without an encoder.
    """

    cache: Cache
    logits: Tensor
    start: Tensor
    memory_mask: Tensor | None = None


class Reading:
    """Prompts on the way in.

    Parameters
    ----------
    requests : equal prompts are read once.
    store : beginnings known already, looked at when the first piece is read; what is read is added
        to it. Decoders only.
    room : positions to leave for what follows.
    """

    def __init__(
        self,
        model: LanguageModel,
        requests: Sequence[Request],
        store: PrefixStore | None = None,
        room: int = 64,
    ) -> None:
        self._piece = _Piece()
        self._passes = _read(model, requests, store, room, self._piece)

    @torch.inference_mode()
    def advance(self, tokens: int = ALL) -> Filled | None:
        """Read on, about so many tokens; what was read when all is, None before.

        At least one position of the prompts that are read together is. What an encoder reads is not
        cut: each of its positions sees all others.
        """
        self._piece.left, self._piece.begun = tokens, False
        try:
            next(self._passes)
        except StopIteration as end:
            filled: Filled = end.value
            return filled
        return None


def prefill(
    model: LanguageModel,
    requests: Sequence[Request],
    store: PrefixStore | None = None,
    room: int = 64,
) -> Filled:
    """All of a `Reading` at once."""
    filled = Reading(model, requests, store, room).advance()
    assert filled is not None
    return filled


@dataclass
class _Piece:
    """How many tokens may still be read before others have their turn; whether any were."""

    left: int = 0
    begun: bool = False

    def columns(self, rows: int, most: int) -> int:
        """How many positions of some rows are read now."""
        columns = min(most, max(1, self.left // rows))
        self.left -= columns * rows
        self.begun = True
        return columns

    def full(self, rows: int) -> bool:
        return self.begun and self.left < rows


Passes = Generator[None, None, Filled]  # stops between two pieces


def _read(
    model: LanguageModel,
    requests: Sequence[Request],
    store: PrefixStore | None,
    room: int,
    piece: _Piece,
) -> Passes:
    keys = [(tuple(r.ids), None if r.source is None else tuple(r.source)) for r in requests]
    unique = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    order = [unique[key] for key in keys]
    if model.encodes:
        filled = _with_encoder(
            model, [_checked(s) for _, s in unique], [i for i, _ in unique], room
        )
    else:
        decoder = _decoder(model, [ids for ids, _ in unique], store, room, piece)
        filled, group_order = yield from decoder
        order = [group_order[i] for i in order]
    if order != list(range(len(filled.start))):
        index = torch.tensor(order, device=model.device)
        filled.cache.select(index)
        filled.logits, filled.start = filled.logits[index], filled.start[index]
        if filled.memory_mask is not None:
            filled.memory_mask = filled.memory_mask[index]
    return filled


def padded(
    rows: Sequence[Sequence[int]], device: torch.device, *, left: bool
) -> tuple[Tensor, Tensor]:
    """Rows of ids as one matrix (b, k), zeros where there are none, and the mask of what is there."""
    width = max(len(row) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    mask = np.zeros((len(rows), width), bool)
    for i, row in enumerate(rows):
        part = slice(width - len(row), width) if left else slice(0, len(row))
        ids[i, part], mask[i, part] = row, True
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def join(a: Filled, b: Filled) -> Filled:
    """Rows of both, the second's below; the caches move to one."""
    width = max(len(a.cache), len(b.cache))
    start = torch.cat([a.start + (width - len(a.cache)), b.start + (width - len(b.cache))])
    masks = (a.memory_mask, b.memory_mask)
    memory_mask = None
    if masks[0] is not None and masks[1] is not None:
        memory_mask = join_masks(masks[0], masks[1])
    a.cache.join(b.cache)
    return Filled(a.cache, torch.cat([a.logits, b.logits]), start, memory_mask)


def join_masks(a: Tensor, b: Tensor) -> Tensor:
    """Rows of both, (b, m), the shorter ones with False at their end."""
    m = max(a.shape[1], b.shape[1])
    return torch.cat([functional.pad(x, (0, m - x.shape[1])) for x in (a, b)])


def _checked(source: Sequence[int] | None) -> Sequence[int]:
    if not source:
        raise ValueError("this model has an encoder, which needs a source")
    return source


def _with_encoder(
    model: LanguageModel, sources: list[Sequence[int]], prompts: list[Sequence[int]], room: int
) -> Filled:
    source, source_mask = padded(sources, model.device, left=False)
    memory = model.encode(source, source_mask)
    ids, mask = padded(prompts, model.device, left=True)
    cache = model.new_cache(ids.shape[1] + room)
    whole = bool(source_mask.all())
    logits = model.logits(
        ids,
        cache,
        *_padding(mask, ids.shape[1]),
        memory=memory,
        memory_mask=None if whole else source_mask,
    )
    return Filled(cache, logits[:, 0], (~mask).sum(1), source_mask)


def _decoder(
    model: LanguageModel,
    prompts: list[Sequence[int]],
    store: PrefixStore | None,
    room: int,
    piece: _Piece,
) -> Generator[None, None, tuple[Filled, list[int]]]:
    """All prompts, in groups of like length; and in which row of the result each one is."""
    known = [_known(ids, store) for ids in prompts]
    arrays = [np.asarray(ids, np.int64) for ids in prompts]
    if len(prompts) > 1:
        shared = min(common(arrays[0], other) for other in arrays[1:])
        if shared >= _WORTH_SHARING and min(n for _, n in known) < shared:
            opening = yield from _pass(model, [prompts[0][:shared]], [known[0]], 0, piece)
            blocks = opening.cache.row(0, 0, shared)
            known = [
                (blocks, min(shared, len(ids) - 1)) if n < shared else (held, n)
                for ids, (held, n) in zip(prompts, known, strict=True)
            ]
    by_rest = sorted(range(len(prompts)), key=lambda i: len(prompts[i]) - known[i][1])
    done: Filled | None = None
    for group in _groups(by_rest, prompts, known):
        some = [prompts[i] for i in group]
        part = yield from _pass(model, some, [known[i] for i in group], room, piece)
        done = part if done is None else join(done, part)
    assert done is not None
    if store is not None:
        for row, i in enumerate(by_rest):
            if not store.has(prompts[i]):
                begin = int(done.start[row])
                store.put(prompts[i], done.cache.row(row, begin, len(done.cache)))
    row_of = [0] * len(by_rest)
    for row, i in enumerate(by_rest):
        row_of[i] = row
    return done, row_of


Known = tuple[list[KeysValues] | None, int]  # what is known of a prompt, and of how many tokens


def _known(ids: Sequence[int], store: PrefixStore | None) -> Known:
    found = None if store is None else store.find(ids)
    # The last token is always read: it gives the logits of the next.
    return (None, 0) if found is None else (found[0].blocks, min(found[1], len(ids) - 1))


def _groups(
    by_rest: list[int], prompts: list[Sequence[int]], known: list[Known]
) -> list[list[int]]:
    """Prompts whose unread rest is about as long go together: the others would be mostly padding."""
    groups: list[list[int]] = []
    shortest = 0
    for i in by_rest:
        rest = len(prompts[i]) - known[i][1]
        if groups and rest <= 1.5 * shortest + 32 and rest * (len(groups[-1]) + 1) <= _MOST_TOKENS:
            groups[-1].append(i)
        else:
            groups.append([i])
            shortest = rest
    return groups


def _pass(
    model: LanguageModel,
    prompts: list[Sequence[int]],
    known: list[Known],
    room: int,
    piece: _Piece,
) -> Passes:
    """The unread ends of some prompts, the same columns of all of them at a time.

    All rows read as many tokens as the longest end; a row that knows more than that reads some of
    what it knows again, so that no hole is left between what it knew and what it reads.
    """
    lengths = [len(ids) for ids in prompts]
    rest = max(n - held for n, (_, held) in zip(lengths, known, strict=True))
    width = max(lengths)
    cache = model.new_cache(width + room)
    if width > rest:
        kept = [max(0, n - rest) for n in lengths]
        like = next(held for held, _ in known if held is not None)
        nothing = [(pair[0][:, :0], pair[1][:, :0]) for pair in like]
        cache.fill([held or nothing for held, _ in known], kept, width - rest)
    ids, _ = padded([prompt[-rest:] for prompt in prompts], model.device, left=True)
    start = torch.tensor([width - n for n in lengths], device=model.device)
    mask, places = _padding(torch.arange(width, device=model.device) >= start[:, None], rest)
    end = 0
    while end < rest:
        if piece.full(len(prompts)):
            yield
        begin, end = end, end + piece.columns(len(prompts), rest - end)
        logits = model.logits(
            ids[:, begin:end],
            cache,
            None if mask is None else mask[:, : width - rest + end],
            None if places is None else places[:, begin:end],
        )
    return Filled(cache, logits[:, 0], start)


def _padding(mask: Tensor, new: int) -> tuple[Tensor | None, Tensor | None]:
    """Mask and places of `new` columns at the end; None where nothing is padded."""
    if bool(mask.all()):
        return None, None
    return mask, (mask.long().cumsum(-1) - 1).clamp(min=0)[:, -new:]
