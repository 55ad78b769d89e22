"""`bunsan kwic`: keyword in context."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Keyword in context: every occurrence of a word, sortable by what stands left or right of it.",
    "KWIC コンコーダンス: 語の出現箇所を前後の文脈とともに一覧し、左右の語で並べ替える。",
)
EXAMPLES = [
    "bunsan kwic reviews.bunsan 風呂",
    "bunsan kwic reviews.bunsan 風呂 --sort right -n 100",
    "bunsan kwic reviews.bunsan 風呂 --neighbours",
]


def command(
    collection: common.CollectionPath,
    word: Annotated[
        str, typer.Argument(help=tr("A word or several in a row.", "語、または語の並び。"))
    ],
    top: common.Top = 30,
    sort: Annotated[str, typer.Option(help="text, left, right")] = "text",
    width: Annotated[
        int, typer.Option(min=1, help=tr("Characters on each side.", "左右の文字数。"))
    ] = 24,
    neighbours: Annotated[
        bool,
        typer.Option(
            "--neighbours",
            help=tr("Count the neighbours by place.", "前後の語を位置ごとに数える。"),
        ),
    ] = False,
    where: common.Where = None,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    limit = None if output is not None else top
    result = opened.kwic(word, sort=sort, width=width, limit=limit, where=common.parse_where(where))
    table = result.neighbours if neighbours else result.table()
    more = {"word": word, "total": result.total}
    if as_json or output is not None or neighbours:
        common.emit(
            table, as_json=as_json, output=output, top=top if neighbours else None, more=more
        )
        return
    common.print_concordance(result, width)
    common.say(table.note)
