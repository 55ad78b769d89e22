"""Accuracy against the number of examples, as the paper's figure 3.1 shows it (Brown et al. 2020)."""

from pathlib import Path
from typing import TYPE_CHECKING

from bunsan.base.language import tr
from bunsan.figures.curves import Bend, draw_curves
from bunsan.measure.intervals import wilson

if TYPE_CHECKING:
    from bunsan.tasks.shots.accuracy import ShotAccuracy


def draw(found: "ShotAccuracy", path: Path) -> None:
    """Write the figure; see `ShotAccuracy.save`."""
    lines = found.lines()
    bends = []
    for number, (name, right, asked) in enumerate(lines):
        low, high = wilson(right, asked)
        points = [
            (n, float(right[i] / max(1, asked[i])), float(low[i]), float(high[i]))
            for i, n in enumerate(found.shots)
        ]
        together = len(lines) > 1 and number == len(lines) - 1
        bends.append(Bend(name, points, look=-1 if together else number, chosen=together))
    draw_curves(
        bends,
        path,
        x_axis=tr("examples in the prompt", "プロンプトの例の数"),
        y_axis=tr("accuracy", "正答率"),
        title=tr("Learning from examples in the prompt", "プロンプトの例から学ぶ"),
        note=found.finding,
    )
