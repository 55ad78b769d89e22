"""T5, BART, mBART and Marian against the peer library."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from parity_help import (
    BART,
    T5,
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

PAD = 1
MARIAN = {**BART, "pad_token_id": PAD, "decoder_start_token_id": PAD}
MAKERS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "t5": ("T5", peer.T5Config, {**T5, "feed_forward_proj": "relu"}),
    "t5 v1.1": (
        "T5",
        peer.T5Config,
        {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    ),
    "t5 silu": ("T5", peer.T5Config, {**T5, "feed_forward_proj": "gated-silu", "d_kv": 4}),
    "mt5": ("MT5", peer.MT5Config, T5),
    "bart": ("Bart", peer.BartConfig, BART),
    "bart scaled": (
        "Bart",
        peer.BartConfig,
        {**BART, "scale_embedding": True, "activation_function": "gelu_new"},
    ),
    "bart untied": ("Bart", peer.BartConfig, {**BART, "tie_word_embeddings": False}),
    "mbart": ("MBart", peer.MBartConfig, {**BART, "scale_embedding": True}),
    "marian": (
        "Marian",
        peer.MarianConfig,
        {**MARIAN, "scale_embedding": True, "activation_function": "swish"},
    ),
    "marian relu": ("Marian", peer.MarianConfig, {**MARIAN, "activation_function": "relu"}),
    "marian apart": (
        "Marian",
        peer.MarianConfig,
        {
            **MARIAN,
            "activation_function": "swish",
            "share_encoder_decoder_embeddings": False,
            "decoder_vocab_size": 60,
        },
    ),
}


def make(name: str, head: str = "ForConditionalGeneration", **others: Any) -> Any:
    prefix, factory, values = MAKERS[name]
    if prefix == "Marian" and head == "ForConditionalGeneration":
        head = "MTModel"
    config = factory(**{**values, **others})
    model = noisy(getattr(peer, prefix + head), config)
    if name in ("mt5", "t5 v1.1") and hasattr(model, "lm_head"):
        # Version 1.1 was published with an output layer of its own.
        torch.manual_seed(3)
        model.lm_head.weight = torch.nn.Parameter(torch.randn(60, 16) * 0.3)
    if name == "bart untied":  # the output layer is its own; the tables of tokens are still one
        with torch.no_grad():
            for side in (model.model.encoder, model.model.decoder):
                side.embed_tokens.weight.copy_(model.model.shared.weight)
    return model


def untied(model: Any, folder: Path) -> Path:
    """The folder as such models are published: the peer writes one output layer for both."""
    import json

    from safetensors.torch import load_file, save_file

    in_folder(model, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = model.lm_head.weight.detach().clone()
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config.pop("scale_decoder_outputs", None)
    config["tie_word_embeddings"] = False
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def folder_of(model: Any, folder: Path) -> Path:
    own = getattr(model, "lm_head", None) is not None and not torch.equal(
        model.lm_head.weight, model.get_output_embeddings().weight
    )
    kind = model.config.model_type
    shared = getattr(model, "shared", None)
    if kind in ("t5", "mt5") and hasattr(model, "lm_head"):
        own = not torch.equal(model.lm_head.weight, shared.weight)
    return untied(model, folder) if own else in_folder(model, folder)


def inputs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    ids, mask = padded(some_ids(length=17), PAD)
    target, target_mask = some_ids(length=12, seed=5), torch.ones(3, 12, dtype=torch.bool)
    target_mask[1, -4:] = False
    return ids, mask, target, target_mask


def theirs(model: Any, **others: Any) -> Any:
    ids, mask, target, target_mask = inputs()
    return model(
        input_ids=ids,
        attention_mask=mask.long(),
        decoder_input_ids=target,
        decoder_attention_mask=target_mask.long(),
        **others,
    )


@pytest.mark.parametrize("name", list(MAKERS))
@torch.no_grad()
def test_same_numbers_both_ways(name: str, tmp_path: Path) -> None:
    model = make(name)
    ids, mask, target, target_mask = inputs()
    want = theirs(model)
    ours = opened(folder_of(model, tmp_path / "theirs"))
    assert ours.head == "sequence-to-sequence"
    got = ours.module(ids, mask, target_ids=target, target_mask=target_mask)
    close(got.logits, want.logits, target_mask)
    close(got.memory, want.encoder_last_hidden_state, mask)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(type(model), tmp_path / "ours")
    close(got.logits, theirs(again).logits, target_mask)


@pytest.mark.parametrize("name", list(MAKERS))
@pytest.mark.parametrize("pieces", [[1] * 12, [5, 7], [3, 1, 8]], ids=str)
@torch.no_grad()
def test_pieces_through_a_cache_are_the_whole(name: str, pieces: list[int], tmp_path: Path) -> None:
    model = make(name)
    ids, mask, target, _ = inputs()
    want = model(input_ids=ids, attention_mask=mask.long(), decoder_input_ids=target).logits
    ours = opened(folder_of(model, tmp_path)).module
    memory = ours.encode(ids, mask).states
    cache, parts, start = ours.new_cache(2), [], 0
    for n in pieces:
        given = memory if start == 0 else None  # the cache has seen it
        parts.append(ours.decode(target[:, start : start + n], given, mask, cache=cache).logits)
        start += n
    close(torch.cat(parts, 1), want)


@pytest.mark.parametrize("name", ["t5", "bart", "mbart", "marian"])
@torch.no_grad()
def test_without_a_head_and_every_hidden_state(name: str, tmp_path: Path) -> None:
    model = make(name, "Model")
    ids, mask, target, target_mask = inputs()
    want = theirs(model, output_hidden_states=True, output_attentions=True)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    assert ours.head == "base"
    read, write = Trace(weights=True), Trace(weights=True)
    got = ours.module(
        ids, mask, target_ids=target, target_mask=target_mask, trace=read, target_trace=write
    )
    close(got.states, want.last_hidden_state, target_mask)
    for mine, other in zip(read.hidden[:-1], want.encoder_hidden_states[:-1], strict=True):
        close(mine, other, mask)
    for mine, other in zip(write.hidden[:-1], want.decoder_hidden_states[:-1], strict=True):
        close(mine, other, target_mask)
    for mine, other, where in (
        *zip(read.attention, want.encoder_attentions, [mask] * 3, strict=True),
        *zip(write.attention, want.decoder_attentions, [target_mask] * 2, strict=True),
        *zip(write.cross_attention, want.cross_attentions, [target_mask] * 2, strict=True),
    ):
        close(mine.transpose(1, 2)[where], other.transpose(1, 2)[where])
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(type(model), tmp_path / "ours")
    close(got.states, theirs(again).last_hidden_state, target_mask)


@pytest.mark.parametrize("name", ["t5", "t5 v1.1"])
@torch.no_grad()
def test_the_encoder_alone(name: str, tmp_path: Path) -> None:
    model = make(name, "EncoderModel")
    ids, mask, *_ = inputs()
    want = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    ours = opened(in_folder(model, tmp_path / "theirs"))
    assert ours.head == "encoder"
    close(ours.module(ids, mask).states, want, mask)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    # The encoder of a whole model: the decoder's tensors are passed over.
    whole = make(name)
    part = opened(folder_of(whole, tmp_path / "whole"), head="encoder")
    wanted = whole.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    close(part.module(ids, mask).states, wanted, mask)


@pytest.mark.parametrize("name", ["bart", "mbart"])
@pytest.mark.parametrize("head", ["ForSequenceClassification", "ForQuestionAnswering"])
@torch.no_grad()
def test_heads_on_the_decoder(name: str, head: str, tmp_path: Path) -> None:
    labels = {"num_labels": 4} if "Classification" in head else {}
    model = make(name, head, **labels)
    ids = some_ids(length=9)
    ids[:, -2] = ids[:, 4] = 2  # the end, where the last one counts
    ids[:, -1] = torch.tensor([8, 9, 10])  # a language, which mBART's decoder begins with
    mask = torch.ones(ids.shape, dtype=torch.bool)
    ids[1, -4:] = torch.tensor([2, 9, PAD, PAD])
    ids[1, 4] = 7
    ids[1, 3] = 2
    mask[1, -2:] = False
    want = model(input_ids=ids, attention_mask=mask.long())
    ours = opened(in_folder(model, tmp_path / "theirs"))
    got = ours.module(ids, mask)
    if "Classification" in head:
        close(got.logits, want.logits)
    else:
        close(got.start_logits, want.start_logits, mask)
        close(got.end_logits, want.end_logits, mask)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    opened_by_peer(type(model), tmp_path / "ours")


@torch.no_grad()
def test_what_newer_files_say_about_version_1_1(tmp_path: Path) -> None:
    """A file the peer wrote claims a tied output layer and says apart from that whether to scale."""
    model = make("t5 v1.1")
    folder = untied(model, tmp_path)
    again = peer.T5ForConditionalGeneration.from_pretrained(folder)
    again.save_pretrained(tmp_path / "again")
    ids, mask, target, target_mask = inputs()
    got = opened(tmp_path / "again").module(ids, mask, target_ids=target, target_mask=target_mask)
    close(got.logits, theirs(again.eval()).logits, target_mask)


@torch.no_grad()
def test_a_bias_nothing_reads_in_old_files(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = make("t5")
    folder = in_folder(model, tmp_path)
    tensors = load_file(folder / "model.safetensors")
    spare = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
    tensors[spare] = torch.randn(8, 4)
    for side in ("encoder", "decoder"):
        tensors[f"{side}.embed_tokens.weight"] = tensors["shared.weight"].clone()
    tensors["lm_head.weight"] = tensors["shared.weight"].clone()
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    ids, mask, target, target_mask = inputs()
    got = opened(folder).module(ids, mask, target_ids=target, target_mask=target_mask)
    close(got.logits, theirs(model).logits, target_mask)
