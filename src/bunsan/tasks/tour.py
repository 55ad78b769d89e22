"""The demo: a made-up world written to a spreadsheet file, learned, and shown stop by stop."""

import csv
import shlex
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bunsan.base.files import atomic_write
from bunsan.base.language import Language, tr
from bunsan.tasks.demo.stops import tour
from bunsan.tasks.demo.world import FIELDS, NOTICE, STAYS, demo_rows
from bunsan.tasks.facade import Collection, learn

Show = Callable[[str, str, Any], None]


def learn_demo(language: str = "ja", *, to: str | Path | None = None, seed: int = 0) -> Collection:
    """Write `demo-ja.csv` (or `-en`) into the folder `to` and learn `demo-ja.bunsan` from it.

    Without `to` both lie in a temporary folder that goes with the returned object.
    """
    world: Language = "en" if language == "en" else "ja"
    temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True) if to is None else None
    folder = Path(to if to is not None else temporary.name if temporary else ".")
    table = folder / f"demo-{world}.csv"
    with atomic_write(table, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["text", *FIELDS])
        writer.writeheader()
        writer.writerows(demo_rows(world, seed))
    collection = learn(
        str(table),
        to=folder / f"demo-{world}.bunsan",
        text="text",
        by=FIELDS,
        label=tr(NOTICE["en"], NOTICE["ja"]),
    )
    if temporary is not None:
        weakref.finalize(collection, temporary.cleanup)
    return collection


def run_tour(
    folder: Path, language: str, seed: int = 0, show: Show | None = None
) -> dict[str, Any]:
    """Learn the demo into `folder`, run every stop and draw the figures; returns what was found."""
    world: Language = "en" if language == "en" else "ja"
    collection = learn_demo(world, to=folder, seed=seed)
    location = folder / f"demo-{world}.bunsan"
    if show is not None:
        show(f"bunsan info {location}", tr(NOTICE["en"], NOTICE["ja"]), None)
        print(collection)
    stops = []
    for stop in tour(world):
        if stop.options.get("vectors") and not collection.state.get("vectors"):
            _learn_vectors(collection, folder, world, show)
        result = getattr(collection, stop.verb)(*stop.arguments, **stop.options)
        line = _line(stop.verb, location, stop.arguments, stop.options)
        if show is not None:
            show(line, stop.why, result)
        stops.append({"command": line, "why": stop.why, "rows": result.table().to_rows()})
    figures = draw(collection, folder, world, show)
    return {
        "collection": str(location),
        "label": collection.state["label"],
        "stops": stops,
        "figures": figures,
    }


def _learn_vectors(collection: Collection, folder: Path, world: str, show: Show | None) -> None:
    if show is not None:
        table, location = (folder / f"demo-{world}{suffix}" for suffix in (".csv", ".bunsan"))
        fields = ",".join(FIELDS)
        why = tr(
            "The same texts once more: a small network learns to foretell the words around each word.",
            "同じ文章から、周りの語を当てる小さなネットワークにも学ばせます。",
        )
        line = f"bunsan learn {table} --text text --by {fields} -o {location}"
        show(f"{line} --vectors word2vec --threads 1", why, None)
    collection.learn_vectors("word2vec", threads=1)


def draw(collection: Collection, folder: Path, world: str, show: Show | None) -> list[str]:
    """The network of the stays and the map of their areas, for a browser and for paper."""
    location = folder / f"demo-{world}.bunsan"
    stays = {"topic": STAYS[world]}
    network = collection.network(words=60, edges=90, where=stays)
    word_map = collection.map("area", words=60)
    written = []
    for name, figure, options in (
        ("network", network, f"--words 60 --edges 90 --where topic={stays['topic']}"),
        ("map", word_map, "--by area --words 60"),
    ):
        for suffix in ("html", "png"):
            path = folder / f"{name}-{world}.{suffix}"
            figure.save(path)
            written.append(str(path))
        if show is not None:
            why = tr(
                f"Drawn: open {written[-2]} in a browser and click on a word.",
                f"描きました。{written[-2]} をブラウザーで開き、語をクリックしてみてください。",
            )
            show(f"bunsan {name} {location} {options} -o {written[-2]}", why, None)
    return written


def _line(verb: str, location: Path, arguments: tuple[str, ...], options: dict[str, Any]) -> str:
    # Both are the verb `similar`, which goes by what it is given.
    verb = "similar" if verb == "nearest" else verb
    parts = ["bunsan", verb, str(location), *arguments]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if name in ("k", "limit"):
            parts += ["-n", str(value)]
        elif value is True:
            parts.append(flag)
        elif isinstance(value, dict):
            parts += [f"--where={key}={item}" for key, item in value.items()]
        else:
            parts += [flag, str(value)]
    return " ".join(p if p.isprintable() and " " not in p else shlex.quote(p) for p in parts)
