"""Cross-encoders: how well a document answers a query, both read together (Nogueira & Cho 2019)."""

from collections.abc import Sequence
from pathlib import Path

import torch

from bunsan.models.encoding.backbone import open_text_part
from bunsan.models.open import open_model
from bunsan.text.subwords.opening import open_tokenizer


class PairScorer:
    """A model with one score for a pair of texts.

    Parameters
    ----------
    folder : of the model. dtype, device : see `open_model`.
    """

    def __init__(self, folder: Path, *, dtype: str = "float32", device: str | None = None) -> None:
        self.opened = open_model(folder, dtype=dtype, device=device)
        self.tokenizer = open_tokenizer(folder)
        self.device = next(self.opened.module.parameters()).device
        positions = open_text_part(self.opened).text.embeddings.max_positions
        limits = (self.tokenizer.max_length, positions)
        known = [limit for limit in limits if limit is not None]
        self.max_length = min(known, default=None)

    @torch.inference_mode()
    def score(self, query: str, documents: Sequence[str]) -> tuple[list[float], int]:
        """A number in (0, 1) for each document, by the logistic function, and how many tokens were read.

        What is too long for the model is cut, the longer of the two texts first.
        """
        pairs = self.tokenizer.encode_batch(
            [query] * len(documents), list(documents), max_length=self.max_length
        )
        width = max(len(pair) for pair in pairs)
        ids = torch.zeros(len(pairs), width, dtype=torch.long)
        types, mask = torch.zeros_like(ids), torch.zeros(len(pairs), width, dtype=torch.bool)
        for i, pair in enumerate(pairs):
            ids[i, : len(pair)] = torch.from_numpy(pair.ids)
            types[i, : len(pair)] = torch.from_numpy(pair.type_ids)
            mask[i, : len(pair)] = True
        device = self.device
        output = self.opened.module(ids.to(device), mask.to(device), types.to(device))
        scores = output.logits[:, 0].float().sigmoid().tolist()
        return scores, int(mask.sum())
