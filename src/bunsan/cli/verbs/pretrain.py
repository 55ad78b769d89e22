"""`bunsan pretrain`: a model from texts, by a recipe."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Train a language model (BERT, ELECTRA, GPT-2, T5, BART, ...) on texts of any size, by a recipe. "
    "Interrupted, the same command goes on where it stopped. Several processes: torchrun "
    "--nproc-per-node 2 -m bunsan pretrain ...",
    "レシピに従って言語モデル(BERT、ELECTRA、GPT-2、T5、BART など)をテキストから学習する。大きさは問わない。"
    "中断しても同じコマンドで続きから再開する。複数プロセス: torchrun --nproc-per-node 2 -m bunsan pretrain ...",
)
EXAMPLES = [
    "bunsan pretrain bert-tiny --corpus novels.jsonl --text text -o my-bert",
    "bunsan pretrain electra-small --corpus corpus/ --tokenizer my-bert --minutes 60 -o my-electra",
    "bunsan pretrain recipe.toml --corpus corpus.txt --start my-bert --set rate=1e-4 -o better",
]


def command(
    recipe: Annotated[
        str,
        typer.Argument(
            help=tr(
                "The name of a recipe (--list shows them) or a .toml file.",
                "レシピの名前(--list で一覧)または .toml ファイル。",
            )
        ),
    ] = "",
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            "-c",
            help=tr(
                "Files (txt csv xlsx jsonl parquet, also .gz) or folders; repeatable.",
                "ファイル(txt csv xlsx jsonl parquet、.gz も可)やフォルダー(くり返し指定可)。",
            ),
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=tr("Folder to make.", "作るフォルダー。")),
    ] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help=tr(
                "Folder of a tokenizer; without it one is learned.",
                "トークナイザーのフォルダー。なければ学習する。",
            )
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help=tr("A model to go on from.", "続きから学習する元のモデル。")),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help=tr("For a distillation.", "蒸留の教師モデル。"))
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help=tr("Updates.", "更新回数。"))] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help=tr("As many updates as fit.", "この時間に収まるだけ更新する。")),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=tr(
                "Change a setting of the recipe's [training]; repeatable.",
                "レシピの [training] の値を変える(くり返し指定可)。",
            ),
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help=tr("The text column of a table.", "表の本文の列。"))
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help=tr("If the guess is wrong: cp932 ...", "推定が誤りのとき: cp932 など。")),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "A document of plain text: line, paragraph, file.",
                "テキストの1文書: line(行)、paragraph(段落)、file(ファイル)。",
            )
        ),
    ] = None,
    threads: common.Threads = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ...")] = None,
    curves: Annotated[
        bool, typer.Option("--curves", help=tr("Write for TensorBoard.", "TensorBoard 用に記録。"))
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help=tr(
                "Keep OUTPUT.training: tokens, checkpoint.",
                "OUTPUT.training(トークンと途中経過)を残す。",
            ),
        ),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help=tr("Seed of whatever is random.", "乱数の種。"))
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help=tr("List the recipes.", "レシピの一覧。"))
    ] = False,
    as_json: common.AsJson = False,
) -> None:
    if list_:
        _list(as_json)
        return
    if not recipe or not corpus or output is None:
        raise BadInput(
            tr(
                "A recipe, --corpus and --output are needed.",
                "レシピ、--corpus、--output が必要です。",
            ),
            remedy=tr(f"For example: {EXAMPLES[0]}", f"例: {EXAMPLES[0]}"),
        )
    from bunsan.tasks.pretrain import pretrain

    done = pretrain(
        recipe,
        common.paths(corpus),
        to=output,
        tokenizer=tokenizer,
        start=start,
        teacher=teacher,
        text=text,
        encoding=encoding,
        unit=unit,
        threads=threads,
        device=device,
        curves=curves,
        keep=keep,
        **{"steps": steps, "minutes": minutes, "seed": seed, **_changes(change)},
    )
    if os.environ.get("RANK", "0") != "0":  # torchrun started several: one tells
        return
    trained = done.trained
    row: dict[str, Any] = {
        "folder": str(done.folder),
        "parameters": done.parameters,
        "documents": done.documents,
        "corpus_tokens": done.corpus_tokens,
        "steps": trained.steps,
        "tokens": trained.tokens,
        "seconds": round(trained.seconds, 1),
        "loss": round(trained.loss, 4),
        "evaluation": None if trained.evaluation is None else round(trained.evaluation, 4),
    }
    if as_json:
        common.print_json({**row, **done.reading.to_dict()})
        return
    for name, value in row.items():
        if value is not None:
            print(f"{name}\t{value}")


def _changes(pairs: list[str] | None) -> dict[str, Any]:
    """`["rate=1e-4"]` as `{"rate": 1e-4}`, values as TOML has them."""
    import tomllib

    changes: dict[str, Any] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        try:
            if not equals:
                raise ValueError(pair)
            changes[name.strip()] = tomllib.loads(f"x = {value}")["x"]
        except ValueError:  # a word, which TOML wants in quotes
            if not equals or "\n" in pair:
                raise BadInput(
                    tr(
                        f"--set {pair!r} is not NAME=VALUE.",
                        f"--set {pair!r} は 名前=値 の形ではありません。",
                    ),
                    remedy=tr("For example: --set rate=1e-4", "例: --set rate=1e-4"),
                ) from None
            changes[name.strip()] = value
    return changes


def _list(as_json: bool) -> None:
    """Recipes and the first line of what is written on top of each."""
    from bunsan.training.recipe import FOLDER, recipes

    rows = []
    for name in recipes():
        first = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0]
        rows.append({"recipe": name, "about": first.lstrip("# ")})
    if as_json:
        common.print_json({"rows": rows})
        return
    for row in rows:
        print(f"{row['recipe']}\t{row['about']}")
