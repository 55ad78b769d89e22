"""What objectives of encoder-decoders share: a source that is read, a target that is written."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.opened import OpenedModel
from bunsan.training.objective import Batch
from bunsan.training.objectives.padding import mask_of, padded, with_mask
from bunsan.training.objectives.picking import real_places, told, word_loss, written_scores
from bunsan.training.tokens import Ids


def start_token(model: OpenedModel, otherwise: int) -> int:
    """The token that the decoder begins with."""
    found = model.config.get("decoder_start_token_id")
    return otherwise if found is None else int(found)


def written(sources: Sequence[Ids], targets: Sequence[Ids], *, start: int, pad: int) -> Batch:
    """`ids`, `mask` (b, m): the sources. `target_ids` (b, q): the targets moved by one, beginning
    with `start`. `places`, `targets`: every token to be written."""
    moved = [np.concatenate([[start], target[:-1]]).astype(np.int64) for target in targets]
    target_mask = mask_of(moved)
    target_ids = padded(moved, pad)
    tensors = {
        "ids": padded(sources, pad),
        "target_ids": target_ids,
        "places": real_places(target_mask, target_ids.shape),
        "targets": torch.from_numpy(np.concatenate(targets).astype(np.int64)),
    }
    count = len(tensors["targets"])
    tokens = sum(map(len, sources)) + count
    cells = tensors["ids"].numel() + target_ids.numel()
    return Batch(with_mask(tensors, mask_of(sources)), {"words": count}, tokens, cells)


def written_loss(model: EncoderDecoder, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Cross entropy of every token to be written."""
    t = batch.tensors
    # Padding of the target stands on the right, where no token looks.
    scores = written_scores(model, t["ids"], t.get("mask"), t["target_ids"], None, t["places"])
    return {"words": word_loss(scores, t["targets"])}, told(model, scores, t["targets"])
