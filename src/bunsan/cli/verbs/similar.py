"""`bunsan similar`: words used alike, and arithmetic with words."""

from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Words that are used alike (they occur beside the same words), by PPMI vectors and cosine. "
    'Arithmetic works too: "王 - 男 + 女".',
    "使われ方の似た語(同じ語とともに現れる語)。PPMI ベクトルのコサイン類似度による。「王 - 男 + 女」のような計算もできる。",
)
EXAMPLES = [
    "bunsan similar reviews.bunsan 朝食",
    'bunsan similar reviews.bunsan "王 - 男 + 女" --reduce 100',
    "bunsan similar reviews.bunsan りんご --contexts predicates",
]


def command(
    collection: common.CollectionPath,
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
    rows: common.Rows = False,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
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
