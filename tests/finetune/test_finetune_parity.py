"""What is saved, opened by transformers: the same scores; and its losses, against ours."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as peer
from finetune_help import choices, entities, pairs, questions, reviews, tokenizer

from bunsan.models.open import open_model
from bunsan.tasks.finetuning.answering import read_all
from bunsan.tasks.finetuning.base import Item, Options
from bunsan.tasks.finetuning.entry import finetune, open_task
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.opened import TASK_FILE
from bunsan.tasks.finetuning.running import Runner
from bunsan.training.examples import Example, Examples
from bunsan.training.objectives.labelled import Labelled

peer.logging.set_verbosity_error()
peer.logging.disable_progress_bar()

FAMILIES = ["bert", "roberta", "distilbert", "electra"]
DATA: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "classification": (reviews(24), {}, peer.AutoModelForSequenceClassification),
    "multi": (
        reviews(24),
        {"columns": {"label": "labels"}, "separator": ";"},
        peer.AutoModelForSequenceClassification,
    ),
    "regression": (
        reviews(24),
        {"columns": {"label": "stars"}},
        peer.AutoModelForSequenceClassification,
    ),
    "pairs": (pairs(24), {}, peer.AutoModelForSequenceClassification),
    "tokens": (entities(24), {}, peer.AutoModelForTokenClassification),
    "answers": (questions(24), {}, peer.AutoModelForQuestionAnswering),
    "choices": (choices(24), {}, peer.AutoModelForMultipleChoice),
}
CASES = [(family, task) for family in FAMILIES for task in DATA]


def task_name(task: str) -> str:
    return "classification" if task == "multi" else task


@pytest.mark.parametrize(("family", "task"), CASES)
def test_transformers_opens_it_with_the_same_scores(
    family: str, task: str, starts: dict[str, Path], tmp_path: Path
) -> None:
    rows, options, auto = DATA[task]
    options = {"min_count": 1, "steps": 2, "batch": 8, "rate": 1e-2, "held_out": 0.0} | options
    done = finetune(
        task_name(task), rows, model=starts[family], to=tmp_path / "out", lora=2, **options
    )
    model, info = auto.from_pretrained(
        done.folder, output_loading_info=True, attn_implementation="eager"
    )
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    model.eval()
    pieces = peer.AutoTokenizer.from_pretrained(done.folder)
    opened = open_task(done.folder)
    items = list(opened.read(rows[:5], truth=False))
    prepared = opened.task.prepare(items, opened.tokenizer)
    flat = [example for one in prepared for example in one.examples]
    ours = Runner(opened.module, opened.task.kind, pieces.pad_token_id, torch.device("cpu"))(flat)
    assert len(flat) == 5
    for item, logits in zip(items, ours, strict=True):
        with torch.no_grad():
            theirs = _theirs(model, pieces, item, task)
        np.testing.assert_allclose(logits, theirs, atol=2e-5)
    if task == "multi":
        assert model.config.problem_type == "multi_label_classification"
    if task in ("classification", "multi", "pairs", "tokens"):
        named = [model.config.id2label[i] for i in range(model.config.num_labels)]
        assert named == opened.task.labels


def _theirs(model: Any, pieces: Any, item: Item, task: str) -> Any:
    if task == "choices":
        question, *some = item.texts
        batch = pieces([question] * len(some), some, return_tensors="pt", padding=True)
        return model(**{name: value[None] for name, value in batch.items()}).logits[0].numpy()
    batch = pieces(*item.texts, return_tensors="pt")
    out = model(**batch)
    if task == "answers":
        return torch.stack([out.start_logits[0], out.end_logits[0]], -1).numpy()
    return out.logits[0].numpy()


def test_numbers_are_said_as_they_stand_in_the_data(bert: Path, tmp_path: Path) -> None:
    rows = [{"text": row["text"], "price": 1000 * row["stars"] + 20_000} for row in reviews(40)]
    done = finetune(
        "regression",
        rows,
        model=bert,
        to=tmp_path / "out",
        columns={"label": "price"},
        epochs=20,
        batch=8,
        rate=5e-3,
        held_out=0.0,
    )
    answers = open_task(done.folder).predict([row["text"] for row in rows])
    off = [abs(a.value - row["price"]) for a, row in zip(answers, rows, strict=True)]
    assert max(off) < 900  # of 3,000 between good and bad
    config = json.loads((done.folder / "config.json").read_text())
    assert config["problem_type"] == "regression"


HEADS = {
    "class": (peer.BertForSequenceClassification, {"num_labels": 3}),
    "classes": (
        peer.BertForSequenceClassification,
        {"num_labels": 3, "problem_type": "multi_label_classification"},
    ),
    "number": (peer.BertForSequenceClassification, {"num_labels": 1}),
    "tags": (peer.BertForTokenClassification, {"num_labels": 4}),
    "span": (peer.BertForQuestionAnswering, {}),
    "choice": (peer.BertForMultipleChoice, {}),
}


def examples(kind: str, lengths: list[int]) -> list[Example]:
    chance = np.random.default_rng(0)

    def ids(n: int) -> Any:
        return chance.integers(5, 60, n).astype(np.int32)

    found = []
    for n in lengths:
        rows = tuple(ids(n) for _ in range(3 if kind == "choice" else 1))
        target: Any = {
            "class": lambda: np.int64(chance.integers(3)),
            "classes": lambda: chance.integers(0, 2, 3).astype(np.float32),
            "number": lambda: np.float32(chance.normal()),
            "tags": lambda n=n: np.where(chance.random(n) < 0.3, -100, chance.integers(0, 4, n)),
            "span": lambda n=n: np.sort(chance.integers(0, n, 2)),
            "choice": lambda: np.int64(chance.integers(3)),
        }[kind]()
        types = tuple((np.arange(n) > n // 2).astype(np.int32) for _ in rows)
        found.append(Example(rows, types, target))
    return found


@pytest.mark.parametrize("kind", list(HEADS))
@torch.no_grad()
def test_losses_are_those_of_transformers(kind: str, tmp_path: Path) -> None:
    factory, more = HEADS[kind]
    config = peer.BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=20,
        **more,
    )
    torch.manual_seed(0)
    model = factory(config).eval()
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape) * 0.1)
    model.save_pretrained(tmp_path)
    objective = Labelled(open_model(tmp_path), kind, 0)  # type: ignore[arg-type]
    # Without padding, since their loss of spans counts it.
    batch = objective.batch(examples(kind, [9] * 4 if kind == "span" else [9, 4, 7, 6]))
    losses, told = objective.loss(batch)
    ours = losses["labels"] / batch.counts["labels"]
    ids, types, target = (batch.tensors[name] for name in ("ids", "types", "targets"))
    mask = batch.tensors.get("mask", torch.ones_like(ids, dtype=torch.bool)).long()
    if kind == "choice":
        ids, types, mask = (x.view(4, 3, -1) for x in (ids, types, mask))
    labels = {"labels": target}
    if kind == "span":
        labels = {"start_positions": target[:, 0], "end_positions": target[:, 1]}
    out = model(input_ids=ids, attention_mask=mask, token_type_ids=types, **labels)
    torch.testing.assert_close(ours, out.loss, atol=1e-5, rtol=1e-5)
    if kind in ("class", "choice"):
        right = float((out.logits.argmax(-1) == target).sum())
        assert told == {"right": right, "asked": 4.0}


def test_examples_with_fewer_choices(bert: Path) -> None:
    opened = open_model(bert, head="choice", new_head=True)
    run = Runner(opened.module, "choice", 0, torch.device("cpu"))  # type: ignore[arg-type]
    rows = [np.arange(5, 5 + n, dtype=np.int32) for n in (9, 4, 7, 6, 3)]
    together = run([Example(tuple(rows[:3])), Example(tuple(rows[3:]))])
    assert [len(one) for one in together] == [3, 2]
    alone = [float(run([Example((row,))])[0][0]) for row in rows]
    np.testing.assert_allclose(np.concatenate(together), alone, atol=1e-5)


def test_weights_of_classes(bert: Path) -> None:
    opened = open_model(bert, head="classification", new_head=True, new_labels=["a", "b", "c"])
    some = examples("class", [5, 6, 7, 8])
    plain = Labelled(opened, "class", 0)
    heavy = Labelled(opened, "class", 0, class_weights=[0.5, 2.0, 3.0])
    with torch.no_grad():
        single = [float(plain.loss(plain.batch([one]))[0]["labels"]) for one in some]
        total = float(heavy.loss(heavy.batch(some))[0]["labels"])
    factor = [[0.5, 2.0, 3.0][int(one.target)] for one in some]  # type: ignore[arg-type]
    assert total == pytest.approx(sum(f * s for f, s in zip(factor, single, strict=True)), rel=1e-5)


def test_compiled_kernels_give_the_same(bert: Path, starts: dict[str, Path]) -> None:
    for family in ("bert", "roberta", "distilbert", "electra"):
        for kind, head in (("class", "classification"), ("tags", "labels")):
            opened = open_model(
                starts[family], head=head, new_head=True, new_labels=["a", "b", "c"]
            )
            some = [Example((one.rows[0] + 1,)) for one in examples("class", [9, 4, 17, 30, 2])]
            pad = tokenizer(family).pad_id or 0
            found = [
                Runner(opened.module, kind, pad, torch.device("cpu"), packed=packed)(some)  # type: ignore[arg-type]
                for packed in (False, True)
            ]
            for plain, packed in zip(*found, strict=True):
                np.testing.assert_allclose(plain, packed, atol=2e-5)


def test_order_is_a_permutation_every_round() -> None:
    made = Examples(examples("class", [5] * 13), seed=4)
    for round_ in range(3):
        numbers = made.numbers(np.arange(13 * round_, 13 * round_ + 13))
        assert sorted(numbers.tolist()) == list(range(13))
    assert (made.numbers(np.arange(13)) != made.numbers(np.arange(13, 26))).any()


def test_a_published_model_with_a_head_is_opened(tmp_path: Path, bert: Path) -> None:
    done = finetune("tokens", entities(12), model=bert, to=tmp_path / "out", steps=1, held_out=0)
    wanted = open_task(done.folder).predict(entities(3)[0]["text"])
    (done.folder / TASK_FILE).unlink()
    opened = open_task(done.folder)
    assert opened.task.name == "tokens"
    assert opened.labels == ["person", "place"]
    assert opened.predict(entities(3)[0]["text"]) == wanted


def test_truncation_keeps_the_special_tokens(bert: Path) -> None:
    task = make_task("classification", Options(max_length=12))
    items = read_all(
        task, [{"text": "The garden was great. " * 9, "label": "a"}] * 2, "", truth=True
    )
    (one, _) = task.prepare([Item(i.record, i.texts) for i in items], tokenizer("bert"))
    ids = one.examples[0].rows[0]
    assert len(ids) == 12
    assert ids[-1] == tokenizer("bert").sep_id
