"""Every named size has as many parameters as was published, and as the peer library counts."""

from typing import Any

import pytest
import torch
import transformers as peer

from bunsan.models.open import family_module, sizes
from bunsan.models.settings import Settings

SIZES = sizes()
PUBLISHED = {  # from papers and model cards, written down apart from the code
    "bert-base": 109_482_240,
    "bert-large": 335_141_888,
    "bert-base-japanese": 110_617_344,
    "roberta-base": 124_645_632,
    "roberta-large": 355_359_744,
    "distilbert-base": 66_362_880,
    "minilm-l6": 22_713_216,
    "electra-base-discriminator": 108_891_648,
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "t5-small": 60_506_624,
    "t5-base": 222_903_552,
    "t5-large": 737_668_096,
    "t5-v1_1-small": 76_961_152,
    "t5-v1_1-base": 247_577_856,
    "t5-v1_1-large": 783_150_080,
    "bart-base": 139_420_416,
    "bart-large": 406_291_456,
    "vit-base-patch16-224": 86_389_248,
    "clip-vit-base-patch32": 151_277_313,
    "clip-vit-base-patch16": 149_620_737,
    "clip-vit-large-patch14": 427_616_513,
}


def built(name: str) -> tuple[Any, Settings, Any]:
    settings = Settings(SIZES[name].config)
    module, kind = family_module(settings)
    with torch.device("meta"):
        model = module.build(settings, SIZES[name].head)
    return model, settings, module.HEADS[kind][SIZES[name].head]


@pytest.mark.parametrize("name", list(SIZES))
def test_as_many_as_stated(name: str) -> None:
    model, _, _ = built(name)
    assert sum(one.numel() for one in model.parameters()) == SIZES[name].parameters
    assert PUBLISHED.get(name, SIZES[name].parameters) == SIZES[name].parameters


@pytest.mark.parametrize("name", [name for name in SIZES if "clip-japanese" not in name])
def test_as_many_as_the_peer_counts(name: str) -> None:
    model, settings, architecture = built(name)
    values = dict(settings.values)
    factory = peer.CONFIG_MAPPING[values.pop("model_type")]
    with torch.device("meta"):
        theirs = getattr(peer, architecture)(factory(**values))
    theirs.tie_weights()
    # Sinusoids are no parameters, though the peer keeps them as frozen ones.
    counted = {id(one): one for one in theirs.parameters() if one.requires_grad}
    total = sum(one.numel() for one in counted.values())
    if settings.get("tie_word_embeddings") is False:  # the peer ties what was published untied
        total += settings.size("vocab_size") * settings.size("d_model")
    assert sum(one.numel() for one in model.parameters()) == total


def test_the_published_ones_are_all_here() -> None:
    assert set(PUBLISHED) <= set(SIZES)


@pytest.mark.parametrize("name", list(SIZES))
def test_tables_name_every_parameter_of_every_head(name: str) -> None:
    settings = Settings(SIZES[name].config)
    module, kind = family_module(settings)
    for head in module.HEADS[kind]:
        with torch.device("meta"):
            model = module.build(settings, head)
        wanted = {key for key, _ in model.named_parameters()}
        wanted |= {key for key, _ in model.named_buffers() if key.endswith("scores.bias")}
        named = [ours for row in module.table(settings, head).rows for ours in row.ours]
        assert len(named) == len(set(named))
        assert set(named) == wanted, head
