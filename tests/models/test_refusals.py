"""What is refused when a model is opened, and that the file, the key and the remedy are named."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from folders_help import MAKERS, bert, edit, make, retensor
from parity_help import CLIPLIKE, in_folder, noisy, opened

from bunsan.base.errors import BadInput


def test_a_tensor_too_many_or_too_few(tmp_path: Path) -> None:
    _, folder = bert("ForMaskedLM", tmp_path)
    retensor(folder, lambda tensors: {**tensors, "bert.encoder.extra.weight": torch.ones(2)})
    for head in (None, "base"):
        with pytest.raises(BadInput, match=r"extra.weight, which this kind of model") as error:
            opened(folder, head=head)
        assert "model.safetensors" in str(error.value)

    def less(tensors: dict[str, Any]) -> dict[str, Any]:
        tensors.pop("bert.encoder.extra.weight")
        tensors.pop("bert.encoder.layer.1.output.dense.bias")
        return tensors

    retensor(folder, less)
    with pytest.raises(BadInput, match=r"lacks bert.encoder.layer.1.output.dense.bias"):
        opened(folder)


def test_half_a_pooler_is_no_pooler(tmp_path: Path) -> None:
    _, folder = bert("Model", tmp_path)

    def less(tensors: dict[str, Any]) -> dict[str, Any]:
        tensors.pop("pooler.dense.bias")
        return tensors

    retensor(folder, less)
    with pytest.raises(BadInput, match=r"lacks pooler.dense.bias"):
        opened(folder)


@pytest.mark.parametrize("kind", list(MAKERS))
def test_a_truncated_file(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInput, match=r"model\.safetensors"):
        opened(folder)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("bert", "vocab_size", 61),
        ("bert", "max_position_embeddings", 21),
        ("bert", "type_vocab_size", 3),
        ("bert", "hidden_size", 20),
        ("bert", "intermediate_size", 25),
        ("bert", "num_hidden_layers", 2),
        ("bert", "num_hidden_layers", 4),
        ("gpt2", "vocab_size", 59),
        ("gpt2", "n_positions", 19),
        ("gpt2", "n_layer", 2),
        ("gpt2", "n_embd", 12),
        ("gpt2", "n_inner", 40),
        ("t5", "vocab_size", 61),
        ("t5", "num_layers", 4),
        ("t5", "num_decoder_layers", 1),
        ("t5", "d_ff", 25),
        ("t5", "d_kv", 5),
        ("t5", "relative_attention_num_buckets", 16),
        ("vit", "image_size", 16),
        ("vit", "patch_size", 3),
        ("vit", "num_hidden_layers", 2),
        ("vit", "id2label", {"0": "a", "1": "b", "2": "c"}),
    ],
)
def test_a_value_that_contradicts_the_weights(
    kind: str, key: str, value: Any, tmp_path: Path
) -> None:
    folder = make(kind, tmp_path)
    edit(folder, **{key: value})
    with pytest.raises(BadInput) as error:
        opened(folder)
    assert str(error.value).startswith(str(folder / "config.json"))
    assert key in str(error.value) or key == "patch_size"
    assert "get both from the same place" in str(error.value)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("bert", "position_embedding_type", "relative_key"),
        ("bert", "hidden_act", "mish"),
        ("bert", "hidden_act", ["gelu"]),
        ("bert", "is_decoder", True),
        ("bert", "add_cross_attention", True),
        ("bert", "pruned_heads", {"1": [0]}),
        ("bert", "model_type", "longformer"),
        ("bert", "architectures", ["BertForSomethingElse"]),
        ("gpt2", "scale_attn_by_inverse_layer_idx", True),
        ("gpt2", "add_cross_attention", True),
        ("gpt2", "activation_function", "sigmoid"),
        ("t5", "feed_forward_proj", "gated-mish"),
        ("vit", "qkv_bias", False),
        ("vit", "image_size", [12, 16]),
    ],
)
def test_what_bunsan_cannot_do(kind: str, key: str, value: Any, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    edit(folder, **{key: value})
    with pytest.raises(BadInput, match="not supported") as error:
        opened(folder)
    assert str(folder / "config.json") in str(error.value)
    assert key in str(error.value)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("bert", "hidden_size", None),
        ("bert", "hidden_size", "16"),
        ("bert", "num_hidden_layers", 0),
        ("bert", "num_hidden_layers", True),
        ("bert", "layer_norm_eps", "tiny"),
        ("bert", "hidden_dropout_prob", 1.5),
        ("bert", "tie_word_embeddings", "yes"),
        ("bert", "model_type", None),
        ("vit", "id2label", {"0": "a", "7": "b"}),
        ("vit", "id2label", "three"),
    ],
)
def test_values_that_are_none(kind: str, key: str, value: Any, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    edit(folder, **{key: value})
    with pytest.raises(BadInput) as error:
        opened(folder)
    assert str(folder / "config.json") in str(error.value)
    assert key in str(error.value)


def test_a_width_that_heads_do_not_divide(tmp_path: Path) -> None:
    folder = make("bert", tmp_path)
    edit(folder, num_attention_heads=5)
    with pytest.raises(BadInput, match="5 heads"):
        opened(folder)


def test_the_two_ways_older_clips_give_a_tower(tmp_path: Path) -> None:
    model = noisy(peer.CLIPModel, peer.CLIPConfig(**CLIPLIKE))
    folder = in_folder(model, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    edit(folder, text_config={"hidden_size": 99}, text_config_dict=config["text_config"])
    opened(folder)
    edit(folder, text_config_dict=None)
    with pytest.raises(BadInput, match=r"text_config\.\w+"):
        opened(folder)
