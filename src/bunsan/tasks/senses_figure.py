"""The contexts of a word as points on a plane, in the colours of their groups."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.figures.groups import Dot, Group, wrapped
from bunsan.figures.page import sentences
from bunsan.figures.scatter import draw_scatter
from bunsan.tasks.passages import Passage
from bunsan.tasks.table import percent
from bunsan.words.vectors.projection import ProjectionMethod, project

if TYPE_CHECKING:
    from bunsan.tasks.senses_result import Senses

_SHOWN = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_BESIDE = 42  # characters of the sentence on each side, beside the pointer


def draw(senses: "Senses", path: Path, method: str, seed: int) -> None:
    """Write the figure; see `Senses.save`."""
    if method not in _SHOWN:
        raise BadInput(
            tr(f"There is no projection {method!r}.", f"{method!r} という射影法はありません。"),
            remedy=tr("Use pca, tsne or umap.", "pca、tsne、umap から選んでください。"),
        )
    known = np.flatnonzero(senses.labels >= 0)
    own = senses._contexts.place(senses._own[None, :])
    places = project(
        np.vstack([senses._contexts.units[known], own]), cast(ProjectionMethod, method), seed=seed
    )
    # Only a page can show sentences.
    web = path.suffix.lower() == ".html"
    passages = senses._passages(known.tolist()) if web else [None] * len(known)
    dots = [
        Dot(int(senses.labels[i]), x, y)
        if passage is None
        else Dot(
            int(senses.labels[i]), x, y, title=senses.word, hover=_hover(passage),
            sentences=_sentences(passage),
        )
        for i, passage, (x, y) in zip(known.tolist(), passages, places[:-1].tolist(), strict=True)
    ]  # fmt: skip
    separator = tr(", ", "・")
    for group in range(senses.k):
        x, y = places[:-1][senses.labels[known] == group].mean(axis=0).tolist()
        words = separator.join(senses.nearest[group].words[:3])
        dots.append(_named(group, x, y, f"{group + 1}: {words}"))
    x, y = places[-1].tolist()
    dots.append(_named(senses.k, x, y, tr(f"vector of {senses.word}", f"{senses.word} のベクトル")))
    groups = [_group(senses, group) for group in range(senses.k)]
    groups.append(Group(tr("the one vector", "一つのベクトル"), look=-2))
    draw_scatter(
        groups,
        dots,
        path,
        title=tr(
            f"Contexts of {senses.word} ({_SHOWN[method]})",
            f"「{senses.word}」の文脈({_SHOWN[method]})",
        ),
        note=senses.finding,
    )


def _group(senses: "Senses", group: int) -> Group:
    words = " ".join(senses.nearest[group].words)
    cosine = f"{senses.cosines[group]:.2f}"
    return Group(
        f"{group + 1} ({percent(float(senses.shares[group]))})",
        tr(
            f"{words} (cosine with the one vector {cosine})",
            f"{words}(一つのベクトルとのコサイン {cosine})",
        ),
        group,
    )


def _named(group: int, x: float, y: float, label: str) -> Dot:
    return Dot(group, x, y, label=label, title=label, hover=(label,), wanted=True)


def _hover(passage: Passage) -> tuple[str, ...]:
    (a, b), text = passage.marks[0], passage.text
    left, right = text[max(0, a - _BESIDE) : a], text[b : b + _BESIDE]
    return wrapped(f"{left}【{text[a:b]}】{right}")


def _sentences(passage: Passage) -> list[list[object]]:
    key = (0,)
    found = (passage.source, passage.row, passage.text, passage.marks)
    return sentences({key: [found]}, key)
