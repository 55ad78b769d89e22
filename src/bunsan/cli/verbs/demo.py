"""`bunsan demo`: everything on a small made-up collection, without data and without network."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Make the demo collection (made-up hotel reviews and stories) and take a tour of it.",
    "デモ用コレクション(作り物の宿の口コミと小さな物語)を作り、ひととおり使ってみせる。",
)
EXAMPLES = ["bunsan demo", "bunsan demo --world en -o my-demo"]


def command(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=tr("The folder to fill.", "書き出すフォルダー。"))
    ] = Path("bunsan-demo"),
    world: Annotated[
        str | None,
        typer.Option(help=tr("ja or en; both when left out.", "ja か en。省略時は両方。")),
    ] = None,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.base.errors import BadInput
    from bunsan.tasks.tour import run_tour

    if world not in (None, "ja", "en"):
        raise BadInput(tr("--world takes ja or en.", "--world には ja か en を指定してください。"))
    worlds = [world] if world else ["ja", "en"]
    results = [
        run_tour(output, w, seed, show=None if as_json else common.show_stop) for w in worlds
    ]
    if as_json:
        common.print_json(results)
