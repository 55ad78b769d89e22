"""Losses against those of transformers, or a slow twin, on the same batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor
from training_help import documents, tiny, tokenizer

from bunsan.training.objective import Batch, Objective
from bunsan.training.objectives.causal_words import CausalWords
from bunsan.training.objectives.contrast import Contrast, cosines
from bunsan.training.objectives.denoising import Denoising
from bunsan.training.objectives.distillation import Distillation, soft_loss
from bunsan.training.objectives.masked_words import MaskedWords
from bunsan.training.objectives.replaced_tokens import ReplacedTokens, draw, put
from bunsan.training.objectives.span_corruption import SpanCorruption
from bunsan.training.tokens import SENTENCE, WORD
from bunsan.training.windows import Window

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
CLOSE = {"rtol": 2e-5, "atol": 2e-5}


def some_windows(kind: str, n: int = 5) -> list[Window]:
    """Documents of different lengths as windows."""
    pieces = tokenizer(kind)
    found = []
    for i, text in enumerate(documents()[:n]):
        ids = pieces.encode(text, add_special_tokens=False).ids[: 20 + 6 * i].astype(np.int64)
        flags = np.full(len(ids), WORD, np.uint8)
        flags[[0, len(ids) // 2]] |= SENTENCE
        found.append(Window(ids, flags, i, 0, True, True, 7 * i))
    return found


def loss_of(objective: Objective, batch: Batch) -> tuple[float, dict[str, float]]:
    """As the loop puts it together, and the terms alone."""
    losses, told = objective.loss(batch)
    means = {term: float(x.detach()) / batch.counts[term] for term, x in losses.items()}
    if told:
        assert 0 <= told["right"] <= told["asked"]
    return sum(objective.weights[term] * mean for term, mean in means.items()), means


def theirs(make: Any, objective: Objective, folder: Path) -> Any:
    objective.save(folder / "m")
    model, info = make.from_pretrained(folder / "m", output_loading_info=True)
    assert not info["missing_keys"]
    return model.eval()


def labels(batch: Batch) -> Tensor:
    """As transformers wants them: -100 where nothing is asked."""
    t = batch.tensors
    found = torch.full_like(t["ids"], -100).flatten()
    found[t["places"]] = t["targets"]
    return found.view_as(t["ids"])


def attention(batch: Batch) -> Tensor:
    ids = batch.tensors["ids"]
    return batch.tensors.get("mask", torch.ones_like(ids, dtype=torch.bool)).long()


def test_masked_words(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    objective = MaskedWords(tiny("bert-base-japanese", "masked-words", pieces), pieces)
    batch = objective.batch(some_windows("bert"))
    windows = some_windows("bert")
    assert batch.tokens == sum(len(w.ids) + 2 for w in windows)
    assert batch.cells == batch.tensors["ids"].numel()
    # The hidden tokens put back give the text.
    whole = batch.tensors["ids"].flatten().clone()
    whole[batch.tensors["places"]] = batch.tensors["targets"]
    for row, mask, w in zip(
        whole.view_as(batch.tensors["ids"]), batch.tensors["mask"], windows, strict=True
    ):
        assert row[mask].tolist() == [pieces.cls_id, *w.ids.tolist(), pieces.sep_id]
    ours, _ = loss_of(objective, batch)
    model = theirs(transformers.BertForMaskedLM, objective, tmp_path)
    wanted = model(
        input_ids=batch.tensors["ids"], attention_mask=attention(batch), labels=labels(batch)
    )
    assert ours == pytest.approx(wanted.loss.item(), abs=2e-5)


def test_masked_words_and_the_next_sentence(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    objective = MaskedWords(tiny("bert-base-japanese", "pretraining", pieces), pieces)
    assert objective.needs == {"words", "sentences"}
    windows = some_windows("bert", 8)
    batch = objective.batch(windows)
    t = batch.tensors
    assert set(t["pairs"].tolist()) == {0, 1}
    whole = t["ids"].flatten().clone()
    whole[t["places"]] = t["targets"]
    for i, row in enumerate(whole.view_as(t["ids"])):
        real, types = row[t["mask"][i]], t["types"][i][t["mask"][i]]
        first = real[types == 0].tolist()[1:-1]
        second = real[types == 1].tolist()[:-1]
        cut = len(windows[i].ids) // 2
        assert first == windows[i].ids[:cut].tolist()
        own = windows[i].ids[cut:].tolist()
        if t["pairs"][i] == 0:
            assert second == own
        else:
            assert len(second) <= len(own)
            assert any(
                second == w.ids[len(w.ids) // 2 :].tolist()[: len(second)]
                for w in windows
                if w.document != i
            )
    ours, _ = loss_of(objective, batch)
    model = theirs(transformers.BertForPreTraining, objective, tmp_path)
    wanted = model(
        input_ids=t["ids"],
        attention_mask=attention(batch),
        token_type_ids=t["types"],
        labels=labels(batch),
        next_sentence_label=t["pairs"],
    )
    assert ours == pytest.approx(wanted.loss.item(), abs=4e-5)


def test_causal_words(tmp_path: Path) -> None:
    pieces = tokenizer("gpt2")
    objective = CausalWords(tiny("gpt2", "causal-words", pieces), pieces)
    windows = some_windows("gpt2")
    batch = objective.batch(windows)
    end = pieces.eos_id
    assert batch.counts["words"] == batch.tokens == sum(len(w.ids) + 1 for w in windows)
    full = torch.cat([batch.tensors["ids"], torch.full((len(windows), 1), end)], 1)
    asked = torch.full_like(full, -100)
    for i, w in enumerate(windows):
        assert full[i, : len(w.ids) + 1].tolist() == [end, *w.ids.tolist()]
        asked[i, 1 : len(w.ids) + 2] = torch.tensor([*w.ids.tolist(), end])
    ours, _ = loss_of(objective, batch)
    model = theirs(transformers.GPT2LMHeadModel, objective, tmp_path)
    assert ours == pytest.approx(model(input_ids=full, labels=asked).loss.item(), abs=2e-5)


def test_the_middle_of_a_document_has_no_ends() -> None:
    pieces = tokenizer("gpt2")
    objective = CausalWords(tiny("gpt2", "causal-words", pieces), pieces)
    middle = Window(np.array([5, 6, 7]), np.ones(3, np.uint8), 0, 9, False, False, 0)
    batch = objective.batch([middle])
    assert batch.tensors["ids"].tolist() == [[5, 6]]
    assert batch.tensors["targets"].tolist() == [6, 7]


def test_replaced_tokens(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    objective = ReplacedTokens(
        tiny("electra-small-discriminator", "replaced-tokens", pieces),
        tiny("electra-small-generator", "masked-words", pieces, seed=5),
        pieces,
    )
    shared = objective.fill.backbone.embeddings.tokens.weight
    assert shared is objective.detect.backbone.embeddings.tokens.weight
    batch = objective.batch(some_windows("bert"))
    t = batch.tensors
    assert (t["ids"].flatten()[t["places"]] == pieces.mask_id).all()
    torch.manual_seed(3)
    ours, means = loss_of(objective, batch)
    detect = theirs(transformers.ElectraForPreTraining, objective, tmp_path)
    fill = transformers.ElectraForMaskedLM.from_pretrained(tmp_path / "m" / "generator").eval()
    answer = fill(input_ids=t["ids"], attention_mask=attention(batch), labels=labels(batch))
    assert means["generator"] == pytest.approx(answer.loss.item(), abs=2e-5)
    torch.manual_seed(3)
    drawn = draw(answer.logits.flatten(0, 1)[t["places"]])
    seen, replaced = put(t["ids"], t["places"], drawn, t["targets"])
    wanted = detect(input_ids=seen, attention_mask=attention(batch), labels=replaced.long())
    assert means["discriminator"] == pytest.approx(wanted.loss.item(), abs=2e-5)
    assert ours == pytest.approx(answer.loss.item() + 50 * wanted.loss.item(), abs=1e-3)


def test_no_gradient_reaches_the_generator_through_its_words() -> None:
    pieces = tokenizer("bert")
    objective = ReplacedTokens(
        tiny("electra-small-discriminator", "replaced-tokens", pieces),
        tiny("electra-small-generator", "masked-words", pieces, seed=5),
        pieces,
    )
    losses, _ = objective.loss(objective.batch(some_windows("bert")))
    losses["discriminator"].backward()
    assert all(p.grad is None for p in objective.fill.head.parameters())
    assert all(p.grad is None for p in objective.fill.backbone.stack.parameters())


def test_words_are_drawn_by_their_probability_and_right_ones_count_as_original() -> None:
    torch.manual_seed(0)
    scores = torch.tensor([0.7, 0.2, 0.1]).log().repeat(20_000, 1)
    shares = torch.bincount(draw(scores)) / 20_000
    torch.testing.assert_close(shares, torch.tensor([0.7, 0.2, 0.1]), atol=0.011, rtol=0)
    ids = torch.tensor([[4, 0, 6], [0, 8, 9]])
    seen, replaced = put(ids, torch.tensor([1, 3]), torch.tensor([5, 2]), torch.tensor([5, 7]))
    assert seen.tolist() == [[4, 5, 6], [2, 8, 9]]
    assert replaced.tolist() == [[0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("kind", ["span-corruption", "denoising"])
def test_writing(kind: str, tmp_path: Path) -> None:
    make: Any
    if kind == "denoising":
        pieces = tokenizer("roberta")
        ends = {"decoder_start_token_id": pieces.sep_id, "eos_token_id": pieces.sep_id}
        model = tiny("bart-base", "sequence-to-sequence", pieces, **ends)
        objective: Objective = Denoising(model, pieces)
        windows, make = some_windows("roberta"), transformers.BartForConditionalGeneration
    else:
        pieces = tokenizer("t5")
        model = tiny("t5-v1_1-small", "sequence-to-sequence", pieces)
        objective = SpanCorruption(model, pieces)
        windows, make = some_windows("t5"), transformers.T5ForConditionalGeneration
    batch = objective.batch(windows)
    t = batch.tensors
    asked = torch.full_like(t["target_ids"], -100).flatten()
    asked[t["places"]] = t["targets"]
    asked = asked.view_as(t["target_ids"])
    for row, w in zip(asked, windows, strict=True):
        written = row[row >= 0].tolist()
        if kind == "denoising":
            assert written == [pieces.cls_id, *w.ids.tolist(), pieces.sep_id]
        else:
            assert written[-1] == pieces.eos_id
            assert written[0] == pieces.token_to_id("<extra_id_0>")
    ours, _ = loss_of(objective, batch)
    their = theirs(make, objective, tmp_path)
    wanted = their(input_ids=t["ids"], attention_mask=attention(batch), labels=asked)
    assert ours == pytest.approx(wanted.loss.item(), abs=3e-5)


def test_distillation_against_plain_arithmetic() -> None:
    pieces = tokenizer("bert")
    teacher = tiny("bert-base-japanese", "masked-words", pieces, seed=3)
    student = tiny("distilbert-base-japanese", "masked-words", pieces)
    objective = Distillation(student, teacher, pieces)
    batch = objective.batch(some_windows("bert"))
    ids, mask = batch.tensors["ids"], batch.tensors["mask"]
    _, means = loss_of(objective, batch)
    with torch.no_grad():
        ours, wanted = student.module(ids, mask), teacher.module(ids, mask)
    p = (wanted.logits / 2).softmax(-1)
    q = (ours.logits / 2).softmax(-1)
    kl = (p * (p / q).log()).sum(-1)[mask].mean() * 4
    assert means["soft"] == pytest.approx(float(kl), abs=2e-5)
    a, b = ours.states[mask], wanted.states[mask]
    angle = 1 - (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    assert means["cosine"] == pytest.approx(float(angle.mean()), abs=2e-5)
    logs = ours.logits.flatten(0, 1)[batch.tensors["places"]].log_softmax(-1)
    words = -logs.gather(1, batch.tensors["targets"][:, None]).mean()
    assert means["words"] == pytest.approx(float(words), abs=2e-5)
    losses, _ = objective.loss(batch)
    sum(losses.values()).backward()  # type: ignore[union-attr]
    assert all(p.grad is None for p in teacher.module.parameters())


def test_soft_targets_of_equal_models_cost_nothing() -> None:
    scores = torch.randn(4, 9)
    assert float(soft_loss(scores, scores.clone(), 2.0)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("vector", ["first", "mean"])
def test_contrast_against_a_slow_twin(vector: Any) -> None:
    pieces = tokenizer("bert")
    model = tiny("bert-base-japanese", "states", pieces)
    objective = Contrast(model, pieces, vector=vector)
    batch = objective.batch(some_windows("bert"))
    ours, _ = loss_of(objective, batch)
    ids, mask = batch.tensors["ids"], batch.tensors["mask"]
    with torch.no_grad():
        states = model.module(ids, mask).states.double().numpy()
    vectors = []
    for row, kept in zip(states, mask.numpy(), strict=True):
        real = row[kept]
        v = real[0] if vector == "first" else real.mean(0)
        vectors.append(v / np.linalg.norm(v))
    scores = np.array(vectors) @ np.array(vectors).T / 0.05  # no dropout: both readings are equal
    logs = np.diag(scores) - np.log(np.exp(scores).sum(1))
    assert ours == pytest.approx(-logs.mean(), abs=1e-4)


def test_twins_differ_by_dropout_alone() -> None:
    pieces = tokenizer("bert")
    model = tiny("bert-base-japanese", "states", pieces, hidden_dropout_prob=0.1)
    objective = Contrast(model, pieces)
    model.module.train()
    batch = objective.batch(some_windows("bert"))
    torch.manual_seed(0)
    both = objective.vectors(batch.tensors["ids"].repeat(2, 1), batch.tensors["mask"].repeat(2, 1))
    first, second = both.chunk(2)
    assert not torch.equal(first, second)
    assert cosines(first, second).diag().min().item() > 0.5


def test_losses_add_up_however_a_step_is_cut() -> None:
    pieces = tokenizer("bert")
    objective = MaskedWords(tiny("bert-base-japanese", "masked-words", pieces), pieces)
    windows = some_windows("bert", 6)
    whole, _ = objective.loss(objective.batch(windows))
    parts = [objective.loss(objective.batch(windows[i : i + 2]))[0]["words"] for i in (0, 2, 4)]
    torch.testing.assert_close(sum(parts), whole["words"], **CLOSE)


@pytest.mark.parametrize("vector", ["first", "mean"])
def test_sentence_transformers_reads_the_same_vectors(vector: Any, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    pieces = tokenizer("bert")
    objective = Contrast(tiny("bert-base-japanese", "states", pieces), pieces, vector=vector)
    objective.save(tmp_path / "m")
    pieces.save(tmp_path / "m")
    texts = [text[:60] for text in documents()[:3]]
    theirs = SentenceTransformer(str(tmp_path / "m"), device="cpu").encode(texts)
    for text, wanted in zip(texts, theirs, strict=True):
        with torch.no_grad():
            ids = torch.from_numpy(pieces.encode(text).ids.astype(np.int64))[None]
            ours = objective.vectors(ids, None)[0]
        torch.testing.assert_close(ours, torch.from_numpy(wanted), **CLOSE)
