"""Guesses for masked words: the numbers are those of transformers."""

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, ElectraForMaskedLM

from bunsan.base.errors import BadInput
from bunsan.models.open import new_model
from bunsan.serve.untrained import make_encoder
from bunsan.tasks.masked import MaskedWords
from bunsan.text.subwords.training import train_tokenizer

TEXTS = ["the river is wide here", "the ferry is slow today", "a baker opens the shop"] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("masked") / "bert"
    tokenizer = train_tokenizer(TEXTS, "wordpiece", 120, min_frequency=1, max_length=32)
    config = BertConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=48, max_position_embeddings=32,
    )  # fmt: skip
    torch.manual_seed(0)
    model = BertForMaskedLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(place)
    tokenizer.save(place)
    return place


def test_guesses_are_those_of_transformers(folder: Path) -> None:
    guesser = MaskedWords(folder)
    found = guesser.guess("the [MASK] is wide [MASK]", k=5)
    ids = torch.from_numpy(guesser.tokenizer.encode("the [MASK] is wide [MASK]").ids).long()
    theirs = BertForMaskedLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        shares = theirs(ids[None]).logits[0].softmax(-1)
    places = torch.nonzero(ids == guesser.tokenizer.mask_id).ravel().tolist()
    assert len(found) == len(places) == 2
    for one, place in zip(found, places, strict=True):
        best = shares[place].topk(5)
        assert [w for w, _ in one.guesses] == [
            guesser.tokenizer.id_to_token(i) for i in best.indices.tolist()
        ]
        assert [p for _, p in one.guesses] == pytest.approx(best.values.tolist(), rel=1e-4)


def test_something_must_be_masked(folder: Path) -> None:
    with pytest.raises(BadInput):
        MaskedWords(folder).guess("the river is wide")


def test_a_model_without_the_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        MaskedWords(make_encoder(tmp_path / "encoder"))


def test_the_generator_beside_an_electra_guesses(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, "wordpiece", 120, min_frequency=1, max_length=32)
    small = {
        "hidden_size": 32, "embedding_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": 32,
    }  # fmt: skip
    place = tmp_path / "electra"
    options = {"vocabulary": tokenizer.vocab_size, "changes": small}
    new_model("electra-small-discriminator", head="replaced-tokens", **options).save(place)
    with pytest.raises(BadInput):
        MaskedWords(place)
    new_model("electra-small-generator", head="masked-words", **options).save(place / "generator")
    tokenizer.save(place)
    [found] = MaskedWords(place).guess("the river is [MASK]", k=5)
    theirs = ElectraForMaskedLM.from_pretrained(place / "generator").eval()
    ids = torch.from_numpy(tokenizer.encode("the river is [MASK]").ids).long()
    with torch.inference_mode():
        shares = theirs(ids[None]).logits[0].softmax(-1)
    best = shares[ids.tolist().index(tokenizer.mask_id or -1)].topk(5)
    assert [p for _, p in found.guesses] == pytest.approx(best.values.tolist(), rel=1e-4)
