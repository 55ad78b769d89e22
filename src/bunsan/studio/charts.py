"""Small drawings in the page itself, in its colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from bunsan.studio.pieces import words

_WIDE, _HIGH = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 18, 26, 40


def line_chart(values: Sequence[float], *, flat: str, across: str, label: str) -> str:
    """A line over steps from 0, and a dashed one at 1 that `flat` names; `label` names the height."""
    low = min(0.0, *values) if min(values) < 0.3 else min(values) - 0.1
    low = max(-1.0, (int(low * 10) - (low < 0)) / 10)
    steps = max(len(values) - 1, 1)

    def x(i: float) -> float:
        return _LEFT + (_WIDE - _LEFT - _RIGHT) * i / steps

    def y(value: float) -> float:
        return _TOP + (_HIGH - _TOP - _BOTTOM) * (1 - value) / (1 - low)

    parts = []
    ticks = [low + (1 - low) * k / 4 for k in range(5)]
    for tick in ticks:
        at = y(tick)
        parts.append(
            f'<line class="b-grid" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text x="{_LEFT - 9}" y="{at + 4:.1f}" text-anchor="end">{tick:.2f}</text>'
        )
    every = max(1, len(values) // 13)
    for i in range(0, len(values), every):
        parts.append(
            f'<text x="{x(i):.1f}" y="{_HIGH - _BOTTOM + 19}" text-anchor="middle">{i}</text>'
        )
    parts.append(
        f'<text x="{(_LEFT + _WIDE - _RIGHT) / 2:.0f}" y="{_HIGH - 4}" text-anchor="middle">'
        f"{words(across)}</text>"
        f'<text x="{_LEFT - 38}" y="14">{words(label)}</text>'
    )
    one = y(1.0)
    parts.append(
        f'<line class="b-flat" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{one:.1f}" y2="{one:.1f}"/>'
        f'<text x="{_WIDE - _RIGHT}" y="{one - 8:.1f}" text-anchor="end">{words(flat)}</text>'
    )
    line = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in enumerate(values))
    parts.append(f'<polyline class="b-line" points="{line}"/>')
    for i, value in enumerate(values):
        parts.append(
            f'<circle cx="{x(i):.1f}" cy="{y(value):.1f}" r="4"><title>{i}: {value:.3f}</title>'
            "</circle>"
        )
    return (
        f'<svg class="b-chart" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{words(label)}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class Curve:
    """Points (update, value) under a name; `dots` for few of them."""

    name: str
    points: Sequence[tuple[int, float]]
    dots: bool = False


def curves(
    lines: Sequence[Curve], *, label: str, across: str, end: int, top: float | None = None
) -> str:
    """Lines over updates from 0 to `end`; `label` names the height, which goes to `top` or the highest."""
    shown = [line for line in lines if line.points]
    high = top or max((value for line in shown for _, value in line.points), default=1.0) * 1.05
    high = high if isfinite(high) and high > 0 else 1.0
    last = max(end, 1)

    def x(step: float) -> float:
        return _LEFT + (_WIDE - _LEFT - _RIGHT) * step / last

    def y(value: float) -> float:
        return _TOP + (_HIGH - _TOP - _BOTTOM) * (1 - min(max(value, 0.0), high) / high)

    parts = []
    for k in range(5):
        at = y(high * k / 4)
        parts.append(
            f'<line class="b-grid" x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
            f'<text x="{_LEFT - 9}" y="{at + 4:.1f}" text-anchor="end">{high * k / 4:.2f}</text>'
        )
    for step in sorted({0, last // 2, last}):
        parts.append(
            f'<text x="{x(step):.1f}" y="{_HIGH - _BOTTOM + 19}" text-anchor="middle">{step:,}</text>'
        )
    parts.append(
        f'<text x="{(_LEFT + _WIDE - _RIGHT) / 2:.0f}" y="{_HIGH - 4}" text-anchor="middle">'
        f'{words(across)}</text><text x="{_LEFT - 38}" y="14">{words(label)}</text>'
    )
    for number, line in enumerate(shown):
        look = "b-second" if line.dots else "b-line"
        path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in line.points)
        parts.append(f'<polyline class="{look}" points="{path}"/>')
        if line.dots:
            parts += [
                f'<circle class="b-dot" cx="{x(step):.1f}" cy="{y(value):.1f}" r="4">'
                f"<title>{step:,}: {value:.3f}</title></circle>"
                for step, value in line.points
            ]
        step, value = line.points[-1]
        place = _WIDE - _RIGHT - 220 * (len(shown) - 1 - number)
        parts.append(
            f'<text class="{look}-name" x="{place}" y="14" text-anchor="end">'
            f"{words(line.name)} {value:.3f}</text>"
        )
    return (
        f'<svg class="b-chart" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
        f'aria-label="{words(label)}">{"".join(parts)}</svg>'
    )
