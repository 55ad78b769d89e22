"""The next token of every row of a batch, each by its own settings.

Letters in shapes:  b rows · v vocabulary · k tokens so far
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bunsan.nn.generation import rules
from bunsan.nn.generation.decoding import Decoding, Row
from bunsan.nn.generation.draws import Draws, draw

_NO_RULE = {
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
}


class RowRules:
    """The settings of some rows as columns of numbers, so that a rule is one pass over the batch.

    Parameters
    ----------
    rows : their requests hold the settings; their tokens say how far they are.
    """

    def __init__(self, rows: Sequence[Row], vocabulary: int, device: torch.device) -> None:
        self.rows = rows
        self.vocabulary = vocabulary
        self.device = device
        settings = [row.request.decoding for row in rows]
        self.columns = {
            name: self._column(settings, name, nothing) for name, nothing in _NO_RULE.items()
        }
        self.drawn = torch.tensor([s.temperature > 0 for s in settings], device=device)
        self.any_drawn = any(s.temperature > 0 for s in settings)
        self.all_drawn = all(s.temperature > 0 for s in settings)
        self.banned = self._banned(settings)
        self.bias = self._bias(settings)
        self.ngrams: dict[int, list[int]] = {}
        for i, s in enumerate(settings):
            if s.no_repeat_ngram:
                self.ngrams.setdefault(s.no_repeat_ngram, []).append(i)
        self.held_back = [i for i, s in enumerate(settings) if s.min_tokens > 0 and s.end]
        self.first = [i for i, s in enumerate(settings) if s.first is not None]
        self.last = [i for i, s in enumerate(settings) if s.last]
        wanted = [s.logprobs for s in settings if s.logprobs is not None]
        self.logprobs = max(wanted, default=None)
        columns = self.columns
        self.history = any(
            columns[name] is not None
            for name in ("repetition_penalty", "presence_penalty", "frequency_penalty")
        )
        self.history |= bool(self.ngrams)
        unbiased = self.banned is None and self.bias is None
        plain = unbiased and not (self.held_back or self.first or self.last)
        self.nothing = plain and not self.history and not self.any_drawn

    def penalized(self, logits: Tensor, history: Tensor, mask: Tensor, generated: Tensor) -> Tensor:
        """All rules but those of drawing.

        `history` (b, k) ids with its `mask`; `generated` (b, k), True at tokens the model made.
        """
        columns = self.columns
        if (by := columns["repetition_penalty"]) is not None:
            logits = rules.repetition(logits, history, mask, by)
        if (by := columns["presence_penalty"]) is not None:
            logits = rules.presence(logits, history, generated, by)
        if (by := columns["frequency_penalty"]) is not None:
            logits = rules.frequency(logits, history, generated, by)
        for n, rows in self.ngrams.items():
            at = torch.tensor(rows, device=self.device)
            changed = rules.no_repeat_ngram(logits[at], history[at], mask[at], n)
            logits = logits.index_copy(0, at, changed)
        if self.bias is not None:
            logits = logits + self.bias
        if self.banned is not None:
            logits = rules.ban(logits, self.banned)
        return self._by_length(logits)

    def warped(self, logits: Tensor) -> Tensor:
        """The rules of drawing, in the order in which everybody applies them."""
        columns = self.columns
        if (by := columns["temperature"]) is not None:
            logits = rules.temperature(logits, by)
        if (k := columns["top_k"]) is not None:
            logits = rules.top_k(logits, k)
        if (p := columns["top_p"]) is not None:
            logits = rules.top_p(logits, p)
        if (p := columns["min_p"]) is not None:
            logits = rules.min_p(logits, p)
        return logits

    def _by_length(self, logits: Tensor) -> Tensor:
        for i in self.held_back:
            row = self.rows[i]
            if len(row.tokens) < row.request.decoding.min_tokens:
                logits = logits.clone()
                logits[i, list(row.request.decoding.end)] = -torch.inf
        forced: dict[tuple[int, ...], list[int]] = {}
        for i in self.first:
            first = self.rows[i].request.decoding.first
            if not self.rows[i].tokens and first is not None:
                forced.setdefault((first,), []).append(i)
        for i in self.last:
            row = self.rows[i]
            if len(row.tokens) == row.request.decoding.max_tokens - 1:
                forced.setdefault(row.request.decoding.last, []).append(i)
        for ids, rows in forced.items():
            logits = rules.only(logits, self._ids(rows), self._ids(ids))
        return logits

    def _ids(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, device=self.device)

    def _column(self, settings: Sequence[Decoding], name: str, nothing: float) -> Tensor | None:
        values = [getattr(s, name) for s in settings]
        if name == "temperature":
            values = [value or nothing for value in values]
        elif name in ("top_k", "top_p", "min_p"):  # rows that draw nothing need no nucleus
            drawn = [s.temperature > 0 for s in settings]
            values = [value if d else nothing for value, d in zip(values, drawn, strict=True)]
        if all(value == nothing for value in values):
            return None
        dtype = torch.long if name == "top_k" else torch.float32
        return torch.tensor(values, dtype=dtype, device=self.device)[:, None]

    def _banned(self, settings: Sequence[Decoding]) -> Tensor | None:
        if not any(s.banned for s in settings):
            return None
        banned = torch.zeros(len(settings), self.vocabulary, dtype=torch.bool, device=self.device)
        for i, s in enumerate(settings):
            banned[i, list(s.banned)] = True
        return banned

    def _bias(self, settings: Sequence[Decoding]) -> Tensor | None:
        if not any(s.bias for s in settings):
            return None
        bias = torch.zeros(len(settings), self.vocabulary, device=self.device)
        for i, s in enumerate(settings):
            for token, value in s.bias:
                bias[i, token] = value
        return bias


class Chooser:
    """Chooses and records the next token of some rows.

    Parameters
    ----------
    rows, draws : the requests under way and the chance of each.
    """

    def __init__(
        self, rows: Sequence[Row], draws: Sequence[Draws], vocabulary: int, device: torch.device
    ) -> None:
        self.rows, self.draws = rows, draws
        self.rules = RowRules(rows, vocabulary, device)
        self.ends = [frozenset(row.request.decoding.end) for row in rows]

    def choose(
        self, logits: Tensor, history: Callable[[], tuple[Tensor, Tensor, Tensor]]
    ) -> Tensor:
        """(b, v) logits -> (b) tokens, which the rows note as theirs.

        `history` gives ids, mask and which were generated, all (b, k); asked only if a rule needs it.
        """
        told = self._told(logits)
        tokens = self._pick(logits, history)
        values = tokens.tolist()
        if told is not None:
            self._note(told, tokens)
        for row, token, ends in zip(self.rows, values, self.ends, strict=True):
            if row.finish is None:
                row.tokens.append(token)
                if token in ends:
                    row.finish = "end"
                elif len(row.tokens) >= row.limit:
                    most = row.request.decoding.max_tokens
                    row.finish = "length" if len(row.tokens) >= most else "context"
        return tokens

    def _pick(self, logits: Tensor, history: Callable[[], tuple[Tensor, Tensor, Tensor]]) -> Tensor:
        rules = self.rules
        if rules.nothing:
            return _likeliest(logits)
        if rules.history:
            logits = rules.penalized(logits, *history())
        else:
            nothing = logits.new_empty(0)
            logits = rules.penalized(logits, nothing, nothing, nothing)
        if not rules.any_drawn:
            return _likeliest(logits)
        uniform = [
            0.0 if row.request.decoding.temperature == 0 else draws.next()
            for row, draws in zip(self.rows, self.draws, strict=True)
        ]
        tokens = draw(
            rules.warped(logits),
            torch.tensor(uniform, dtype=torch.float64, device=logits.device),
        )
        return tokens if rules.all_drawn else torch.where(rules.drawn, tokens, _likeliest(logits))

    def _told(self, logits: Tensor) -> Tensor | None:
        """The model's own log-probabilities (b, v), where somebody wants to know."""
        return None if self.rules.logprobs is None else logits.log_softmax(-1)

    def _note(self, told: Tensor, tokens: Tensor) -> None:
        found = told.gather(1, tokens[:, None]).squeeze(1).tolist()
        most = min(self.rules.logprobs or 0, told.shape[1])
        best = told.topk(most, dim=-1)
        ids, values = best.indices.tolist(), best.values.tolist()
        for i, row in enumerate(self.rows):
            wanted = row.request.decoding.logprobs
            if row.finish is None and wanted is not None:
                row.logprobs.append(found[i])
                row.alternatives.append(list(zip(ids[i][:wanted], values[i][:wanted], strict=True)))


def _likeliest(logits: Tensor) -> Tensor:
    """(b, v) -> (b). NumPy's way on processors takes a tenth of PyTorch's time."""
    if logits.device.type == "cpu":
        return torch.from_numpy(logits.numpy().argmax(-1))
    return logits.argmax(-1)
