"""A map of many words: drawn by the graphics card, searched, pointed at."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bunsan.base.files import atomic_write
from bunsan.base.language import language, tr
from bunsan.tasks.vectors import Projection, project

if TYPE_CHECKING:
    from bunsan.tasks.facade import Collection


@dataclass(frozen=True)
class MapPage:
    """Words on a plane; `save` writes .html for the studio, all else as `Projection.save`."""

    projection: Projection

    def save(self, path: Path) -> None:
        """Write the page, a figure for print, or a table."""
        if path.suffix != ".html":
            self.projection.save(path)
            return
        from bunsan.figures.page import embed

        found = self.projection
        places = np.round(found.places, 4)
        data = {
            "words": found.words,
            "x": places[:, 0].tolist(),
            "y": places[:, 1].tolist(),
            "frequency": found.frequencies or [],
            "text": {
                "find": tr("Find a word", "語を探す"),
                "found": tr("found", "件"),
                "count": tr("frequency", "出現数"),
                "all": tr("Show all", "全体"),
                "title": tr(f"{len(found.words):,} words", f"{len(found.words):,} 語"),
            },
        }
        page = (files("bunsan.studio") / "assets" / "wordmap.html").read_text(encoding="utf-8")
        page = page.replace("{language}", language()).replace("{data}", embed(data))
        with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)


def collection_map(collection: "Collection", name: str, method: str, most: int) -> MapPage:
    """The most frequent words by one kind of vectors: "counts", or those a collection keeps."""
    return MapPage(project(collection.vectors(name), most=most, method=method))
