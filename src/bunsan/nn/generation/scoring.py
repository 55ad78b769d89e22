"""How probable given texts are, and which of given answers is the most probable.

Letters in shapes:  b rows · q positions · v vocabulary · a answers
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bunsan.nn.generation.decoding import Request
from bunsan.nn.generation.model import LanguageModel
from bunsan.nn.generation.prefill import Filled, padded, prefill
from bunsan.nn.generation.prefix import PrefixStore

_MOST_LOGITS = 1 << 25  # numbers held at once: 128 MB


@dataclass(frozen=True)
class Scored:
    """Log-probabilities of given tokens, each after all before it."""

    tokens: list[int]
    logprobs: list[float]

    @property
    def total(self) -> float:
        """The log-probability of the whole."""
        return sum(self.logprobs)

    @property
    def mean(self) -> float:
        """The same over the number of tokens; 0 for no tokens."""
        return self.total / len(self.logprobs) if self.logprobs else 0.0


@torch.inference_mode()
def score(
    model: LanguageModel,
    prompts: Sequence[Request],
    continuations: Sequence[Sequence[Sequence[int]]],
    *,
    store: PrefixStore | None = None,
) -> list[list[Scored]]:
    """Log-probabilities of continuations, several a prompt; each prompt is read once.

    Parameters
    ----------
    prompts : what comes before; their settings are not looked at.
    continuations : for every prompt the ids whose probability is wanted; may be empty.

    Raises
    ------
    ValueError : a prompt with its continuation has more positions than the model.
    """
    for prompt, given in zip(prompts, continuations, strict=True):
        longest = len(prompt.ids) + max((len(ids) for ids in given), default=0)
        if model.max_positions is not None and longest > model.max_positions:
            raise ValueError(f"{longest} tokens do not fit {model.max_positions} positions")
    found: list[list[Scored]] = []
    for prompt, given in zip(prompts, continuations, strict=True):
        filled = prefill(model, [prompt], None if model.encodes else store)
        scored: list[Scored] = []
        first = filled.logits.log_softmax(-1)[0]  # the same for all continuations
        for part in _parts(given, model.vocabulary):
            scored += _score_part(model, filled, first, part)
        found.append(scored)
    return found


def _score_part(
    model: LanguageModel, filled: Filled, first: Tensor, given: Sequence[Sequence[int]]
) -> list[Scored]:
    """Continuations of one prompt in one pass. The cache is left as it was."""
    told = [[float(first[ids[0]])] if len(ids) else [] for ids in given]
    # The last token of each need not be read: nothing is asked after it.
    longer = [i for i, ids in enumerate(given) if len(ids) > 1]
    if longer:
        ids, mask = padded([given[i][:-1] for i in longer], model.device, left=False)
        wanted, _ = padded([given[i][1:] for i in longer], model.device, left=False)
        cache = filled.cache.expanded(len(longer))
        memory_mask = filled.memory_mask
        if memory_mask is not None:
            memory_mask = None if bool(memory_mask.all()) else memory_mask.expand(len(longer), -1)
        # Padding stands at the end, where no earlier position can see it.
        logits = model.logits(ids, cache, memory_mask=memory_mask, last=ids.shape[1])
        found = -functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
        rows = found.view(len(longer), -1).tolist()
        for i, row, there in zip(longer, rows, mask.sum(1).tolist(), strict=True):
            told[i] += row[:there]
    return [Scored(list(ids), values) for ids, values in zip(given, told, strict=True)]


def _parts(given: Sequence[Sequence[int]], vocabulary: int) -> list[Sequence[Sequence[int]]]:
    """Continuations in pieces whose logits fit into memory."""
    parts: list[Sequence[Sequence[int]]] = []
    begin, longest = 0, 1
    for i, ids in enumerate(given):
        longest = max(longest, len(ids))
        if i > begin and (i + 1 - begin) * longest * vocabulary > _MOST_LOGITS:
            parts.append(given[begin:i])
            begin, longest = i, max(1, len(ids))
    if begin < len(given):
        parts.append(given[begin:])
    return parts
