"""`bunsan project`: words on a plane."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Put words on a plane by their vectors, so that words alike lie together. .html is interactive, "
    ".png .svg .pdf are for papers, tables (.csv .xlsx ...) get the coordinates.",
    "語をベクトルで平面に並べる。似た語が近くに集まる。.html は対話的、.png .svg .pdf は論文用、"
    "表(.csv .xlsx など)には座標を書き出す。",
)
EXAMPLES = [
    "bunsan project vectors.safetensors -o words.html",
    "bunsan project vectors.safetensors 王 女王 男 女 父 母 -o royal.png",
    "bunsan project reviews.bunsan --near 温泉 --most 80 --method tsne -o onsen.html",
]


def command(
    vectors: common.VectorsPath,
    words: Annotated[
        list[str] | None, typer.Argument(help=tr("Words to show.", "並べる語。"))
    ] = None,
    output: common.Output = None,
    near: Annotated[
        str | None,
        typer.Option(help=tr("The words nearest to this one.", "この語に近い語を並べる。")),
    ] = None,
    most: Annotated[
        int, typer.Option(min=2, max=50_000, help=tr("How many words.", "語の数。"))
    ] = 300,
    method: Annotated[
        str, typer.Option("--method", "-m", help="pca, tsne (openTSNE), umap (umap-learn)")
    ] = "pca",
    name: common.VectorsName = None,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.vectors import project, vectors_at

    result = project(
        vectors_at(vectors, name), words or (), near=near, most=most, method=method, seed=seed
    )
    if output is None or as_json:
        common.emit(result.table(), as_json=as_json, output=None)
    if output is not None:
        result.save(output)
        common.written(output)
