"""`bunsan network`: the co-occurrence network of the most frequent words."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Co-occurrence network, communities coloured, edges that resampling does not confirm dashed. "
    ".html is interactive (click for the sentences), .png .svg .pdf are for papers, .graphml for Gephi; "
    "tables (.xlsx, .csv …) get the edges.",
    "共起ネットワーク。コミュニティーを色分けし、再標本化で安定しない辺は破線。.html は対話的(クリックで文を表示)、"
    ".png .svg .pdf は論文用、.graphml は Gephi 用、表(.xlsx .csv など)には辺の一覧を書き出す。",
)
EXAMPLES = [
    "bunsan network reviews.bunsan -o network.html",
    "bunsan network reviews.bunsan -o network.png --words 80 --edges 120 --measure jaccard",
    "bunsan network reviews.bunsan --rows -n 10",
]


def command(
    collection: common.CollectionPath,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=tr("File to draw or write.", "書き出すファイル。")),
    ] = None,
    words: Annotated[
        int, typer.Option(min=2, max=2000, help=tr("Words, by frequency.", "語の数(頻度順)。"))
    ] = 75,
    edges: Annotated[
        int, typer.Option(min=1, help=tr("Strongest pairs drawn.", "描く辺の数(強い順)。"))
    ] = 100,
    measure: Annotated[
        str,
        typer.Option("--measure", "-m", help="jaccard, dice, cosine, ppmi, npmi, t, loglikelihood"),
    ] = "jaccard",
    unit: common.Unit = "sentence",
    min_count: Annotated[
        int,
        typer.Option(min=1, help=tr("Words in at least so many units.", "語の出現単位数の下限。")),
    ] = 2,
    tree: Annotated[
        bool,
        typer.Option(
            "--tree", help=tr("Only the maximum spanning tree.", "最大全域木だけを描く。")
        ),
    ] = False,
    resamples: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Resamples that test the edges; 0 for none.",
                "辺を確かめる再標本化の回数。0 でなし。",
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
    result = opened.network(
        words=words,
        edges=edges,
        measure=measure,
        unit=unit,
        min_count=min_count,
        tree=tree,
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
        common.emit(result.table(), as_json=as_json, output=None, top=top)
