"""Small drawings in the page itself, in its colours."""

from collections.abc import Sequence

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
