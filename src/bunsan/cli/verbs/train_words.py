"""`bunsan train-words`: word vectors from plain corpora or tables."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Learn word vectors (word2vec, fastText, GloVe). Plain text with words between spaces is read at the "
    "speed of the disk; other text is cut into words first. Interrupted, the same command goes on.",
    "語のベクトル(word2vec、fastText、GloVe)を学習する。空白区切りのテキストはそのまま高速に読み、"
    "それ以外は語に切ってから学習する。中断しても、同じコマンドで続きから再開する。",
)
EXAMPLES = [
    "bunsan train-words corpus.txt --method skipgram --words spaces -o vectors",
    "bunsan train-words novels.jsonl --text text --words sudachi --method fasttext --minn 1 --maxn 3 -o novels",
    "bunsan train-words corpus.txt --words spaces --method glove --window 10 --epochs 20 -o glove.txt",
]


def command(
    sources: common.CorpusSources,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=tr(
                "File to save: no ending or .safetensors (bunsan's own), .txt .vec .w2v .bin .glove .kv.",
                "保存先。拡張子なし・.safetensors(bunsan 形式)、.txt .vec .w2v .bin .glove .kv。",
            ),
        ),
    ],
    method: Annotated[
        str, typer.Option("--method", "-m", help="skipgram, cbow, fasttext, glove")
    ] = "skipgram",
    words: Annotated[
        str,
        typer.Option(
            help=tr(
                "How text becomes words: auto, spaces, sudachi, mecab, characters.",
                "語の切り出し方: auto、spaces(空白区切り)、sudachi、mecab、characters(文字)。",
            )
        ),
    ] = "auto",
    text: Annotated[
        str | None, typer.Option(help=tr("The text column of a table.", "表の本文の列。"))
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help=tr("If the guess is wrong: cp932 ...", "推定が誤りのとき: cp932 など。")),
    ] = None,
    dim: Annotated[int, typer.Option(min=1, help=tr("Dimensions.", "次元数。"))] = 100,
    window: Annotated[
        int | None, typer.Option(min=1, help=tr("Words on each side.", "左右の語数。"))
    ] = None,
    negative: Annotated[
        int | None, typer.Option(min=0, help=tr("Noise words a word.", "負例の数。"))
    ] = None,
    hs: Annotated[
        bool,
        typer.Option(
            "--hs", help=tr("Hierarchical softmax instead.", "負例の代わりに階層的ソフトマックス。")
        ),
    ] = False,
    sample: Annotated[
        float | None,
        typer.Option(help=tr("Skip words more frequent than this.", "高頻度語の間引き。")),
    ] = None,
    min_count: Annotated[
        int, typer.Option(min=1, help=tr("Leave rarer words out.", "これより少ない語は除く。"))
    ] = 5,
    alpha: Annotated[
        float | None,
        typer.Option(
            help=tr("First learning rate (GloVe: eta).", "学習率の初期値(GloVe では eta)。")
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help=tr("Times the text is read.", "くり返し回数。"))
    ] = None,
    minn: Annotated[
        int | None,
        typer.Option(
            min=1, help=tr("fastText: shortest n-gram.", "fastText: n-gram の最短文字数。")
        ),
    ] = None,
    maxn: Annotated[
        int | None,
        typer.Option(
            min=1, help=tr("fastText: longest n-gram.", "fastText: n-gram の最長文字数。")
        ),
    ] = None,
    bucket: Annotated[
        int | None,
        typer.Option(min=1, help=tr("fastText: hash buckets.", "fastText: ハッシュの数。")),
    ] = None,
    readings: Annotated[
        bool,
        typer.Option(
            "--readings",
            help=tr(
                "fastText: n-grams of Japanese readings too, so that spellings of a word are alike.",
                "fastText: 読みの n-gram も使う(引っ越し・引越し・ひっこしが近くなる)。",
            ),
        ),
    ] = False,
    x_max: Annotated[
        float | None,
        typer.Option(
            help=tr("GloVe: counts from here on weigh fully.", "GloVe: 重みが最大になる頻度。")
        ),
    ] = None,
    phrases: Annotated[
        int,
        typer.Option(
            min=0,
            max=10,
            help=tr(
                "Passes that join words which belong together.",
                "連語をつなぐ処理の回数。0 でなし。",
            ),
        ),
    ] = 0,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=tr(
                "All cores by default; 1 gives the same vectors every time.",
                "既定は全コア。1 なら毎回同じ結果になる。",
            ),
        ),
    ] = None,
    seed: common.Seed = 1,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.training import train_words
    from bunsan.tasks.vectors import vector_path

    vectors = train_words(
        sources,
        method=method,
        words=words,
        to=output,
        text=text,
        encoding=encoding,
        phrases=phrases,
        dim=dim,
        window=window,
        negative=negative,
        hs=hs or None,
        sample=sample,
        min_count=min_count,
        epochs=epochs,
        minn=minn,
        maxn=maxn,
        bucket=bucket,
        readings=readings or None,
        x_max=x_max,
        threads=threads,
        seed=seed,
        alpha=None if method == "glove" else alpha,
        eta=alpha if method == "glove" else None,
    )
    common.tell_trained(vectors, str(vector_path(output)), as_json)
