"""Scores of a fine-tuned model for many inputs: sorted by length, cut by a budget of tokens, order restored.

Letters in shapes:  t tokens of all texts · d width · q positions
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from bunsan.models.encoding.engines import Engine, make_engine
from bunsan.models.encoding.windows import groups
from bunsan.models.text import ChoiceModel, TextModelWithHead
from bunsan.nn.heads import Output, PositionHead, VectorHead
from bunsan.tasks.finetuning.base import Logits
from bunsan.training.examples import Example
from bunsan.training.objectives.labelled import Kind, collated, scores
from bunsan.training.windows import by_length

MEMORY_TOKENS = 8192

Advance = Callable[[int], None]


class Runner:
    """Runs one model.

    Parameters
    ----------
    kind : what its head says. pad : id of padding. memory_tokens : tokens with padding at once.
    packed : let compiled kernels read single texts without padding, where processor and model allow
        it; faster for many texts, and they have to be made ready first.
    """

    def __init__(
        self,
        module: TextModelWithHead,
        kind: Kind,
        pad: int,
        device: torch.device,
        *,
        memory_tokens: int = MEMORY_TOKENS,
        packed: bool = False,
        threads: int | None = None,
    ) -> None:
        self.module, self.kind, self.pad, self.device = module.to(device).eval(), kind, pad, device
        self.memory_tokens = memory_tokens
        self._engine: Engine | None = None
        if packed and device.type == "cpu" and _reads_first(module, kind):
            self._engine = make_engine(module.backbone, "float32", device, threads)

    def __call__(self, examples: Sequence[Example], advance: Advance | None = None) -> list[Logits]:
        """The scores of every example: (n), (q, n), (q, 2) or (choices)."""
        found: list[Logits | None] = [None] * len(examples)
        single = self._engine is not None and all(example.types is None for example in examples)
        lengths = np.array([example.cells for example in examples], np.int64)
        memory = self.memory_tokens
        if single and self._engine is not None:  # groups are cut from a batch, one a thread
            memory = 4 * self._engine.tokens * self._engine.threads
        for batch in by_length(np.arange(len(examples)), lengths, memory):
            chosen = [examples[i] for i in batch.tolist()]
            rows = self._packed(chosen) if single else self._padded(chosen)
            for i, row in zip(batch.tolist(), rows, strict=True):
                found[i] = row
            if advance is not None:
                advance(len(batch))
        return [row for row in found if row is not None]

    @torch.inference_mode()
    def _padded(self, examples: Sequence[Example]) -> list[Logits]:
        tensors = {
            name: tensor.to(self.device) for name, tensor in collated(examples, self.pad).items()
        }
        table = scores(self.module, self.kind, tensors).float().cpu().numpy()
        if self.kind in ("tags", "span"):
            ends = [len(example.rows[0]) for example in examples]
        elif self.kind == "choice":
            ends = [len(example.rows) for example in examples]
        else:
            ends = [table.shape[1]] * len(examples)
        return [row[:end] for row, end in zip(table, ends, strict=True)]

    def _packed(self, examples: Sequence[Example]) -> list[Logits]:
        """Without padding: states of all texts in one row, then the head."""
        engine = self._engine
        assert engine is not None
        lengths = [len(example.rows[0]) for example in examples]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        ids = np.concatenate([example.rows[0] for example in examples]).astype(np.int32)

        @torch.inference_mode()
        def work(bounds: tuple[int, int]) -> list[Logits]:
            first, last = bounds
            begin, end = int(starts[first]), int(starts[last])
            own = starts[first : last + 1] - begin
            states = engine(ids[begin:end], own)  # (t, d)
            if self.kind == "tags":
                return np.split(self._head(states[None], None)[0].numpy(), own[1:-1])
            firsts = states[torch.from_numpy(own[:-1])][:, None]  # (b, 1, d)
            pooler = self.module.backbone.pooler
            pooled = None if pooler is None else pooler(firsts, None)
            return list(self._head(firsts, pooled).numpy())

        with ThreadPoolExecutor(engine.threads) as pool:
            parts = pool.map(work, groups(starts, engine.tokens))
            return [logits for part in parts for logits in part]

    def _head(self, states: Tensor, pooled: Tensor | None) -> Tensor:
        ids = torch.zeros(states.shape[:2], dtype=torch.long)
        tokens = self.module.backbone.embeddings.tokens.weight
        output: Output = self.module.head(Output(states, pooled), ids, None, tokens)
        if output.logits is None:
            raise ValueError("this head gives no scores")
        return output.logits.float()


def _reads_first(module: TextModelWithHead, kind: Kind) -> bool:
    """Whether the head needs no more than single states, one by one or the first of a text."""
    if isinstance(module, ChoiceModel):
        return False
    if kind == "tags":
        return isinstance(module.head, PositionHead)
    if kind in ("class", "classes", "number"):
        head = module.head
        return isinstance(head, VectorHead) and head.vector in ("pooled", "first")
    return False
