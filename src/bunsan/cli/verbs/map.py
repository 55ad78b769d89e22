"""`bunsan map`: correspondence analysis of words and groups."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Correspondence analysis: words and groups on one map, with the inertia each axis explains and "
    "regions that show how stable the places are.",
    "対応分析: 語とグループを 1 枚の図に置く。各軸の寄与率と、位置の安定度を示す領域つき。",
)
EXAMPLES = [
    "bunsan map reviews.bunsan --by area -o map.html",
    "bunsan map reviews.bunsan --by area -o map.png --words 60",
    "bunsan map reviews.bunsan --by area -o coordinates.xlsx",
]


def command(
    collection: common.CollectionPath,
    by: Annotated[
        str | None, typer.Option("--by", help=tr("The group column.", "グループの列。"))
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=tr("File to draw or write.", "書き出すファイル。")),
    ] = None,
    words: Annotated[
        int, typer.Option(min=3, max=2000, help=tr("How many words.", "語の数。"))
    ] = 60,
    choose: Annotated[
        str,
        typer.Option(
            help=tr(
                "Which words: difference (those that tell the groups apart), frequency.",
                "語の選び方: difference(グループ差の大きい語)、frequency(頻度順)。",
            )
        ),
    ] = "difference",
    min_documents: Annotated[
        int, typer.Option(min=1, help=tr("Words in at least so many documents.", "文書数の下限。"))
    ] = 2,
    resamples: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Resamples that test the places; 0 for none.",
                "位置を確かめる再標本化の回数。0 でなし。",
            ),
        ),
    ] = 200,
    pos: common.Pos = None,
    where: common.Where = None,
    top: common.Top = 20,
    rows: common.Rows = False,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
) -> None:
    opened = common.open_collection(collection)
    result = opened.map(
        by,
        words=words,
        choose=choose,
        min_documents=min_documents,
        resamples=resamples,
        pos=common.parse_pos(pos),
        where=common.parse_where(where),
        seed=seed,
    )
    if output is not None:
        result.save(output)
        common.written(output)
    if rows:
        common.emit_passages(result.rows(), as_json=as_json, output=None)
    elif as_json or output is None:
        common.emit(
            result.table(),
            as_json=as_json,
            output=None,
            top=top,
            more={"explained": result.explained},
        )
