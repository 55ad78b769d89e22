"""GPT-2 against the peer library: padding, cache in any pieces, heads, both ways through the checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from parity_help import (
    GPT2,
    LENGTH,
    close,
    in_folder,
    noisy,
    opened,
    opened_by_peer,
    padded,
    same_file_again,
    some_ids,
)
from torch import Tensor

from bunsan.nn.transformer import Trace

PAD = 0
HEADS = [
    "Model",
    "LMHeadModel",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
]


def make(head: str, **others: Any) -> Any:
    labels = {"num_labels": 4} if "Classification" in head else {}
    config = peer.GPT2Config(**{**GPT2, **labels, **others}, pad_token_id=PAD)
    return noisy(getattr(peer, f"GPT2{head}"), config)


def theirs(model: Any, ids: Tensor, mask: Tensor, **others: Any) -> Any:
    """The peer counts positions over padding unless it is told what its `generate` tells it."""
    places = (mask.long().cumsum(-1) - 1).clamp(min=0)
    return model(input_ids=ids, attention_mask=mask.long(), position_ids=places, **others)


def compare(ours: Any, want: Any, mask: Tensor) -> None:
    if "last_hidden_state" in want:
        close(ours.states, want.last_hidden_state, mask)
    elif "start_logits" in want:
        close(ours.start_logits, want.start_logits, mask)
        close(ours.end_logits, want.end_logits, mask)
    else:
        close(ours.logits, want.logits, mask if want.logits.ndim == 3 else None)


@pytest.mark.parametrize("head", HEADS)
@torch.no_grad()
def test_same_numbers_both_ways(head: str, tmp_path: Path) -> None:
    model = make(head)
    ids, mask = padded(some_ids(), PAD)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    assert ours.architecture == type(model).__name__
    compare(ours.module(ids, mask), theirs(model, ids, mask), mask)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(type(model), tmp_path / "ours")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@pytest.mark.parametrize(
    "others",
    [
        {"n_inner": 20},
        {"activation_function": "relu"},
        {"scale_attn_weights": False},
        {"layer_norm_epsilon": 0.1},
        {"tie_word_embeddings": False},
        {"reorder_and_upcast_attn": True},
    ],
    ids=str,
)
@torch.no_grad()
def test_every_setting(others: dict[str, Any], tmp_path: Path) -> None:
    model = make("LMHeadModel", **others)
    ids = some_ids()
    close(opened(in_folder(model, tmp_path)).module(ids).logits, model(input_ids=ids).logits)


@torch.no_grad()
def test_every_hidden_state_and_attention_weight(tmp_path: Path) -> None:
    model = make("Model")
    ids, mask = padded(some_ids(), PAD)
    want = theirs(model, ids, mask, output_hidden_states=True, output_attentions=True)
    trace = Trace(weights=True)
    ours = opened(in_folder(model, tmp_path)).module(ids, mask, trace=trace)
    for mine, other in zip(trace.hidden[:-1], want.hidden_states[:-1], strict=True):
        close(mine, other, mask)
    close(ours.states, want.hidden_states[-1], mask)  # theirs is after the last norm
    for mine, other in zip(trace.attention, want.attentions, strict=True):
        close(mine.transpose(1, 2)[mask], other.transpose(1, 2)[mask])


@pytest.mark.parametrize("pieces", [[1] * LENGTH, [4, 5], [3, 1, 5], [8, 1]], ids=str)
@pytest.mark.parametrize("with_mask", [True, False])
@torch.no_grad()
def test_pieces_through_a_cache_are_the_whole(
    pieces: list[int], with_mask: bool, tmp_path: Path
) -> None:
    model = make("LMHeadModel")
    ids, mask = padded(some_ids(), PAD)
    ours = opened(in_folder(model, tmp_path)).module
    given = mask if with_mask else torch.ones_like(mask)
    want = theirs(model, ids, given).logits
    cache, parts, start = ours.new_cache(capacity=2), [], 0
    for n in pieces:
        end = start + n
        seen = given[:, :end] if with_mask else None
        parts.append(ours(ids[:, start:end], seen, cache=cache).logits)
        start = end
    assert len(cache) == LENGTH
    close(torch.cat(parts, 1), want, given)


@torch.no_grad()
def test_the_last_token_that_is_no_padding_decides(tmp_path: Path) -> None:
    model = make("ForSequenceClassification")
    ids, mask = padded(some_ids(), PAD)
    ours = opened(in_folder(model, tmp_path)).module(ids, mask)
    alone = ours.logits.new_tensor([])
    for row in range(3):
        text = ids[row][mask[row]][None]
        alone = torch.cat([alone, model(input_ids=text).logits])
    close(ours.logits, alone)


@torch.no_grad()
def test_old_checkpoints_hold_masks_and_a_second_output_layer(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = make("LMHeadModel")
    folder = in_folder(model, tmp_path)
    tensors = load_file(folder / "model.safetensors")
    old = {name.removeprefix("transformer."): value for name, value in tensors.items()}
    for i in range(3):
        old[f"h.{i}.attn.bias"] = torch.ones(20, 20).tril()[None, None]
        old[f"h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    old["lm_head.weight"] = tensors["transformer.wte.weight"].clone()
    save_file(old, folder / "model.safetensors", {"format": "pt"})
    ids = some_ids()
    close(opened(folder).module(ids).logits, model(input_ids=ids).logits)
