"""Losses at some positions only: what is not asked for is not computed.

Letters in shapes:  b batch · q positions · d width · m positions picked · v vocabulary
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.text import TextModelWithHead
from bunsan.nn.heads import Output


def scores_at(model: TextModelWithHead, head: nn.Module, states: Tensor, places: Tensor) -> Tensor:
    """(b, q, d) at places counted row by row (m) -> a word head's scores (m, v).

    The scores of a large vocabulary cost as much as many blocks, and six of seven positions of a
    masked text have no use for them.
    """
    picked = states.flatten(0, 1)[places][None]
    output: Output = head(Output(picked), picked, None, model.backbone.embeddings.tokens.weight)
    if output.logits is None:
        raise ValueError("this head scores no words")
    return output.logits[0]


def written_scores(
    model: EncoderDecoder,
    ids: Tensor,
    mask: Tensor | None,
    target_ids: Tensor,
    target_mask: Tensor | None,
    places: Tensor,
) -> Tensor:
    """What the decoder writes at some positions: (m, v). Shapes as `EncoderDecoder.forward`'s."""
    memory = model.encode(ids, mask).states
    output: Output = model.decoder(target_ids, target_mask, memory=memory, memory_mask=mask)
    if model.scores is None:
        raise ValueError("this model scores no words")
    picked = output.states.flatten(0, 1)[places][None]
    scores: Tensor = model.scores(picked, model.decoder.embeddings.tokens.weight)
    return scores[0]


def word_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """The sum of cross entropies: (m, v) and (m)."""
    return functional.cross_entropy(scores.float(), targets, reduction="sum")


def told(module: nn.Module, scores: Tensor, targets: Tensor) -> dict[str, float]:
    """How many best words are the wanted ones, and of how many; nothing in training, to save time."""
    if module.training:
        return {}
    return {"right": float((scores.argmax(-1) == targets).sum()), "asked": float(len(targets))}


def real_places(mask: Tensor | None, shape: torch.Size) -> Tensor:
    """Places, counted row by row, that are no padding."""
    if mask is None:
        return torch.arange(shape[0] * shape[1])
    return mask.flatten().nonzero()[:, 0]
