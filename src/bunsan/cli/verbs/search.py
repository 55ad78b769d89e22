"""`bunsan search`: by keyword (BM25), by meaning (vectors) or both, with the passages that match."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.search import By

HELP = tr(
    "Search documents by keyword (BM25), by meaning (vectors) or both. "
    '"Quoted words" must occur as they stand, -words must not occur.',
    "語(BM25)、意味(ベクトル)、またはその両方で文書を検索する。"
    '"引用符" で囲んだ語はその並びで、-語 は含まない文書だけを返す。',
)
EXAMPLES = [
    'bunsan search reviews.bunsan "部屋から海が見える"',
    'bunsan search reviews.bunsan "露天風呂 -混雑" --where area=箱根 -n 5',
    'bunsan search reviews.bunsan "海の近くで静かに過ごしたい" --by both',
    'bunsan search reviews.bunsan "眺めのよい宿" --by meaning --model ENCODER',
]


def command(
    collection: common.CollectionPath,
    query: Annotated[str, typer.Argument(help=tr("What to search for.", "検索する語や文。"))],
    by: Annotated[
        str,
        typer.Option(
            help=tr(
                "keyword (BM25), meaning (vectors) or both (ranks fused).",
                "keyword(語、BM25)、meaning(意味、ベクトル)、both(両方の順位を融合)。",
            )
        ),
    ] = "keyword",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=tr(
                "What tells meaning: vectors of the collection (word2vec, fasttext, ...), or the "
                "folder or name of an encoder.",
                "意味を測るもの: コレクションのベクトル(word2vec、fasttext など)、または"
                "エンコーダーのフォルダーか名前。",
            ),
        ),
    ] = None,
    top: common.Top = 10,
    offset: Annotated[
        int,
        typer.Option(min=0, help=tr("Hits to pass over.", "飛ばす件数。")),
    ] = 0,
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
        by=cast("By", by),
        model=model,
        k=top,
        offset=offset,
        where=common.parse_where(where),
        match_all=match_all,
        variant=variant,
        k1=k1,
        b=b,
    )
    if result.missing:
        words = " ".join(result.missing)
        common.say(
            tr(f"Without a vector: {words}", f"ベクトルのない語: {words}")
            if by == "meaning"
            else tr(f"In no document: {words}", f"どの文書にもない語: {words}")
        )
    if as_json or output is not None:
        more = {"total": result.total, "by": by, "representation": result.representation}
        common.emit(result.table(), as_json=as_json, output=output, more=more)
        return
    common.print_hits(result)
    common.say(result.told())
