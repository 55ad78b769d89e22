"""How vectors and neighbours look in a notebook."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.language import tr

_CELL = "text-align:left;padding:1px 8px"


def neighbours_table(words: Sequence[str], scores: NDArray[np.float32]) -> str:
    """A table of words and scores, with a bar for each score."""
    rows = []
    for word, score in zip(words, scores.tolist(), strict=True):
        width = round(120 * min(max(score, 0.0), 1.0))
        bar = f'<div style="width:{width}px;height:9px;background:#4477aa"></div>'
        cells = (escape(word), f"{score:.3f}", bar)
        rows.append(
            "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"
        )
    titles = "".join(
        f'<th style="{_CELL}">{title}</th>' for title in (tr("word", "語"), tr("score", "値"), "")
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def summary(title: str, words: Sequence[str], about: dict[str, Any], notes: Sequence[str]) -> str:
    """What the vectors are, some of the words, where they come from and what was odd."""
    rows = [(tr("words", "語"), ", ".join(words) + ", ...")]
    rows += [(str(name), str(value)) for name, value in about.items()]
    body = "".join(
        f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in rows
    )
    listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
    odd = f"<ul>{listed}</ul>" if listed else ""
    return f"<div><b>{title}</b><table>{body}</table>{odd}</div>"
