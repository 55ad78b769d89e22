"""Low-rank maps merged and not, frozen layers, rates by layer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from finetune_help import reviews
from safetensors.torch import load_file

from bunsan.base.errors import BadInput
from bunsan.models.open import open_model
from bunsan.models.text import TextModelWithHead
from bunsan.tasks.finetuning.entry import finetune
from bunsan.tasks.finetuning.start import limit_learning
from bunsan.training.low_rank import LowRank, add_low_rank, merge_low_rank
from bunsan.training.optimizer import make_optimizer, trained_parameters
from bunsan.training.partial import freeze, layer_rates
from bunsan.training.settings import TrainingSettings


def model(folder: Path) -> TextModelWithHead:
    opened = open_model(folder, head="classification", new_head=True, new_labels=["a", "b"])
    assert isinstance(opened.module, TextModelWithHead)
    return opened.module


IDS = torch.randint(5, 100, (3, 12), generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_in_the_beginning_nothing_is_added(bert: Path) -> None:
    module = model(bert)
    before = module(IDS).logits
    assert add_low_rank(module, 4) == 4  # query and value of two blocks
    assert torch.equal(module(IDS).logits, before)


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "electra"])
@torch.no_grad()
def test_merged_is_unmerged(starts: dict[str, Path], family: str) -> None:
    module = model(starts[family])
    names = set(module.state_dict())
    plain = module(IDS).logits
    add_low_rank(module, 3, maps=("query", "key", "value", "output"), seed=1)
    generator = torch.Generator().manual_seed(2)
    for part in module.modules():
        if isinstance(part, LowRank):
            part.up.copy_(torch.randn(part.up.shape, generator=generator) * 0.3)
    unmerged = module(IDS).logits
    assert (unmerged - plain).abs().max() > 1e-3
    merge_low_rank(module)
    assert set(module.state_dict()) == names
    assert not any(isinstance(part, LowRank) for part in module.modules())
    torch.testing.assert_close(module(IDS).logits, unmerged, atol=1e-6, rtol=1e-6)


def test_the_addition_is_alpha_over_rank_times_b_a() -> None:
    linear = torch.nn.Linear(5, 3)
    low = LowRank(linear, 2, 6.0)
    with torch.no_grad():
        low.up.copy_(torch.arange(6.0).view(3, 2))
    x = torch.randn(4, 5)
    by_hand = linear(x) + 3.0 * (low.up @ low.down @ x.T).T
    torch.testing.assert_close(low(x), by_hand)


def test_only_what_was_added_learns(bert: Path) -> None:
    module = model(bert)
    limit_learning(module, frozen=None, rank=2, decay=1.0, seed=0)
    learned = set(trained_parameters(module))
    backbone = {name for name in learned if name.startswith("backbone.stack")}
    assert len(backbone) == 8
    assert all(name.endswith((".up", ".down")) for name in backbone)
    rest = learned - backbone
    assert rest == {
        "head.output.weight",
        "head.output.bias",
        "backbone.pooler.dense.weight",
        "backbone.pooler.dense.bias",
    }
    with pytest.raises(BadInput, match="freezes the model itself"):
        limit_learning(model(bert), frozen=1, rank=2, decay=1.0, seed=0)


def test_frozen_layers_do_not_learn(bert: Path) -> None:
    module = model(bert)
    freeze(module, 1)
    learned = trained_parameters(module)
    assert not any("embeddings" in name or "blocks.0." in name for name in learned)
    assert any("blocks.1." in name for name in learned)
    module(IDS).logits.sum().backward()
    assert all(p.grad is None for name, p in module.named_parameters() if name not in learned)
    freeze(module, "all")
    assert {name.split(".")[0] for name in trained_parameters(module)} == {"head", "backbone"}
    assert not any("stack" in name for name in trained_parameters(module))
    with pytest.raises(BadInput, match="the model has 2"):
        freeze(module, 3)


def test_rates_fall_from_layer_to_layer(bert: Path, starts: dict[str, Path]) -> None:
    module = model(bert)
    rates = layer_rates(module, 0.5)
    assert set(rates) == {name for name, _ in module.named_parameters()}
    assert rates["head.output.weight"] == rates["backbone.pooler.dense.bias"] == 1.0
    assert rates["backbone.stack.blocks.1.feed_forward.up.weight"] == 0.5
    assert rates["backbone.stack.blocks.0.self_attention.query.bias"] == 0.25
    assert rates["backbone.embeddings.tokens.weight"] == 0.125
    projected = layer_rates(model(starts["electra"]), 0.5)
    assert projected["backbone.embeddings.projection.weight"] == 0.125


def test_groups_have_their_share_and_decay(bert: Path) -> None:
    module = model(bert)
    settings = TrainingSettings(steps=1, batch_sequences=1, weight_decay=0.3)
    parameters = trained_parameters(module)
    rates = layer_rates(module, 0.5)
    optimizer = make_optimizer(parameters, settings, rates)
    found: dict[int, tuple[float, float]] = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            found[id(parameter)] = (group["share"], group["weight_decay"])
    assert len(found) == len(parameters)
    for name, parameter in parameters.items():
        assert found[id(parameter)] == (rates[name], 0.3 if parameter.ndim >= 2 else 0.0)


def test_the_loop_moves_lower_layers_less(bert: Path, tmp_path: Path) -> None:
    done = finetune(
        "classification", reviews(16), model=bert, to=tmp_path / "out", steps=1, warm_up=0.0,
        rate=1e-3, layer_decay=0.25, weight_decay=0.0, held_out=0, batch=16,
    )  # fmt: skip
    before, after = (load_file(f / "model.safetensors") for f in (bert, done.folder))
    # The first step of Adam moves every weight that has a gradient by the rate.
    for name, share in (
        ("pooler.dense.weight", 1.0),
        ("encoder.layer.1.output.dense.weight", 0.25),
        ("encoder.layer.0.output.dense.weight", 0.0625),
        ("embeddings.position_embeddings.weight", 0.015625),
    ):
        moved = (after[f"bert.{name}"] - before[name]).abs().max()
        assert float(moved) == pytest.approx(1e-3 * share, rel=1e-2)


@pytest.mark.parametrize("wrong", [0.0, 1.5, -1.0])
def test_a_decay_that_is_none(bert: Path, wrong: float) -> None:
    options: dict[str, Any] = {"frozen": None, "rank": None, "decay": wrong, "seed": 0}
    with pytest.raises(BadInput, match="layer decay"):
        limit_learning(model(bert), **options)
