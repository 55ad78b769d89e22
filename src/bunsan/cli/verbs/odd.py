"""`bunsan odd`: which word does not belong?"""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "The odd one out: the word that is least like the others.",
    "仲間はずれの語(ほかの語に最も似ていない語)を探す。",
)
EXAMPLES = ["bunsan odd vectors.safetensors りんご みかん ぶどう 自動車"]


def command(
    vectors: common.VectorsPath,
    words: Annotated[list[str], typer.Argument(help=tr("Three words or more.", "3 語以上。"))],
    name: common.VectorsName = None,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.vectors import vectors_at

    found = vectors_at(vectors, name).odd_one_out(words)
    if as_json:
        common.print_json({"words": words, "odd": found})
    else:
        print(found)
