"""`bunsan words`: the list of words with their frequencies."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr("The words of a collection, the most frequent first.", "抽出語のリスト(頻度順)。")
EXAMPLES = [
    "bunsan words reviews.bunsan",
    "bunsan words reviews.bunsan --pos 名詞 -n 150 -o words.xlsx",
    "bunsan words reviews.bunsan --spellings 引っ越し",
]


def command(
    collection: common.CollectionPath,
    top: common.Top = 50,
    pos: common.Pos = None,
    spellings: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            help=tr("The spellings counted as this word.", "この語として数えた表記。"),
        ),
    ] = None,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    if spellings is not None:
        common.emit(opened.spellings(spellings), as_json=as_json, output=output)
        return
    table = opened.words(k=None if output is not None else top, pos=common.parse_pos(pos))
    common.emit(table, as_json=as_json, output=output)
