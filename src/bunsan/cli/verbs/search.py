"""`bunsan search`: BM25, with the passages that match."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    'Search documents by BM25. "Quoted words" must occur as they stand, -words must not occur.',
    'BM25 で文書を検索する。"引用符" で囲んだ語はその並びで、-語 は含まない文書だけを返す。',
)
EXAMPLES = [
    'bunsan search reviews.bunsan "部屋から海が見える"',
    'bunsan search reviews.bunsan "露天風呂 -混雑" --where area=箱根 -n 5',
]


def command(
    collection: common.CollectionPath,
    query: Annotated[str, typer.Argument(help=tr("What to search for.", "検索する語や文。"))],
    top: common.Top = 10,
    where: common.Where = None,
    match_all: Annotated[
        bool,
        typer.Option(
            "--all", help=tr("Only documents with every word.", "すべての語を含む文書だけ。")
        ),
    ] = False,
    variant: Annotated[str, typer.Option(help="lucene, robertson, atire, bm25l, bm25+")] = "lucene",
    k1: Annotated[
        float, typer.Option(help=tr("Saturation of repeated words.", "くり返しの飽和。"))
    ] = 1.5,
    b: Annotated[float, typer.Option(help=tr("Length normalisation.", "文書長の補正。"))] = 0.75,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    result = opened.search(
        query,
        k=top,
        where=common.parse_where(where),
        match_all=match_all,
        variant=variant,
        k1=k1,
        b=b,
    )
    if result.missing:
        words = " ".join(result.missing)
        common.say(tr(f"In no document: {words}", f"どの文書にもない語: {words}"))
    if as_json or output is not None:
        common.emit(result.table(), as_json=as_json, output=output, more={"total": result.total})
        return
    common.print_hits(result)
    common.say(tr(f"{result.total:,} documents match.", f"{result.total:,} 文書が該当。"))
