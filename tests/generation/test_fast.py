"""A stack made ready for inference gives what the stack gives; fewer bytes give nearly that."""

import pytest
import torch
from generation_models import checkpoint, prompts, start

from bunsan.models.generating import language_model
from bunsan.models.open import open_model
from bunsan.nn.generation.model import StackModel

KINDS = ["gpt2", "t5", "bart", "marian"]


def logits(model: StackModel, kind: str, rows: int) -> list[torch.Tensor]:
    """Of a prompt, of one more token, of three more: with padding on the left."""
    ids = torch.tensor(prompts(rows, low=5, high=6))
    begin = torch.tensor([0, 2, 1, 3, 0][:rows])
    mask = torch.arange(9)[None, :] >= begin[:, None]
    places = (mask.long().cumsum(-1) - 1).clamp(min=0)
    memory = memory_mask = None
    if kind != "gpt2":
        memory_mask = torch.arange(5)[None, :] < 5 - begin[:, None] // 2
        memory = model.encode(ids, memory_mask)
        ids = torch.cat([torch.full((rows, 1), start(kind)), ids[:, 1:]], 1)
    cache, found, at = model.new_cache(4), [], 0
    more = torch.cat([ids, ids[:, 1:]], 1)  # (rows, 9)
    for n in (5, 1, 3):
        part = slice(at, at + n)
        at += n
        found.append(
            model.logits(
                more[:, part], cache, mask[:, :at], places[:, part], memory, memory_mask, last=n
            )
        )
        memory = None
    return [x[i, max(0, int(b) - 0) :] for x in found[:1] for i, b in enumerate(begin)] + found[1:]


@torch.inference_mode()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 5])
def test_ready_as_not_ready(kind: str, rows: int) -> None:
    folder = checkpoint(kind)[1]
    plain = language_model(open_model(folder))
    wanted = logits(plain, kind, rows)
    plain.prepare()
    for a, b in zip(logits(plain, kind, rows), wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("weights", "near"), [("float16", 0.02), ("int8", 0.35)])
def test_weights_in_fewer_bytes(kind: str, weights: str, near: float) -> None:
    folder = checkpoint(kind)[1]
    wanted = logits(language_model(open_model(folder)), kind, 4)
    small = language_model(open_model(folder))
    small.prepare(weights)
    for a, b in zip(logits(small, kind, 4), wanted, strict=True):
        assert not torch.equal(a, b)
        error = float((a - b).pow(2).mean().sqrt() / b.pow(2).mean().sqrt())
        assert error < near


def test_modules_stay_usable() -> None:
    opened = open_model(checkpoint("gpt2")[1])
    before = {name: value.clone() for name, value in opened.module.state_dict().items()}
    language_model(opened).prepare()
    for name, value in opened.module.state_dict().items():
        assert torch.equal(value, before[name])
