"""Beam search: the most probable texts, not the most probable next token.

Letters in shapes:  p prompts · w beams · c candidates · v vocabulary · t tokens generated so far

The candidates of a step are the best (1 + number of end tokens) · w continuations of a prompt's
beams, so that w of them can go on even if all others end. One that ends competes for the w places of
finished texts if it was among the best w, by its summed log-probability over its length to the power
of `length_penalty` (Wu et al. 2016, §7, in the form that T5 and BART use). Results are those of the
transformers library.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bunsan.nn.cache import Cache
from bunsan.nn.generation.choosing import RowRules
from bunsan.nn.generation.decoding import Decoding, Request, Row, limit_of
from bunsan.nn.generation.model import LanguageModel
from bunsan.nn.generation.prefill import ALL, Filled, Reading, padded
from bunsan.nn.generation.prefix import PrefixStore

_NEVER = -1e9


@dataclass(frozen=True)
class Hypothesis:
    """A text that was found: its ids, the end token among them, and its score.

    The score is the summed log-probability over the length to the power of `length_penalty`.
    """

    tokens: list[int]
    score: float


def beam_search(
    model: LanguageModel,
    requests: Sequence[Request],
    *,
    store: PrefixStore | None = None,
) -> list[list[Hypothesis]]:
    """The `beams` best texts of every request, best first.

    All requests must have the same settings. Nothing is drawn: temperature and what belongs to it
    are not looked at.

    Raises
    ------
    ValueError : settings differ, or a prompt is empty or too long.
    """
    if not requests:
        return []
    limits = {limit_of(r, model.max_positions) for r in requests}
    if len(limits) > 1:  # near the end of the context: each at its own length
        return [beam_search(model, [r], store=store)[0] for r in requests]
    search = BeamSearch(model, requests, store)
    while not search.advance():
        pass
    return search.found


class BeamSearch:
    """A search on its way: a piece of the prompts or a token of the beams at a time.

    Parameters
    ----------
    requests : all of the same settings, and with as much room for an answer.
    store : see `Running`.

    Attributes
    ----------
    rows : rows of a batch that the search takes.
    found : the best texts of every request, best first; complete once `advance` says so.

    Raises
    ------
    ValueError : settings or room differ, or a prompt is empty or too long.
    """

    def __init__(
        self, model: LanguageModel, requests: Sequence[Request], store: PrefixStore | None = None
    ) -> None:
        settings = requests[0].decoding
        if any(r.decoding != settings for r in requests):
            raise ValueError("a beam search wants the same settings for all its prompts")
        limit, *others = {limit_of(r, model.max_positions) for r in requests}
        if others:
            raise ValueError("a beam search wants as much room for all its prompts")
        self.rows = settings.beams * len(requests)
        self.found: list[list[Hypothesis]] = [[] for _ in requests]
        self._model, self._requests, self._limit = model, requests, limit
        store = None if model.encodes else store
        self._reading = Reading(model, requests, store, min(limit, 256))
        self._beams: _Beams | None = None

    @property
    def reading(self) -> bool:
        """Whether prompts are still read."""
        return self._beams is None

    @torch.inference_mode()
    def advance(self, tokens: int = ALL) -> bool:
        """Read about so many tokens of the prompts, or write one; True once all is found."""
        if self._beams is None:
            filled = self._reading.advance(tokens)
            if filled is not None:
                self._beams = _Beams(self._model, self._requests, self._limit, filled, self.found)
            return False
        return self._beams.advance()


class _Beams:
    def __init__(
        self,
        model: LanguageModel,
        requests: Sequence[Request],
        limit: int,
        filled: Filled,
        found: list[list[Hypothesis]],
    ) -> None:
        self.settings: Decoding = requests[0].decoding
        self.model, self.limit, self.found = model, limit, found
        self.w = w = self.settings.beams
        beams = torch.arange(len(requests), device=model.device).repeat_interleave(w)
        self.cache: Cache = filled.cache
        self.logits = filled.logits[beams]
        self.cache.select(beams)
        whole = filled.memory_mask is None or bool(filled.memory_mask.all())
        self.memory_mask = (
            None if whole or filled.memory_mask is None else filled.memory_mask[beams]
        )
        ids, mask = padded([r.ids for r in requests], model.device, left=True)
        self.prompt = ids.shape[1]
        self.ids, self.mask = ids[beams], mask[beams]  # (p·w, prompt + t)
        self.padding = bool(filled.start.any())
        self.start = filled.start[beams]
        # A row a beam, for the rules; what it holds is set before each step.
        self.rows = [Row(r, limit) for r in requests for _ in range(w)]
        p = len(requests)
        self.ends = torch.tensor(self.settings.end, dtype=torch.long, device=model.device)
        self.scores = torch.zeros(p, w, device=model.device)
        self.scores[:, 1:] = _NEVER  # at first all beams are the same: only one may go on
        self.done_scores = torch.full((p, w), _NEVER, device=model.device)
        self.done = torch.zeros(p, w, dtype=torch.bool, device=model.device)
        self.done_tokens: list[list[list[int]]] = [[[] for _ in range(w)] for _ in range(p)]
        self.hopeful = torch.ones(p, 1, dtype=torch.bool, device=model.device)
        self.at = list(range(p))  # which request each prompt still searched is
        self.rules = self._rules()

    def advance(self) -> bool:
        """One more token of every beam; True once the search is over."""
        t = self.ids.shape[1] - self.prompt
        last = t + 1 == self.limit
        rows = self._step(self.logits, t, last)
        if self._finish(last) or last:
            return True
        self.logits = self._read(rows)
        return False

    def _step(self, logits: Tensor, t: int, last: bool) -> Tensor:
        """Choose beams to go on with; returns the rows of the batch they come from."""
        w, p = self.w, len(self.at)
        told = logits.log_softmax(-1)  # (p·w, v)
        if not self.rules.nothing:
            columns = torch.arange(self.ids.shape[1], device=self.model.device)
            generated = (columns >= self.prompt).expand(len(self.ids), -1)
            told = self.rules.penalized(told, self.ids, self.mask, generated)
        v = told.shape[1]
        totals = (told.view(p, w, v) + self.scores[:, :, None]).view(p, w * v)
        kept = max(2, 1 + len(self.settings.end)) * w
        best, index = totals.topk(min(kept, w * v), dim=1)  # (p, c)
        beam, token = index // v, index % v
        ending = torch.isin(token, self.ends) | last
        rows = beam + torch.arange(p, device=beam.device)[:, None] * w  # of the batch
        self._collect(best, ending, rows, token, t)
        going, order = (best + ending * _NEVER).topk(w, dim=1)
        self.scores = going
        rows = rows.gather(1, order).flatten()
        tokens = token.gather(1, order).flatten()
        self.ids = torch.cat([self.ids[rows], tokens[:, None]], 1)
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(rows), 1)], 1)
        self._hope(t + 1)
        return rows

    def _collect(self, best: Tensor, ending: Tensor, rows: Tensor, token: Tensor, t: int) -> None:
        """Texts that end take their place among the finished ones."""
        w = self.w
        just = ending.clone()
        just[:, w:] = False
        scores = best / ((t + 1) ** self.settings.length_penalty)
        if self.settings.early_stopping is True:
            scores = scores + self.done.all(-1, keepdim=True) * _NEVER
        scores = scores + ~self.hopeful * _NEVER + ~just * _NEVER
        merged = torch.cat([self.done_scores, scores], 1)
        self.done_scores, order = merged.topk(w, dim=1)
        self.done = torch.cat([self.done, just], 1).gather(1, order)
        for i, places in enumerate(order.tolist()):
            if places == list(range(w)):
                continue
            held = self.done_tokens[i]
            self.done_tokens[i] = [
                held[place] if place < w else self._spelled(rows, token, i, place - w)
                for place in places
            ]

    def _spelled(self, rows: Tensor, token: Tensor, prompt: int, candidate: int) -> list[int]:
        before = self.ids[rows[prompt, candidate], self.prompt :].tolist()
        return [*before, int(token[prompt, candidate])]

    def _hope(self, t: int) -> None:
        """Whether the best running beam can still reach the worst finished one."""
        s = self.settings
        length = self.limit if s.early_stopping == "never" and s.length_penalty > 0 else t
        best = self.scores[:, :1] / (length**s.length_penalty)
        worst = torch.where(self.done, self.done_scores.amin(1, keepdim=True), _NEVER)
        self.hopeful = self.hopeful & (best > worst).any(-1, keepdim=True)

    def _finish(self, last: bool) -> bool:
        """Take out prompts whose search is over; True when none is left."""
        over = ~self.hopeful[:, 0]
        if self.settings.early_stopping is True:
            over = over | self.done.all(1)
        if last:
            over = torch.ones_like(over)
        self._over: list[bool] = over.tolist()
        for i, request in enumerate(self.at):
            if self._over[i]:
                scores = self.done_scores[i].tolist()
                self.found[request] = [
                    Hypothesis(tokens, score)
                    for tokens, score in zip(self.done_tokens[i], scores, strict=True)
                    if score > _NEVER / 2
                ]
        return all(self._over)

    def _read(self, rows: Tensor) -> Tensor:
        """The next logits: beams follow `rows`, prompts that are over leave."""
        device = self.model.device
        moved = not torch.equal(rows, torch.arange(len(rows), device=device))
        if any(self._over):
            left = [i for i, over in enumerate(self._over) if not over]
            prompts = torch.tensor(left, device=device)
            index = (prompts[:, None] * self.w + torch.arange(self.w, device=device)).flatten()
            self.cache.select(rows[index])
            self.ids, self.mask, self.start = self.ids[index], self.mask[index], self.start[index]
            if self.memory_mask is not None:
                self.memory_mask = self.memory_mask[index]
            self.scores, self.hopeful = self.scores[prompts], self.hopeful[prompts]
            self.done, self.done_scores = self.done[prompts], self.done_scores[prompts]
            self.done_tokens = [self.done_tokens[i] for i in left]
            self.at = [self.at[i] for i in left]
            self.rows = [self.rows[i] for i in index.tolist()]
            self.rules = self._rules()
        elif moved:
            self.cache.select(rows, memory=False)
        if not self.rules.nothing:
            for row, tokens in zip(self.rows, self.ids[:, self.prompt :].tolist(), strict=True):
                row.tokens = tokens
        places = (len(self.cache) - self.start)[:, None]
        logits = self.model.logits(
            self.ids[:, -1:],
            self.cache,
            self.mask if self.padding else None,
            places if self.padding else None,
            memory_mask=self.memory_mask,
        )
        return logits[:, 0]

    def _rules(self) -> RowRules:
        return RowRules(self.rows, self.model.vocabulary, self.model.device)
