"""The verbs, one file each, put together into one command line."""

from typing import Annotated

import typer

from bunsan._version import __version__
from bunsan.base.language import tr
from bunsan.cli.verbs import (
    add,
    antonyms,
    chat,
    classify,
    code,
    compare,
    complete,
    demo,
    encode,
    evaluate,
    features,
    finetune,
    info,
    kwic,
    learn,
    models,
    network,
    odd,
    predict,
    pretrain,
    project,
    prompt,
    related,
    remove,
    search,
    senses,
    serve,
    shots,
    similar,
    studio,
    train_tokenizer,
    train_words,
    vectors,
    words,
)
from bunsan.cli.verbs import map as map_

EPILOG = tr(
    "Every verb: --quiet (no bars, no notes), --lang ja|en, --offline. Exit codes: 0 done, 1 failed, "
    "2 bad input, 3 something is missing, 130 interrupted.",
    "全コマンド共通: --quiet(進捗と注記を出さない)、--lang ja|en、--offline。終了コード: 0 完了、1 失敗、"
    "2 入力の誤り、3 不足、130 中断。",
)

app = typer.Typer(
    name="bunsan",
    help=tr(
        "Learn from text: search, similar words, feature words, networks, maps, word vectors.",
        "文章から学ぶ: 検索、似た語、特徴語、共起ネットワーク、対応分析、語のベクトル。",
    ),
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"bunsan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help=tr("Show the version.", "版を表示。"),
        ),
    ] = False,
) -> None:
    pass


_EXAMPLE = tr("Example:", "例:")

for name, verb in {
    "demo": demo,
    "learn": learn,
    "add": add,
    "remove": remove,
    "info": info,
    "words": words,
    "search": search,
    "similar": similar,
    "related": related,
    "features": features,
    "kwic": kwic,
    "network": network,
    "map": map_,
    "code": code,
    "encode": encode,
    "classify": classify,
    "compare": compare,
    "train-words": train_words,
    "pretrain": pretrain,
    "finetune": finetune,
    "predict": predict,
    "train-tokenizer": train_tokenizer,
    "vectors": vectors,
    "evaluate": evaluate,
    "project": project,
    "odd": odd,
    "antonyms": antonyms,
    "senses": senses,
    "complete": complete,
    "prompt": prompt,
    "shots": shots,
    "chat": chat,
    "serve": serve,
    "studio": studio,
    "models": models,
}.items():
    # Two spaces before a line keep typer from joining it to the one above.
    help_text = f"{verb.HELP}\n\n{_EXAMPLE}\n\n" + "\n\n".join(
        f"$ {line}" for line in verb.EXAMPLES
    )
    app.command(name, help=help_text, epilog=EPILOG)(verb.command)
