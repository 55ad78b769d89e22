"""`bunsan train-tokenizer`: a tokenizer for a model of one's own, learned from text."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Learn a tokenizer (WordPiece, BPE, byte BPE, Unigram, characters) from text of any size. The folder "
    "opens in transformers' AutoTokenizer too.",
    "トークナイザー(WordPiece、BPE、バイト BPE、Unigram、文字)を文章から学習する。大きさは問わない。"
    "保存先は transformers の AutoTokenizer でも開ける。",
)
EXAMPLES = [
    "bunsan train-tokenizer corpus.txt -o tokenizer --words mecab-unidic-lite --vocab-size 32768",
    "bunsan train-tokenizer novels.jsonl --text text -o gpt --kind byte-bpe",
    "bunsan train-tokenizer corpus.txt.gz -o t5 --kind unigram --words scripts --vocab-size 8000",
]


def command(
    sources: common.CorpusSources,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help=tr("Folder to save to.", "保存先のフォルダー。")),
    ],
    kind: Annotated[
        str, typer.Option("--kind", "-k", help="wordpiece, bpe, byte-bpe, unigram, characters")
    ] = "wordpiece",
    vocab_size: Annotated[
        int,
        typer.Option(
            min=1,
            help=tr("Ids at most, special tokens included.", "語彙の数(特殊トークンを含む)。"),
        ),
    ] = 32_000,
    words: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Words are cut first: mecab-ipadic, mecab-unidic-lite, mecab-unidic, sudachi, jumanpp, "
                "basic, scripts (where kanji, kana, letters meet), spaces (cut beforehand).",
                "先に語に切る方法: mecab-ipadic、mecab-unidic-lite、mecab-unidic、sudachi、jumanpp、"
                "basic、scripts(漢字・かな・英字などの境目)、spaces(空白区切り済み)。",
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
    lower: Annotated[
        bool, typer.Option("--lower", help=tr("Make all text lower case.", "小文字にそろえる。"))
    ] = False,
    family: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Whose special tokens: bert, roberta, gpt2, t5 (by kind if not given).",
                "特殊トークンの種類: bert、roberta、gpt2、t5(省略時は kind による)。",
            )
        ),
    ] = None,
    special: Annotated[
        list[str] | None,
        typer.Option(help=tr("One more special token; again for more.", "特殊トークンの追加。")),
    ] = None,
    min_frequency: Annotated[
        int,
        typer.Option(
            min=1, help=tr("Rarer pairs are not joined.", "これより少ない組はつながない。")
        ),
    ] = 2,
    alphabet: Annotated[
        int | None,
        typer.Option(min=1, help=tr("Characters known at most.", "文字の種類の上限。")),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(min=1, help=tr("The longest input of the model.", "モデルの最大入力長。")),
    ] = None,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.tokenizers import train_tokenizer

    tokenizer = train_tokenizer(
        sources,
        kind=kind,
        vocab_size=vocab_size,
        words=words,
        to=output,
        text=text,
        encoding=encoding,
        lower=lower,
        family=family,
        special_tokens=special or (),
        min_frequency=min_frequency,
        alphabet=alphabet,
        max_length=max_length,
    )
    common.written(output)
    facts = {
        "folder": str(output),
        "kind": tokenizer.segmenter.kind,
        "vocab_size": tokenizer.vocab_size,
        "max_length": tokenizer.max_length,
        "special": dict(sorted(tokenizer.special.roles.items())),
    }
    if as_json:
        common.print_json(facts)
        return
    for key, value in facts.items():
        print(f"{key}: {value}")
