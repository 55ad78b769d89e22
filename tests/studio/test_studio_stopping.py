"""Drawings tell how far they are, and are stopped on request."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bunsan.base.progress import progress
from bunsan.studio.jobs import Job
from bunsan.tasks.facade import Collection, learn
from bunsan.words.vectors.projection import project


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    path: Path = tmp_path_factory.mktemp("few") / "few.csv"
    texts = ["朝の海は静かで魚が泳ぐ", "山の道に花が咲き鳥が鳴く", "海と山の朝に鳥が鳴く"]
    rows = [f"{texts[i % 3]},{'甲乙'[i % 3 == 0]}" for i in range(30)]
    path.write_text("本文,組\n" + "\n".join(rows), encoding="utf-8")
    return learn(str(path), text="本文", by="組")


def _network(few: Collection) -> None:
    few.network(resamples=100_000)


def _map(few: Collection) -> None:
    few.map("組", resamples=100_000)


def _tsne(_: Collection) -> None:
    pytest.importorskip("openTSNE", reason="the extra tsne is not installed")
    for _ in range(1000):
        project(np.random.default_rng(0).normal(size=(60, 8)), "tsne")


@pytest.mark.parametrize("work", [_network, _map, _tsne])
def test_a_drawing_is_stopped(few: Collection, work: Callable[[Collection], None]) -> None:
    heard = threading.Event()

    class Heard(Job):
        def _hear(self, title: str, done: float, total: float | None, note: str) -> None:
            super()._hear(title, done, total, note)
            if done > 0 and total and done < total:
                heard.set()

    job = Heard("Drawing", lambda: work(few))
    if not heard.wait(120) and job.error is not None:
        raise job.error
    assert 0 < (job.share or 0) < 1
    job.stop()
    assert job.wait(120)
    assert job.stopped
    assert job.error is None


def test_progress_is_the_work_itself(few: Collection) -> None:
    seen: list[Any] = []
    from bunsan.base.progress import counted, listening

    with listening(lambda *told: seen.append(told)):
        assert list(counted("abc", "Letters", 3)) == ["a", "b", "c"]
    assert [told[1] for told in seen] == [0.0, 1.0, 2.0, 3.0]
    with progress("x"):
        assert list(counted([], "None")) == []
