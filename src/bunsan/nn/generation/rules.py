"""Rules on the logits of the next token: functions of logits and of the tokens so far.

Letters in shapes:  b rows · v vocabulary · k tokens so far

Logits are (b, v) float32 and are not changed in place. A token that must not come gets -inf.
Parameters of a rule are numbers, or tensors (b, 1) where rows differ. `history` is (b, k) ids,
`mask` (b, k) is False where a column is none of the row's tokens.
"""

import math

import torch
from torch import Tensor

_NUCLEUS = 1024  # tokens looked at first for top-p; most nuclei are smaller


def repetition(logits: Tensor, history: Tensor, mask: Tensor, penalty: Tensor | float) -> Tensor:
    """Tokens that came before: positive logits divided by the penalty, negative ones multiplied.

    Keskar et al. 2019, §4.1; with the sign seen to, as implementations do.
    """
    history = _known(history, mask)
    found = logits.gather(1, history)
    changed = torch.where(found < 0, found * penalty, found / penalty)
    return logits.scatter(1, history, changed)


def presence(logits: Tensor, history: Tensor, mask: Tensor, penalty: Tensor | float) -> Tensor:
    """The penalty taken off the logits of tokens in `history`, once (OpenAI's API)."""
    seen = torch.zeros(len(logits), logits.shape[1] + 1, dtype=torch.bool, device=logits.device)
    seen.scatter_(1, history.masked_fill(~mask, logits.shape[1]), True)
    return logits - seen[:, :-1] * penalty


def frequency(logits: Tensor, history: Tensor, mask: Tensor, penalty: Tensor | float) -> Tensor:
    """The penalty taken off the logits of tokens in `history`, as often as they stand there."""
    return logits.scatter_add(1, history.masked_fill(~mask, 0), mask * -torch.as_tensor(penalty))


def no_repeat_ngram(logits: Tensor, history: Tensor, mask: Tensor, n: int) -> Tensor:
    """No token that would complete `n` tokens which stand in `history` already (Paulus et al. 2018, §2.5)."""
    k = history.shape[1]
    if k < n:
        return logits
    windows = history.unfold(1, n, 1)  # (b, k - n + 1, n)
    same = mask.unfold(1, n, 1).all(-1)
    same &= (windows[..., :-1] == history[:, None, k - n + 1 :]).all(-1)
    banned = torch.zeros(len(logits), logits.shape[1] + 1, dtype=torch.bool, device=logits.device)
    banned.scatter_(1, torch.where(same, windows[..., -1], logits.shape[1]), True)
    return logits.masked_fill(banned[:, :-1], -math.inf)


def temperature(logits: Tensor, by: Tensor | float) -> Tensor:
    """Logits divided: below 1 the likely becomes likelier (Ackley et al. 1985)."""
    return logits / by


def top_k(logits: Tensor, k: Tensor | int) -> Tensor:
    """Only the k likeliest, and whatever is as likely as the last of them (Fan et al. 2018, §5.1).

    A k of 0 keeps all.
    """
    v = logits.shape[1]
    counts = torch.as_tensor(k, device=logits.device).expand(len(logits), 1)
    counts = torch.where(counts == 0, v, counts.clamp(max=v))
    least = logits.topk(int(counts.max()), dim=-1).values.gather(1, counts - 1)
    return logits.masked_fill(logits < least, -math.inf)


def top_p(logits: Tensor, p: Tensor | float) -> Tensor:
    """The smallest set of likeliest tokens whose probability reaches p (Holtzman et al. 2020, §3.1).

    A p of 1 keeps all.
    """
    v = logits.shape[1]
    p = torch.as_tensor(p, device=logits.device)
    total = logits.logsumexp(-1, keepdim=True)
    looked = min(_NUCLEUS, v)
    while True:
        found, ids = logits.topk(looked, dim=-1)
        probabilities = (found - total).exp()
        before = probabilities.cumsum(-1) - probabilities  # of likelier tokens
        inside = before < p
        inside[:, 0] = True
        more = inside[:, -1:] & (found[:, -1:] > -math.inf) & (p < 1)
        if looked == v or not bool(more.any()):
            break
        looked = v
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, ids, inside)
    return logits.masked_fill(~(kept | (p >= 1)), -math.inf)


def min_p(logits: Tensor, p: Tensor | float) -> Tensor:
    """Only tokens at least p times as likely as the likeliest (Nguyen et al. 2024, §3)."""
    least = logits.amax(-1, keepdim=True) + torch.as_tensor(p, device=logits.device).log()
    return logits.masked_fill(logits < least, -math.inf)


def ban(logits: Tensor, banned: Tensor) -> Tensor:
    """Never the tokens where `banned`, (v) or (b, v), is True."""
    return logits.masked_fill(banned, -math.inf)


def only(logits: Tensor, rows: Tensor, ids: Tensor) -> Tensor:
    """In these rows nothing but these ids, all equally likely: what BART's kin are told to begin or end with."""
    out = logits.clone()
    out[rows] = -math.inf
    out[rows[:, None], ids[None, :]] = 0.0
    return out


def _known(history: Tensor, mask: Tensor) -> Tensor:
    """`history` with the row's last token where there is none: what comes last is always the row's own."""
    return torch.where(mask, history, history[:, -1:])
