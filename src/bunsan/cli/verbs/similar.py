"""`bunsan similar`: words used alike, and arithmetic with words."""

from typing import Annotated, Any

import typer

from bunsan.base.language import tr
from bunsan.base.shipped import shipped_models
from bunsan.cli import common

HELP = tr(
    "Words that are used alike (they occur beside the same words), by PPMI vectors and cosine, or by word "
    "vectors: of a file, or with --vectors those a collection has learned. "
    'Arithmetic works too: "王 - 男 + 女".',
    "使われ方の似た語(同じ語とともに現れる語)。PPMI ベクトルのコサイン類似度による。ベクトルのファイル、"
    "または --vectors でコレクションが学習したベクトルも使える。「王 - 男 + 女」のような計算もできる。",
)
EXAMPLES = [
    "bunsan similar reviews.bunsan 朝食",
    'bunsan similar reviews.bunsan "王 - 男 + 女" --reduce 100',
    "bunsan similar reviews.bunsan りんご --contexts predicates",
    "bunsan similar reviews.bunsan 朝食 --vectors word2vec",
    'bunsan similar vectors.safetensors "日本 - 東京 + パリ" --arithmetic 3cosmul',
]


def command(
    collection: common.CollectionOrVectors,
    word: Annotated[
        str,
        typer.Argument(
            help=tr("A word, or words joined by + and -.", "語、または + と - でつないだ語。")
        ),
    ],
    top: common.Top = 15,
    contexts: Annotated[
        str,
        typer.Option(
            help=tr(
                "window: words nearby; predicates: the verbs and adjectives that govern it.",
                "window: 近くの語。predicates: その語を支配する動詞・形容詞。",
            )
        ),
    ] = "window",
    window: Annotated[
        int, typer.Option(min=1, max=100, help=tr("Content words on each side.", "左右の語数。"))
    ] = 5,
    reduce: Annotated[
        int | None,
        typer.Option(min=2, help=tr("Dimensions kept by SVD.", "特異値分解で残す次元数。")),
    ] = None,
    min_count: Annotated[
        int, typer.Option(min=1, help=tr("Ignore rarer words.", "これより少ない語は無視。"))
    ] = 5,
    pos: common.Pos = None,
    name: common.VectorsName = None,
    arithmetic: common.Arithmetic = "3cosadd",
    restrict: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=tr(
                "Word vectors: only among the first so many words.",
                "ベクトル使用時: 先頭から何語の中で探すか。",
            ),
        ),
    ] = None,
    rows: common.Rows = False,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    if name is not None or collection.is_file() or str(collection) in shipped_models():
        from bunsan.tasks.vectors import nearest, vectors_at

        options: dict[str, Any] = {"method": common.arithmetic(arithmetic), "restrict": restrict}
        near = (
            nearest(vectors_at(collection), word, k=top, **options)
            if name is None
            else common.open_collection(collection).nearest(word, vectors=name, k=top, **options)
        )
        common.emit(near.table(), as_json=as_json, output=output, more={"word": word})
        return
    opened = common.open_collection(collection)
    result = opened.similar(
        word,
        k=top,
        contexts=contexts,
        window=window,
        reduce=reduce,
        min_count=min_count,
        pos=common.parse_pos(pos),
        seed=seed,
    )
    if rows:
        common.emit_passages(result.rows(), as_json=as_json, output=output)
        return
    common.emit(result.table(), as_json=as_json, output=output, more={"word": word})
