"""`bunsan senses`: one vector for all that a word is used for, shown on real text."""

import sys
from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Divide the occurrences of a word by the words around them, and see which of the groups its one vector is "
    "for: the share of each, words near it, typical sentences. The occurrences come from a collection, or for a "
    "file of vectors from --corpus. 桜/大臣 takes two words for one, which tells how well it works.",
    "語の出現を周りの語で分け、一つしかないベクトルがどの群のものかを見る: 各群の割合、近い語、典型的な文。"
    "出現はコレクションから、ベクトルのファイルなら --corpus の文章から採る。桜/大臣 のように書くと 2 語を 1 語と"
    "みなし、どれほど正しく分かれるかを測る。",
)
EXAMPLES = [
    "bunsan senses novels.bunsan 首",
    "bunsan senses novels.bunsan 甘い -o sweet.html --method tsne",
    "bunsan senses novels.bunsan 首 --rows",
    "bunsan senses vectors.safetensors 首 --corpus novels.jsonl.gz --text text --words sudachi",
    "bunsan senses novels.bunsan 桜/大臣",
]


def command(
    collection: common.CollectionOrVectors,
    words: Annotated[list[str], typer.Argument(help=tr("A word, or several.", "語(複数可)。"))],
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help=tr(
                "For a file of vectors: texts in which the word occurs; repeatable.",
                "ベクトルのファイルを使うとき: 語の現れる文章。くり返し可。",
            )
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help=tr("The text column of a table.", "表の本文の列。"))
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help=tr("If the guess is wrong: cp932 ...", "推定が誤りのとき: cp932 など。")),
    ] = None,
    cut: Annotated[
        str,
        typer.Option(
            "--words",
            help=tr(
                "How the corpus becomes words: auto, spaces, sudachi, mecab, characters.",
                "文章の語の切り出し方: auto、spaces、sudachi、mecab、characters。",
            ),
        ),
    ] = "auto",
    senses: Annotated[
        int | None,
        typer.Option(
            "--senses",
            "-k",
            min=1,
            help=tr(
                "Number of groups; by the silhouette if left out.",
                "群の数。省略時はシルエットで決める。",
            ),
        ),
    ] = None,
    window: Annotated[
        int, typer.Option(min=1, max=100, help=tr("Words on each side.", "左右の語数。"))
    ] = 5,
    most: Annotated[
        int,
        typer.Option(min=20, help=tr("Occurrences drawn at most.", "抜き出す出現の最大数。")),
    ] = 2000,
    name: common.VectorsName = None,
    method: Annotated[
        str, typer.Option("--method", "-m", help="pca, tsne (openTSNE), umap (umap-learn)")
    ] = "pca",
    neighbours: Annotated[
        bool,
        typer.Option(
            "--neighbours",
            help=tr(
                "The words nearest to the one vector, with their groups.",
                "一つのベクトルに近い語と、その群。",
            ),
        ),
    ] = False,
    rows: common.Rows = False,
    where: common.Where = None,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.FigureOutput = None,
) -> None:
    from bunsan.tasks.senses import joined, senses_at

    tables = (".csv", ".tsv", ".xlsx", ".json", ".jsonl", ".parquet")
    drawn = output is not None and output.suffix.lower() not in tables
    if drawn and len(words) > 1:
        raise BadInput(
            tr("A figure shows one word.", "図にできるのは 1 語です。"),
            remedy=tr("Draw them one by one.", "1 語ずつ描いてください。"),
        )
    found = senses_at(
        collection,
        words,
        name=name,
        corpus=corpus,
        text=text,
        encoding=encoding,
        cut_into=cut,
        k=senses,
        window=window,
        most=most,
        where=common.parse_where(where),
        seed=seed,
    )
    if drawn and output is not None:
        found[0].save(output, method, seed=seed)
        common.written(output)
    if rows:
        common.emit_passages(
            [passage for one in found for passage in one.rows()],
            as_json=as_json,
            output=None if drawn else output,
        )
    elif not drawn or as_json:
        table = joined([one.neighbours() if neighbours else one.table() for one in found])
        more = {"words": [one.facts() for one in found]}
        common.emit(table, as_json=as_json, output=None if drawn else output, more=more)
    if not as_json and (drawn or output is not None or rows or neighbours or len(found) > 1
                        or not sys.stdout.isatty()):  # fmt: skip
        for one in found:
            common.say(one.finding)
