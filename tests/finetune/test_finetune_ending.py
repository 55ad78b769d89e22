"""A training that is ended before its last step keeps what it has learned."""

from pathlib import Path

import pytest
from finetune_help import reviews

from bunsan.base.errors import BadInput
from bunsan.tasks.finetuning.entry import finetune, open_task
from bunsan.training.reports import StepReport


def test_enough_is_enough(bert: Path, tmp_path: Path) -> None:
    seen: list[StepReport] = []
    done = finetune(
        "classification", reviews(60), model=bert, to=tmp_path / "m", epochs=50, batch=8,
        on_step=seen.append, enough=lambda: len(seen) == 7,
    )  # fmt: skip
    assert [report.step for report in seen] == list(range(1, 8))
    assert done.trained.steps == 7
    assert "7" in done.notes[-1]
    assert done.scores is not None
    assert open_task(tmp_path / "m").labels == ["bad", "good"]
    assert not (tmp_path / "m.training").exists()


def test_minutes_settle_the_updates(bert: Path, tmp_path: Path) -> None:
    rates: list[float] = []
    done = finetune(
        "classification", reviews(60), model=bert, to=tmp_path / "m", epochs=50_000, batch=8,
        warm_up=0.0, minutes=0.02, on_step=lambda report: rates.append(report.values["rate"]),
    )  # fmt: skip
    assert done.trained.steps < 50_000 * 54 // 8
    assert rates[-1] < rates[0] / 2  # it falls to its end all the same
    with pytest.raises(BadInput, match="--minutes"):
        finetune("classification", reviews(20), model=bert, to=tmp_path / "n", minutes=0.0)
