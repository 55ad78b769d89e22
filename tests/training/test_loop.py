"""The loop against a plain one, and against itself interrupted."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from training_help import corpus, free_port, tiny, tokenizer

from bunsan.base.errors import BadInput, BunsanError, Interrupted
from bunsan.training.loop import Loop
from bunsan.training.objectives.masked_words import MaskedWords
from bunsan.training.optimizer import Average
from bunsan.training.reports import StepReport, Trained
from bunsan.training.schedule import rate_at
from bunsan.training.settings import TrainingSettings, settings_from
from bunsan.training.tokens import TokenCorpus
from bunsan.training.windows import Windows

DROPOUT = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
USUAL: dict[str, Any] = {
    "steps": 12,
    "batch_tokens": 400,
    "memory_tokens": 150,
    "max_length": 32,
    "rate": 3e-3,
    "warm_up": 3,
    "save_seconds": 0.0,
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TokenCorpus:
    return corpus(tmp_path_factory.mktemp("tokens"), tokenizer("bert"))


def loop(
    texts: TokenCorpus,
    folder: Path | None = None,
    *,
    changes: dict[str, Any] | None = None,
    **settings: Any,
) -> Loop:
    pieces = tokenizer("bert")
    chosen = TrainingSettings(**{**USUAL, **settings})
    model = tiny("bert-base-japanese", "masked-words", pieces, **(changes or {}))
    objective = MaskedWords(model, pieces)
    room = chosen.max_length - objective.added
    held: Any = {"held_out": chosen.held_out, "seed": chosen.seed}
    evaluation = Windows(texts, room, evaluation=True, **held) if chosen.held_out else None
    if folder is not None:
        folder.mkdir(exist_ok=True)
    windows = Windows(texts, room, **held)
    return Loop(objective, windows, chosen, evaluation=evaluation, folder=folder, mark="m")


def rows(folder: Path) -> list[dict[str, str]]:
    """The log without what the clock says."""
    with (folder / "log.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    for row in found:
        del row["seconds"], row["tokens_per_second"]
    return found


def weights(made: Loop) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in made.objective.module.named_parameters()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_plain_loop_gives_the_same_losses(texts: TokenCorpus) -> None:
    made = loop(texts, weight_decay=0.1, clip=0.5)
    losses: list[float] = []
    made._on_step = lambda report: losses.append(report.values["loss"])
    made.run()

    twin = loop(texts)
    module = twin.objective.module.train()
    decayed, others = [], []
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            plain = name == "bias" or isinstance(part, torch.nn.LayerNorm)
            (others if plain else decayed).append(parameter)
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, foreach=False)
    place, expected = 0, []
    for step in range(12):
        rate = 3e-3 * ((step + 1) / 3 if step < 3 else (12 - step) / 9)
        plan = twin.batching.step(twin.windows, place)
        assert len(plan.batches) > 1
        # All in one batch, padding and all.
        windows = [w for batch in plan.batches for w in twin.windows.read(batch)]
        batch = twin.objective.batch(windows)
        loss = twin.objective.loss(batch)[0]["words"] / batch.counts["words"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        expected.append(loss.item())
        place = plan.next
    assert losses == pytest.approx(expected, abs=3e-5)
    assert losses[-1] < losses[0] - 0.3


@pytest.mark.parametrize("stop", [1, 5, 11])
def test_going_on_gives_the_same_losses_bit_for_bit(
    texts: TokenCorpus, tmp_path: Path, stop: int
) -> None:
    options: dict[str, Any] = {
        "changes": DROPOUT,
        "ema": 0.9,
        "held_out": 0.1,
        "evaluate_every": 4,
        "save_seconds": 1e9,
    }
    whole = loop(texts, tmp_path / "whole", **options)
    done = whole.run()

    first = loop(texts, tmp_path / "parts", **options)

    def interrupt(report: StepReport) -> None:
        if report.step == stop:
            signal.raise_signal(signal.SIGINT)

    first._on_step = interrupt
    with pytest.raises(Interrupted, match=f"after step {stop}"):
        first.run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    torch.manual_seed(99)  # whatever happened in between
    second = loop(texts, tmp_path / "parts", **options)
    again = second.run()
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    assert same(weights(second), weights(whole))
    assert (again.loss, again.tokens, again.evaluation) == (done.loss, done.tokens, done.evaluation)


def script(folder: Path, body: str) -> str:
    """A program that trains in `folder` and does something on the way."""
    here = Path(__file__).parent
    return textwrap.dedent(f"""
        import os, resource, signal, sys
        from pathlib import Path
        import torch
        sys.path.insert(0, {str(here)!r})
        from bunsan.training.tokens import open_tokens
        from training_help import corpus, tokenizer
        from test_loop import DROPOUT, loop
        torch.set_num_threads(1)
        folder = Path({str(folder)!r})
        tokens = folder / "tokens"
        made_before = (tokens / "tokens.json").is_file()
        texts = open_tokens(tokens) if made_before else corpus(tokens, tokenizer("bert"))
        made = loop(texts, folder / "run", changes=DROPOUT, ema=0.9)
    """) + textwrap.dedent(body)


def test_killed_or_out_of_disk_nothing_is_lost(texts: TokenCorpus, tmp_path: Path) -> None:
    killing = """
        def on_step(report):
            if report.step == 5:
                os.kill(os.getpid(), signal.SIGKILL)
        made._on_step = on_step
        made.run()
    """
    # Files may not grow beyond what the log needs: a checkpoint cannot be written any more.
    filling = """
        def on_step(report):
            if report.step == 7:
                resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        made._on_step = on_step
        made.run()
    """
    for body, code in ((killing, -signal.SIGKILL), (filling, 1)):
        run = subprocess.run(
            [sys.executable, "-c", script(tmp_path, body)], capture_output=True, text=True
        )
        assert run.returncode == code, run.stderr
    assert "could not be saved" in run.stderr
    left = json.loads((tmp_path / "run" / "checkpoint.json").read_text())
    assert left["step"] == 6
    assert not list((tmp_path / "run").glob(".*"))
    on = loop(texts, tmp_path / "run", changes=DROPOUT, ema=0.9)
    on.run()
    whole = loop(texts, tmp_path / "whole", changes=DROPOUT, ema=0.9)
    whole.run()
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")
    assert same(weights(on), weights(whole))


def test_a_damaged_or_strange_checkpoint_is_named_and_refused(
    texts: TokenCorpus, tmp_path: Path
) -> None:
    loop(texts, tmp_path, steps=2).run()
    state = json.loads((tmp_path / "checkpoint.json").read_text())
    file = tmp_path / state["file"]
    data = file.read_bytes()
    for position in (len(data) - 1, len(data) // 2):
        broken = bytearray(data)
        broken[position] ^= 4
        file.write_bytes(broken)
        with pytest.raises(BadInput, match="damaged") as error:
            loop(texts, tmp_path, steps=2).run()
        assert error.value.file == str(file)
    file.write_bytes(data[:-10])
    with pytest.raises(BadInput):
        loop(texts, tmp_path, steps=2).run()
    file.unlink()
    with pytest.raises(BadInput, match="not there"):
        loop(texts, tmp_path, steps=2).run()
    other = loop(texts, tmp_path, steps=2)
    other.mark = "another"
    with pytest.raises(BadInput, match="another corpus"):
        other.run()


def test_recomputing_blocks_changes_nothing(texts: TokenCorpus) -> None:
    one, other = loop(texts, changes=DROPOUT), loop(texts, changes=DROPOUT, checkpointing=True)
    assert one.run().loss == other.run().loss
    assert same(weights(one), weights(other))


def test_bfloat16_follows_the_same_curve(texts: TokenCorpus) -> None:
    one, other = loop(texts), loop(texts, precision="bfloat16")
    a, b = one.run().loss, other.run().loss
    assert a != b
    assert a == pytest.approx(b, abs=0.05)
    assert all(p.dtype == torch.float32 for p in other.objective.module.parameters())


def test_early_stopping_keeps_the_best(texts: TokenCorpus, tmp_path: Path) -> None:
    # A rate that rises without end spoils the model sooner or later.
    options: dict[str, Any] = {"held_out": 0.2, "evaluate_every": 2, "patience": 3, "steps": 200}
    made = loop(texts, tmp_path, rate=2.0, warm_up=200, clip=None, **options)
    done = made.run()
    assert done.stopped_early
    assert done.steps < 200
    seen = [float(row["eval_loss"]) for row in rows(tmp_path) if row["eval_loss"]]
    assert done.evaluation == pytest.approx(min(seen), rel=1e-8)
    assert seen.index(min(seen)) == len(seen) - 4
    assert made._evaluate()["eval_loss"] == done.evaluation
    # Started again, it is at its end already.
    again = loop(texts, tmp_path, rate=2.0, warm_up=200, clip=None, **options)
    assert again.run().steps == done.steps
    assert same(weights(made), weights(again))


def test_the_average_of_weights() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    average = Average({"p": parameter}, 0.5)
    expected = 0.0
    for step in range(1, 30):
        with torch.no_grad():
            parameter.add_(1.0)
        average.update(step)
        share = min(0.5, step / (step + 9))
        expected = share * expected + (1 - share) * step
    assert float(average.tensors["p"]) == pytest.approx(expected)
    average.swap()
    assert float(parameter.detach()) == pytest.approx(expected)
    average.swap()
    assert float(parameter.detach()) == 29


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_rates_are_those_of_transformers(decay: str) -> None:
    settings = TrainingSettings(steps=50, batch_tokens=1, rate=0.1, warm_up=10, decay=decay)  # type: ignore[arg-type]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    make = {
        "linear": transformers.get_linear_schedule_with_warmup,
        "cosine": transformers.get_cosine_schedule_with_warmup,
    }[decay]
    schedule = make(optimizer, 10, 50)
    theirs = []
    for _ in range(50):
        theirs.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    ours = [rate_at(settings, step, 50) for step in range(50)]
    assert ours[10:] == pytest.approx(theirs[10:])
    # In the rise ours is one rung ahead: the first step is not thrown away.
    assert ours[:10] == pytest.approx(theirs[1:11])


def test_other_rates() -> None:
    root = TrainingSettings(steps=50, batch_tokens=1, rate=0.1, warm_up=4, decay="root")
    assert [rate_at(root, step, 50) for step in (3, 15)] == pytest.approx([0.1, 0.05])
    floor = TrainingSettings(steps=50, batch_tokens=1, rate=0.1, floor=0.2)
    assert rate_at(floor, 50, 50) == pytest.approx(0.02)
    flat = TrainingSettings(steps=50, batch_tokens=1, rate=0.1, decay="constant")
    assert rate_at(flat, 49, 50) == 0.1


def test_minutes_become_steps_once(texts: TokenCorpus, tmp_path: Path) -> None:
    made = loop(texts, tmp_path, steps=None, minutes=0.02)
    settled: list[int] = []
    made._on_step = lambda report: settled.append(report.steps or 0)
    done = made.run()
    known = [steps for steps in settled if steps]
    assert set(known) == {done.steps}
    assert json.loads((tmp_path / "checkpoint.json").read_text())["steps"] == done.steps


def test_a_loss_that_is_no_number_ends_it(texts: TokenCorpus, tmp_path: Path) -> None:
    made = loop(texts, tmp_path, rate=1e30, warm_up=0, clip=None)
    with pytest.raises(BunsanError, match="no number any more"):
        made.run()
    left = json.loads((tmp_path / "checkpoint.json").read_text())
    assert math.isfinite(left["loss"])


def test_curves_for_tensorboard(texts: TokenCorpus, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    made = loop(texts, tmp_path, steps=3)
    made._curves = True
    made.run()
    seen = EventAccumulator(str(tmp_path / "curves"))
    seen.Reload()
    logged = [float(row["loss"]) for row in rows(tmp_path)]
    assert [event.value for event in seen.Scalars("loss")] == pytest.approx(logged)


PROCESSES = """
    import json
    from bunsan.training.processes import join_processes, leave_processes
    made.processes = join_processes(torch.device("cpu"))
    made.run()
    leave_processes(made.processes)
"""


def in_processes(world: int, folder: Path, port: int) -> None:
    """As torchrun starts them."""
    started = []
    for rank in range(world):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
        env = {**os.environ, **{name: str(value) for name, value in place.items()}}
        env["MASTER_ADDR"] = "127.0.0.1"
        command = [sys.executable, "-c", script(folder, PROCESSES)]
        started.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
    try:
        told = [process.communicate(timeout=300)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0] * world, "\n".join(told)


def test_two_processes_follow_the_curve_of_one(texts: TokenCorpus, tmp_path: Path) -> None:
    # Made before there are two of them: in earnest, the first process makes it while others wait.
    loop(corpus(tmp_path / "tokens", tokenizer("bert")))
    one = loop(texts, tmp_path / "one", changes=DROPOUT, ema=0.9)
    one.run()
    in_processes(2, tmp_path, free_port())
    a, b = rows(tmp_path / "one"), rows(tmp_path / "run")
    assert len(a) == len(b) == 12
    for name in ("loss", "gradient_norm", "tokens", "rate"):
        ours, theirs = ([float(row[name]) for row in found] for found in (b, a))
        assert ours == pytest.approx(theirs, abs=1e-4), name
    # What two wrote, one goes on from.
    state = json.loads((tmp_path / "run" / "checkpoint.json").read_text())
    alone = loop(texts, tmp_path / "run", changes=DROPOUT, ema=0.9)
    done: Trained = alone.run()
    assert (done.steps, done.tokens) == (state["step"], state["tokens"])
    for name, value in weights(alone).items():
        torch.testing.assert_close(value, weights(one)[name], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"steps": 1, "minutes": 1.0, "batch_tokens": 1}, "steps, minutes"),
        ({"steps": 1}, "batch_tokens"),
        ({"steps": 0, "batch_tokens": 1}, "steps"),
        ({"steps": 1, "batch_tokens": 1, "rat": 1.0}, "rat"),
        ({"steps": 1, "batch_tokens": "many"}, "batch_tokens"),
        ({"steps": True, "batch_tokens": 1}, "steps"),
        ({"steps": 1, "batch_tokens": 1, "decay": "steep"}, "decay"),
        ({"steps": 1, "batch_tokens": 1, "held_out": 1.0}, "held_out"),
        ({"steps": 1, "batch_tokens": 1, "patience": 3}, "patience"),
        ({"steps": 1, "batch_tokens": 1, "max_length": 3}, "max_length"),
    ],
)
def test_settings_that_cannot_be_used_are_named(values: dict[str, Any], name: str) -> None:
    with pytest.raises(BadInput, match=name):
        settings_from(values)
