"""What training starts from: first values as published, and dropout at the places where it belongs."""

from typing import Any

import pytest
import torch
import transformers as peer
from folders_help import bert
from parity_help import BART, BERT, GPT2, T5, VIT, close, in_folder, noisy, opened, some_ids
from torch import Tensor, nn

from bunsan.models.open import family_module, new_model
from bunsan.models.settings import Settings
from bunsan.nn.table import Table

WIDE = {
    "bert-base": {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4},
    "roberta-base": {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4},
    "distilbert-base": {"dim": 96, "n_layers": 2, "n_heads": 4, "hidden_dim": 120},
    "electra-small-discriminator": {"hidden_size": 96, "num_hidden_layers": 2},
    "gpt2": {"n_embd": 96, "n_layer": 2, "n_head": 4},
    "t5-small": {"d_model": 96, "num_layers": 2, "num_decoder_layers": 2, "d_ff": 200},
    "t5-v1_1-small": {"d_model": 96, "num_layers": 2, "num_decoder_layers": 2, "d_ff": 200},
    "bart-base": {"d_model": 96, "encoder_layers": 2, "decoder_layers": 2},
    "transformer-base": {"d_model": 96, "encoder_layers": 2, "decoder_layers": 2},
    "vit-base-patch16-224": {"hidden_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4},
    "clip-vit-base-patch32": {
        "text_config": {**BERT, "hidden_size": 96, "vocab_size": 900, "eos_token_id": 899},
        "vision_config": {**VIT, "hidden_size": 96, "image_size": 64},
    },
}


@pytest.mark.parametrize("size", list(WIDE))
@torch.no_grad()
def test_first_values_are_spread_as_the_peer_spreads_them(size: str) -> None:
    ours = new_model(size, changes=WIDE[size])
    values = dict(ours.config)
    config = peer.CONFIG_MAPPING[values.pop("model_type")](**values)
    torch.manual_seed(0)
    theirs = getattr(peer, ours.architecture)(config)
    # Through a file: names in memory differ from those in files.
    import tempfile
    from pathlib import Path

    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory() as folder:
        want = load_file(in_folder(theirs, Path(folder)) / "model.safetensors")
    got = ours.table.write(ours.module.state_dict())
    for name, tensor in got.items():
        if name not in want:  # version 1.1's own output layer, which the peer ties
            assert name == "lm_head.weight"
            continue
        mine, other = tensor.float(), want[name]
        assert mine.shape == other.shape, name
        if bool((other == other.flatten()[0]).all()):  # zeros, ones, a temperature
            torch.testing.assert_close(mine, other, msg=name)
            continue
        if other.numel() < 300:
            continue
        n = other.numel()
        assert abs(mine.mean()) < 6 * other.std() / n**0.5 + 1e-6, name
        assert float(mine.std() / other.std()) == pytest.approx(1, abs=5 / n**0.5 + 0.02), name
        # Cut-off tails are told from whole ones where there are enough numbers.
        if n > 5000:
            assert float(mine.abs().max() / mine.std()) < 6


# Where a dropout only moves its input, two libraries can be compared in training too.

DROPPED: list[tuple[str, Any, Any, dict[str, Any], list[str]]] = [
    (
        "bert",
        peer.BertForSequenceClassification,
        peer.BertConfig,
        BERT,
        ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"],
    ),
    (
        "roberta",
        peer.RobertaForSequenceClassification,
        peer.RobertaConfig,
        BERT,
        ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"],
    ),
    (
        "distilbert",
        peer.DistilBertForSequenceClassification,
        peer.DistilBertConfig,
        {"vocab_size": 60, "dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24},
        ["seq_classif_dropout"],  # see `distil_config` for the other one
    ),
    (
        "electra",
        peer.ElectraForSequenceClassification,
        peer.ElectraConfig,
        {**BERT, "embedding_size": 8},
        ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"],
    ),
    (
        "gpt2",
        peer.GPT2LMHeadModel,
        peer.GPT2Config,
        GPT2,
        ["embd_pdrop", "resid_pdrop", "attn_pdrop"],
    ),
    (
        "bart",
        peer.BartForConditionalGeneration,
        peer.BartConfig,
        BART,
        ["dropout", "activation_dropout", "attention_dropout"],
    ),
    (
        "bart head",
        peer.BartForSequenceClassification,
        peer.BartConfig,
        BART,
        ["classifier_dropout"],
    ),
    ("t5", peer.T5ForConditionalGeneration, peer.T5Config, T5, ["dropout_rate"]),
    (
        "vit",
        peer.ViTForImageClassification,
        peer.ViTConfig,
        VIT,
        ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    ),
]
OFF = {
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "classifier_dropout": 0.0,
    "attention_dropout": 0.0,
    "attn_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "resid_pdrop": 0.0,
    "dropout": 0.0,
    "seq_classif_dropout": 0.0,
    "activation_dropout": 0.0,
    "dropout_rate": 0.0,
}
CASES = [
    pytest.param(model, config, values, key, id=f"{name}-{key}")
    for name, model, config, values, keys in DROPPED
    for key in keys
]


def not_random(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """States become smaller and are moved, which no norm makes undone; attention weights, smaller."""
    if not training or p == 0:
        return x
    moved = 0.0 if x.ndim == 4 else p * torch.arange(x.shape[-1]).sin()
    return x * (1 - p) + moved


def attention_not_random(*args: Any, dropout_p: float = 0.0, **named: Any) -> Tensor:
    return ATTENTION(*args, **named) * (1 - dropout_p)


ATTENTION = torch.nn.functional.scaled_dot_product_attention


@pytest.mark.parametrize(("model", "config", "values", "key"), CASES)
@torch.no_grad()
def test_dropout_is_where_the_peer_has_it(
    model: Any,
    config: Any,
    values: dict[str, Any],
    key: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.nn.functional, "dropout", not_random)
    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attention_not_random)
    known = {name: rate for name, rate in OFF.items() if hasattr(config(**values), name)}
    theirs = noisy(model, config(**{**values, **known, key: 0.3}))
    ours = opened(in_folder(theirs, tmp_path)).module
    theirs.train(), ours.train()
    ids = some_ids()
    ids[:, -1] = 2
    if theirs.config.model_type == "vit":
        images = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
        want, got = theirs(pixel_values=images).logits, ours(images).logits
    elif theirs.config.is_encoder_decoder and "Classification" not in model.__name__:
        target = some_ids(seed=4)
        want = theirs(input_ids=ids, decoder_input_ids=target).logits
        got = ours(ids, target_ids=target).logits
    else:
        want, got = theirs(input_ids=ids).logits, ours(ids).logits
    close(got, want)
    ours.eval()
    kept = (
        ours(images)
        if theirs.config.model_type == "vit"
        else ours(ids, target_ids=target)
        if theirs.config.is_encoder_decoder and "Classification" not in model.__name__
        else ours(ids)
    )
    assert not torch.allclose(kept.logits, got)


def test_weights_of_attention_are_dropped_in_training_only(tmp_path: Any) -> None:
    _, folder = bert("Model", tmp_path, attention_probs_dropout_prob=0.5, hidden_dropout_prob=0.0)
    module, ids = opened(folder).module, some_ids()
    with torch.no_grad():
        close(module(ids).states, module(ids).states)
        module.train()
        assert not torch.allclose(module(ids).states, module(ids).states)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@torch.no_grad()
def test_compiled_models_say_the_same(tmp_path: Any) -> None:
    torch.compiler.reset()
    _, folder = bert("ForMaskedLM", tmp_path / "bert")
    module, ids = opened(folder).module, some_ids()
    mask = torch.ones(ids.shape, dtype=torch.bool)
    mask[1, 5:] = False
    compiled = torch.compile(module, fullgraph=True)
    close(compiled(ids, mask).logits, module(ids, mask).logits)
    config = peer.T5Config(**T5)
    t5 = opened(in_folder(noisy(peer.T5ForConditionalGeneration, config), tmp_path / "t5")).module
    compiled = torch.compile(t5, fullgraph=True)
    close(compiled(ids, mask, target_ids=ids).logits, t5(ids, mask, target_ids=ids).logits)


@pytest.mark.parametrize("head", ["masked-words", "classification", "labels"])
def test_every_parameter_learns(head: str, tmp_path: Any) -> None:
    """A gradient reaches all of them: none was left out of the graph, none is frozen."""
    _, folder = bert("ForMaskedLM", tmp_path)
    module = opened(folder, head=head, new_head=head != "masked-words").module.train()
    module(some_ids()).logits.square().sum().backward()
    for name, value in module.named_parameters():
        assert value.requires_grad
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name


def test_tables_of_every_family_are_made_from_their_settings_alone() -> None:
    for size, changes in WIDE.items():
        ours = new_model(size, changes=changes)
        settings = Settings(ours.config)
        module, _ = family_module(settings)
        again: Table = module.table(settings, ours.head)
        assert [one.theirs for one in again.rows] == [one.theirs for one in ours.table.rows]
        assert isinstance(ours.module, nn.Module)
