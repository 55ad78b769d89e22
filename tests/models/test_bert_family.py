"""BERT, RoBERTa, DistilBERT and ELECTRA against the peer library, both ways through the checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from parity_help import (
    BERT,
    DISTILBERT,
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

LABELS = {"num_labels": 4}
CONFIGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Bert": (peer.BertConfig, {**BERT, "layer_norm_eps": 1e-3}),
    "Roberta": (peer.RobertaConfig, {**BERT, "type_vocab_size": 2, "layer_norm_eps": 1e-3}),
    "XLMRoberta": (peer.XLMRobertaConfig, {**BERT, "type_vocab_size": 1}),
    "DistilBert": (peer.DistilBertConfig, DISTILBERT),
    "Electra": (peer.ElectraConfig, {**BERT, "embedding_size": 8, "hidden_act": "gelu_new"}),
    "ElectraWide": (peer.ElectraConfig, {**BERT, "embedding_size": 16}),
}
HEADS = {
    "Bert": [
        "Model",
        "ForMaskedLM",
        "ForNextSentencePrediction",
        "ForPreTraining",
        "ForSequenceClassification",
        "ForTokenClassification",
        "ForQuestionAnswering",
        "ForMultipleChoice",
    ],
    "Electra": [
        "Model",
        "ForMaskedLM",
        "ForPreTraining",
        "ForSequenceClassification",
        "ForTokenClassification",
        "ForQuestionAnswering",
        "ForMultipleChoice",
    ],
}
HEADS["Roberta"] = HEADS["DistilBert"] = [
    one for one in HEADS["Bert"] if one not in ("ForNextSentencePrediction", "ForPreTraining")
]
HEADS["XLMRoberta"] = ["Model", "ForMaskedLM"]
HEADS["ElectraWide"] = ["ForMaskedLM"]
CASES = [(family, head) for family, heads in HEADS.items() for head in heads]


def make(family: str, head: str) -> Any:
    factory, values = CONFIGS[family]
    if head in ("ForSequenceClassification", "ForTokenClassification"):
        values = {**values, **LABELS}
    return noisy(getattr(peer, family.removesuffix("Wide") + head), factory(**values))


def inputs(model: Any, choice: bool) -> tuple[Tensor, Tensor, Tensor]:
    ids, mask = padded(some_ids(), model.config.pad_token_id)
    many = getattr(model.config, "type_vocab_size", 1) > 1
    types = (torch.arange(ids.shape[1]) > 4).long().expand_as(ids) * int(many)
    if choice:  # (b, q) -> (1, c, q)
        return ids[None], mask[None], types[None]
    return ids, mask, types


def theirs(model: Any, ids: Tensor, mask: Tensor, types: Tensor, **others: Any) -> Any:
    if not model.config.model_type.startswith("distil"):
        others["token_type_ids"] = types
    return model(input_ids=ids, attention_mask=mask.long(), **others)


def compare(ours: Any, want: Any, mask: Tensor) -> None:
    if "last_hidden_state" in want:
        close(ours.states, want.last_hidden_state, mask)
        if want.get("pooler_output") is not None:
            close(ours.pooled, want.pooler_output)
    elif "start_logits" in want:
        close(ours.start_logits, want.start_logits, mask)
        close(ours.end_logits, want.end_logits, mask)
    elif "prediction_logits" in want:
        close(ours.logits, want.prediction_logits, mask)
        close(ours.pair_logits, want.seq_relationship_logits)
    else:
        by_position = want.logits.shape[:2] == mask.shape and mask.ndim == 2
        close(ours.logits, want.logits, mask if by_position else None)


@pytest.mark.parametrize(("family", "head"), CASES, ids=lambda value: str(value))
@torch.no_grad()
def test_same_numbers_both_ways(family: str, head: str, tmp_path: Path) -> None:
    model = make(family, head)
    ids, mask, types = inputs(model, choice=head == "ForMultipleChoice")
    want = theirs(model, ids, mask, types)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    assert ours.architecture == type(model).__name__
    compare(ours.module(ids, mask, types), want, mask)

    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(type(model), tmp_path / "ours")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    compare(ours.module(ids, mask, types), theirs(again, ids, mask, types), mask)


@pytest.mark.parametrize("family", ["Bert", "Roberta", "DistilBert", "Electra"])
@torch.no_grad()
def test_every_hidden_state_and_attention_weight(family: str, tmp_path: Path) -> None:
    model = make(family, "Model")
    ids, mask, types = inputs(model, choice=False)
    want = theirs(model, ids, mask, types, output_hidden_states=True, output_attentions=True)
    trace = Trace(weights=True)
    opened(in_folder(model, tmp_path)).module(ids, mask, types, trace=trace)
    assert len(trace.hidden) == len(want.hidden_states) == 4
    for ours, theirs_ in zip(trace.hidden, want.hidden_states, strict=True):
        close(ours, theirs_, mask)
    assert len(trace.attention) == len(want.attentions) == 3
    for ours, theirs_ in zip(trace.attention, want.attentions, strict=True):
        close(ours.transpose(1, 2)[mask], theirs_.transpose(1, 2)[mask])


@pytest.mark.parametrize("family", ["Bert", "Roberta", "DistilBert", "Electra"])
@torch.no_grad()
def test_an_output_layer_of_its_own(family: str, tmp_path: Path) -> None:
    factory, values = CONFIGS[family]
    config = factory(**values, tie_word_embeddings=False)
    model = noisy(getattr(peer, f"{family}ForMaskedLM"), config)
    spare = {"Bert": "cls.predictions", "Roberta": "lm_head"}.get(family)
    if spare is not None:  # the bias is one tensor under two names, also where the matrix is not
        bias = model.get_submodule(spare).decoder.bias
        model.get_submodule(spare).bias = bias
    ids, mask, types = inputs(model, choice=False)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    close(ours.module(ids, mask, types).logits, theirs(model, ids, mask, types).logits, mask)


@torch.no_grad()
def test_positions_of_roberta_without_a_mask(tmp_path: Path) -> None:
    model = make("Roberta", "Model")
    ids = some_ids()
    ours = opened(in_folder(model, tmp_path))
    close(ours.module(ids).states, model(input_ids=ids).last_hidden_state)
    # Trained with positions from 0 over all tokens, as some Japanese ones were.
    moved = opened(tmp_path, changes={"position_offset": 0})
    places = torch.arange(ids.shape[1]).expand_as(ids)
    want = model(input_ids=ids, position_ids=places).last_hidden_state
    close(moved.module(ids).states, want)


@torch.no_grad()
def test_bfloat16_is_near(tmp_path: Path) -> None:
    model = make("Bert", "Model")
    ids, mask, types = inputs(model, choice=False)
    ours = opened(in_folder(model, tmp_path), dtype="bfloat16").module(ids, mask, types)
    assert ours.states.dtype == torch.bfloat16
    want = theirs(model.bfloat16(), ids, mask, types).last_hidden_state
    torch.testing.assert_close(ours.states[mask], want[mask], atol=0.06, rtol=0.05)


@torch.no_grad()
def test_choices_are_scored_one_by_one(tmp_path: Path) -> None:
    model = make("Bert", "ForMultipleChoice")
    ids = some_ids(6).view(2, 3, -1)
    ours = opened(in_folder(model, tmp_path)).module(ids)
    close(ours.logits, model(input_ids=ids).logits)
    assert ours.logits.shape == (2, 3)
