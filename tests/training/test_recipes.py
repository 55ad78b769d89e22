"""Every recipe is read and run for some steps; what it makes opens here and in transformers."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from training_help import NO_DROPOUT, TINY, documents, free_port, tiny, tokenizer

from bunsan.base.errors import BadInput, Interrupted, Missing
from bunsan.cli.main import main
from bunsan.models.open import open_model
from bunsan.models.size import Size
from bunsan.tasks.pretrain import pretrain
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.training.recipe import FOLDER, OBJECTIVES, Recipe, read_recipe, recipes
from bunsan.training.reports import StepReport

KINDS = {
    "gpt2-small": "gpt2",
    "ja-gpt2": "gpt2",
    "in-context": "gpt2",
    "t5-small": "t5",
    "bart-base": "roberta",
    "roberta-base": "roberta",
}
STEPS = 8


def small(name: str) -> Recipe:
    """The recipe with a tiny model and tiny steps; all else as it is."""
    recipe = read_recipe(name)
    generator = recipe.generator
    if generator is not None:
        generator = (generator[0], TINY[generator[0]])
    training: dict[str, Any] = {
        "steps": STEPS,
        "batch_tokens": 600,
        "max_length": 48,
        "rate": 3e-3,
        "warm_up": 1,
        "held_out": 0.1,
        "evaluate_every": STEPS,
    }
    changes = {**TINY[recipe.size], **NO_DROPOUT}
    if recipe.size.startswith("t5"):
        changes.pop("dropout")
    options = dict(recipe.options)
    if recipe.objective == "contrast":
        options["together"] = 16
        changes |= {"hidden_dropout_prob": 0.1}
    made = replace(recipe, changes=changes, generator=generator, options=options)
    return made.with_training(**training)


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_lowers_its_loss(name: str, tmp_path: Path) -> None:
    recipe = small(name)
    pieces = tokenizer(KINDS.get(name, "bert"))
    options: dict[str, Any] = {}
    if recipe.objective == "distillation":
        teacher = tiny("bert-base-japanese", "masked-words", pieces, seed=4)
        teacher.save(tmp_path / "teacher")
        options["teacher"] = tmp_path / "teacher"
    if recipe.objective == "contrast":
        tiny("bert-base-japanese", "states", pieces).save(tmp_path / "start")
        options["start"] = tmp_path / "start"
    losses: list[float] = []
    done = pretrain(
        recipe,
        documents(),
        to=tmp_path / "made",
        tokenizer=pieces,
        on_step=lambda report: losses.append(report.values["loss"]),
        **options,
    )
    assert len(losses) == done.trained.steps == STEPS
    assert min(losses[-2:]) < losses[0], losses
    assert done.trained.evaluation is not None

    opened = open_model(tmp_path / "made")
    assert opened.config["vocab_size"] >= pieces.vocab_size
    again = open_tokenizer(tmp_path / "made")
    text = documents()[3][:24]
    ids = again.encode(text).ids
    assert ids.tolist() == pieces.encode(text).ids.tolist()
    made = getattr(transformers, opened.architecture)
    model, info = made.from_pretrained(tmp_path / "made", output_loading_info=True)
    # A pooler is not trained where no pooled vector is asked for.
    assert all(name.startswith("pooler.") for name in info["missing_keys"])
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "made")
    assert theirs(text)["input_ids"] == ids.tolist()
    rows = torch.tensor([ids.tolist()])
    inputs: dict[str, Any] = {"input_ids": rows}
    if "ConditionalGeneration" in opened.architecture:
        inputs["decoder_input_ids"] = rows
        ours = opened.module(rows, target_ids=rows)
    else:
        ours = opened.module(rows)
    with torch.no_grad():
        answer = model.eval()(**inputs)
    mine = ours.states if ours.logits is None else ours.logits
    expected = answer[0]
    if "prediction_logits" in answer:
        expected = answer["prediction_logits"]
    torch.testing.assert_close(mine, expected.view_as(mine), atol=1e-4, rtol=1e-4)
    about = json.loads((tmp_path / "made" / "training.json").read_text(encoding="utf-8"))
    assert about["recipe"] == name
    assert about["steps"] == STEPS
    log = (tmp_path / "made" / "training.csv").read_text().splitlines()
    assert len(log) == STEPS + 1
    assert not (tmp_path / "made.training").exists()


def test_recipes_say_what_they_are_for() -> None:
    used = set()
    for name in recipes():
        text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        lines = text.splitlines()
        assert lines[0].startswith("# ")
        assert re.match(rf"# Command: bunsan pretrain {name} --corpus ", lines[1]), name
        assert re.match(r"# (Measured|Not run to its end)", lines[2]), name
        used.add(read_recipe(name).objective)
    assert used == set(OBJECTIVES)


def test_sizes_named_in_recipes_are_known() -> None:
    from bunsan.models.open import sizes

    known: dict[str, Size] = sizes()
    for name in recipes():
        recipe = read_recipe(name)
        assert recipe.size in known
        assert recipe.generator is None or recipe.generator[0] in known


RECIPE = """
[model]
size = "bert-base-japanese"

[model.changes]
hidden_size = 16
num_hidden_layers = 2
num_attention_heads = 2
intermediate_size = 24
max_position_embeddings = 64

[objective]
name = "masked-words"
whole_words = true

[tokenizer]
kind = "wordpiece"
vocab_size = 90
lower = true

[training]
steps = 6
batch_tokens = 400
max_length = 48
rate = 3e-3
save_seconds = 0
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    recipe, texts = tmp_path / "mine.toml", tmp_path / "texts.txt"
    recipe.write_text(RECIPE, encoding="utf-8")
    texts.write_text("\n".join(documents()), encoding="utf-8")
    return recipe, texts


def test_the_command_learns_a_tokenizer_and_a_model(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, texts = map(str, files)
    out = tmp_path / "made"
    command = ["pretrain", recipe, "--corpus", texts, "-o", str(out), "--json"]
    assert main([*command, "--set", "rate=1e-3", "--threads", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 6
    assert told["documents"] == 120
    assert json.loads((out / "training.json").read_text())["training"]["rate"] == 1e-3
    # Going on from it: its own tokenizer comes along.
    more = tmp_path / "more"
    assert main([*command[:4], "-o", str(more), "--start", str(out), "--steps", "2"]) == 0
    assert "steps\t2" in capsys.readouterr().out
    assert open_tokenizer(more).vocabulary() == open_tokenizer(out).vocabulary()
    # A model may be replaced, anything else may not.
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("x")
    assert main([*command[:4], "-o", str(tmp_path / "other")]) == 2
    assert "no folder of a model" in capsys.readouterr().err


def test_an_interrupted_command_goes_on(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, texts = files
    whole: list[float] = []
    parts: list[float] = []
    pretrain(recipe, texts, to=tmp_path / "whole", on_step=lambda r: whole.append(r.values["loss"]))

    def stop(report: StepReport) -> None:
        import signal

        parts.append(report.values["loss"])
        if report.step == 3:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted):
        pretrain(recipe, texts, to=tmp_path / "parts", on_step=stop)
    assert not (tmp_path / "parts").exists()
    pretrain(recipe, texts, to=tmp_path / "parts", on_step=lambda r: parts.append(r.values["loss"]))
    assert parts == whole
    one, other = (open_model(tmp_path / name).module.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_recipes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pretrain", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == recipes()
    assert main(["pretrain"]) == 2
    assert main(["pretrain", "no-such", "--corpus", "x", "-o", "y"]) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "masked-words"', 'name = "masked"', "masked"),
        ("whole_words = true", "whole_word = true", "whole_word"),
        ("[training]", "[trainings]", "trainings"),
        ("rate = 3e-3", "rate = yes", "TOML"),
        ("steps = 6", "step = 6", "step"),
        ("steps = 6", 'steps = "six"', "steps"),
        ("vocab_size = 90", "vocabulary = 90", "vocabulary"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(RECIPE.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=said) as error:
        read_recipe(path)
    assert error.value.file == str(path)


def test_what_does_not_fit_together_is_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, texts = files
    to = tmp_path / "made"
    with pytest.raises(BadInput, match="positions"):
        pretrain(recipe, texts, to=to, max_length=100)
    with pytest.raises(BadInput, match="pad token"):
        pretrain(recipe, texts, to=to, tokenizer=tokenizer("gpt2"))
    with pytest.raises(BadInput, match="needs a teacher"):
        pretrain("distilbert", texts, to=to, tokenizer=tokenizer("bert"), steps=1)
    with pytest.raises(BadInput, match="no_such"):
        pretrain(recipe, texts, to=to, no_such=1)
    with pytest.raises(Missing):
        pretrain(recipe, texts, to=to, tokenizer=tmp_path / "nowhere")
    assert not to.exists()


@pytest.mark.slow
def test_the_command_in_two_processes(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, texts = map(str, files)
    command = [sys.executable, "-m", "bunsan", "pretrain", recipe, "--corpus", texts]
    command += ["--threads", "1", "--json", "-o"]
    one = subprocess.run([*command, str(tmp_path / "one")], capture_output=True, text=True)
    assert one.returncode == 0, one.stderr
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    start += ["--master-port", str(free_port()), *command[1:], str(tmp_path / "two")]
    two = subprocess.run(start, capture_output=True, text=True)
    assert two.returncode == 0, two.stderr
    assert two.stdout.count('"steps"') == 1
    a, b = (json.loads(run.stdout) for run in (one, two))
    assert (a["steps"], a["tokens"], a["parameters"]) == (b["steps"], b["tokens"], b["parameters"])
    assert a["loss"] == pytest.approx(b["loss"], abs=2e-4)
    first, second = (open_model(tmp_path / n).module.state_dict() for n in ("one", "two"))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, atol=1e-3, rtol=1e-3)


def test_changes_are_checked_as_recipes_are(files: tuple[Path, Path], tmp_path: Path) -> None:
    recipe, texts = map(str, files)
    for change in ("rate=fast", "rates=1", "rate=-1", "steps=0", "rate"):
        command = ["pretrain", recipe, "--corpus", texts, "-o", str(tmp_path / "made")]
        assert main([*command, "--set", change]) == 2, change
