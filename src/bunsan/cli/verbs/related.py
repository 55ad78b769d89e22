"""`bunsan related`: words that occur together with a word."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Words that occur together with a word, by Jaccard, PPMI, t-score, log-likelihood and others; with "
    "--predicates, what is said of it (食べる, 高い) by case particle.",
    "ある語とともに現れる語。Jaccard、PPMI、t スコア、対数尤度比など。--predicates では、格助詞ごとの述語(を 食べる、が 高い)。",
)
EXAMPLES = [
    "bunsan related reviews.bunsan 朝食",
    "bunsan related reviews.bunsan 朝食 --measure loglikelihood --unit document",
    "bunsan related reviews.bunsan 朝食 --with バイキング --rows",
    "bunsan related reviews.bunsan 朝食 --predicates",
]


def command(
    collection: common.CollectionPath,
    word: Annotated[str, typer.Argument(help=tr("A word.", "語。"))],
    top: common.Top = 20,
    measure: Annotated[
        str,
        typer.Option(
            "--measure",
            "-m",
            help=tr("What to sort by: ", "並べる指標: ")
            + "jaccard, dice, simpson, cosine, ppmi, npmi, t, loglikelihood, chi2, odds",
        ),
    ] = "jaccard",
    unit: common.Unit = "sentence",
    where: common.Where = None,
    min_count: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=tr(
                "Together at least so often: 2, for --predicates 1.",
                "共起回数の下限。既定は 2、--predicates では 1。",
            ),
        ),
    ] = None,
    pos: common.Pos = None,
    predicates: Annotated[
        bool,
        typer.Option(
            "--predicates", help=tr("What is said of the word.", "その語についての述語。")
        ),
    ] = False,
    with_: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="WORD",
            help=tr("The sentences with both words.", "2 語がともに現れる文。"),
        ),
    ] = None,
    rows: common.Rows = False,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    filters = common.parse_where(where)
    if with_ is not None:
        found = opened.passages([word, with_], unit=unit, where=filters, limit=top)
        common.emit_passages(found, as_json=as_json, output=output)
        return
    if predicates:
        said = opened.predicates(word, k=top, min_count=min_count or 1)
        if rows:
            common.emit_passages(said.rows(), as_json=as_json, output=output)
        else:
            common.emit(said.table(), as_json=as_json, output=output, more={"word": word})
        return
    result = opened.related(
        word,
        k=top,
        measure=measure,
        unit=unit,
        where=filters,
        min_count=min_count or 2,
        pos=common.parse_pos(pos),
    )
    if rows:
        common.emit_passages(result.rows(), as_json=as_json, output=output)
        return
    more = {"word": word, "unit": unit, "units_with_word": result.n_word, "units": result.n_units}
    common.emit(result.table(), as_json=as_json, output=output, more=more)
