"""`bunsan features`: the words that mark each group of documents."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "The words that mark each group: Jaccard, log-likelihood with corrected significance, TF-IDF, "
    "difference of shares with its interval.",
    "グループごとの特徴語: Jaccard、対数尤度比(多重比較を補正した有意性)、TF-IDF、割合の差とその区間。",
)
EXAMPLES = [
    "bunsan features reviews.bunsan --by area",
    "bunsan features reviews.bunsan --by area --measure loglikelihood -n 20 -o features.xlsx",
    "bunsan features reviews.bunsan --by area --rows",
]


def command(
    collection: common.CollectionPath,
    by: Annotated[
        str | None, typer.Option("--by", help=tr("The group column.", "グループの列。"))
    ] = None,
    top: common.Top = 10,
    measure: Annotated[
        str, typer.Option("--measure", "-m", help="jaccard, loglikelihood, tfidf, difference")
    ] = "jaccard",
    min_documents: Annotated[
        int, typer.Option(min=1, help=tr("Words in at least so many documents.", "文書数の下限。"))
    ] = 5,
    pos: common.Pos = None,
    where: common.Where = None,
    rows: common.Rows = False,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    result = opened.features(
        by,
        k=top,
        measure=measure,
        min_documents=min_documents,
        pos=common.parse_pos(pos),
        where=common.parse_where(where),
        seed=seed,
    )
    if rows:
        common.emit_passages(result.rows(), as_json=as_json, output=output)
        return
    common.emit(result.table(), as_json=as_json, output=output, more={"by": result.by})
