"""`bunsan vectors`: what is in a file of vectors, and saving them in another form."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Describe a file of word vectors (word2vec, fastText, GloVe, gensim, bunsan's own), with what is odd "
    "in it; -o saves them in another format.",
    "語のベクトルのファイル(word2vec、fastText、GloVe、gensim、bunsan 形式)の中身とおかしな点を示す。"
    "-o で別の形式に保存する。",
)
EXAMPLES = [
    "bunsan vectors cc.ja.300.vec.gz",
    "bunsan vectors jawiki.bin -o jawiki.safetensors --storage int8",
    "bunsan vectors reviews.bunsan --vectors word2vec -o reviews.txt",
]


def command(
    vectors: common.VectorsPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=tr(
                "Save as .safetensors .txt .vec .w2v .bin .glove .kv.",
                "保存先(.safetensors .txt .vec .w2v .bin .glove .kv)。",
            ),
        ),
    ] = None,
    name: common.VectorsName = None,
    storage: Annotated[
        str | None,
        typer.Option(help=tr("float32, float16, int8 (.safetensors)", "float32、float16、int8")),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=tr("Only the first so many words.", "先頭から何語だけ読むか。")),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help=tr("Of the words, if not UTF-8.", "UTF-8 以外のとき。"))
    ] = None,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.vectors import convert, described, vectors_at
    from bunsan.words.vectors.files.dispatch import lost_in_saving

    opened = vectors_at(vectors, name, limit=limit, encoding=encoding)
    if output is not None:
        written = convert(opened, output, storage=storage)
        common.written(written)
        for note in lost_in_saving(opened, written):
            common.say(str(note))
        if not as_json:
            return
    facts = described(opened)
    if as_json:
        common.print_json(facts)
        return
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            print(f"{key}: {line}")
