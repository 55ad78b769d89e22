"""Progress is told to whoever listens."""

import pytest

from bunsan.base.progress import listening, progress


def test_a_listener_hears_titles_steps_and_notes() -> None:
    heard: list[tuple[str, float, float | None, str]] = []
    with listening(lambda *told: heard.append(told)), progress("Reading", 10) as bar:
        bar.advance(4)
        bar.advance(6, "done")
    with progress("Alone", 1) as bar:
        bar.advance()
    assert heard == [
        ("Reading", 0.0, 10, ""),
        ("Reading", 4.0, 10, ""),
        ("Reading", 10.0, 10, "done"),
    ]


def test_a_listener_can_end_the_work() -> None:
    def stop(_title: str, done: float, _total: float | None, _note: str) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    steps = 0

    def count() -> None:
        nonlocal steps
        with listening(stop), progress("Counting", 5) as bar:
            for _ in range(5):
                bar.advance()
                steps += 1

    with pytest.raises(KeyboardInterrupt):
        count()
    assert steps == 1
