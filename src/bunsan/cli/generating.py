"""Options that the verbs of generation share. Imports nothing heavy."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli.common import say

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help=tr(
            "A folder, or a name (see bunsan models).",
            "フォルダーまたは名前(bunsan models で一覧)。",
        ),
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", min=1, help=tr("Longest answer, in tokens.", "最大トークン数。")),
]
MinTokens = Annotated[
    int | None,
    typer.Option("--min-tokens", min=0, help=tr("Shortest answer.", "最小トークン数。")),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        min=0,
        help=tr(
            "0: the likeliest token; 1: as the model has it; more: bolder.",
            "0 で最尤、1 でモデルの確率どおり、大きいほど大胆。",
        ),
    ),
]
TopK = Annotated[
    int | None,
    typer.Option("--top-k", min=0, help=tr("Among the k likeliest.", "上位 k 個から選ぶ。")),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        help=tr("Among the likeliest that make up p.", "確率の合計が p になる上位から選ぶ。"),
    ),
]
MinP = Annotated[
    float | None,
    typer.Option(
        "--min-p",
        help=tr(
            "Among those at least p times as likely as the likeliest.",
            "最尤の p 倍以上の確率のものから選ぶ。",
        ),
    ),
]
RepetitionPenalty = Annotated[
    float | None,
    typer.Option(
        "--repetition-penalty",
        help=tr("Above 1: repeats itself less.", "1 より大きいと繰り返しが減る。"),
    ),
]
NoRepeat = Annotated[
    int | None,
    typer.Option(
        "--no-repeat-ngram",
        min=0,
        help=tr("No n tokens twice in a row.", "同じ n トークンの並びを繰り返さない。"),
    ),
]
Stop = Annotated[
    list[str] | None,
    typer.Option(
        help=tr(
            r"Text that ends the answer; repeatable; \n is a line break.",
            r"生成を終える文字列(くり返し指定可)。\n は改行。",
        )
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help=tr("Seed of what is drawn.", "乱数の種。"))
]
Beams = Annotated[
    int | None, typer.Option(min=1, help=tr("Width of a beam search.", "ビーム探索の幅。"))
]
LengthPenalty = Annotated[
    float | None,
    typer.Option(
        "--length-penalty",
        help=tr("Beams: above 0 favours long answers.", "ビーム探索: 0 より大きいと長い文を好む。"),
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        help=tr(
            "float32, bfloat16, float16, int8 (fastest, coarser).",
            "float32、bfloat16、float16、int8(最速だが粗い)。",
        )
    ),
]


def open_generator(model: str | None, precision: str) -> "TextGenerator":
    """The model, or the error that says how to name one."""
    if model is None:
        raise BadInput(
            tr("Which model?", "モデルが指定されていません。"),
            remedy=tr(
                "Give --model FOLDER or a name; `bunsan models --task complete` lists some.",
                "--model にフォルダーか名前を指定してください。`bunsan models` で一覧できます。",
            ),
        )
    from bunsan.tasks.complete import open_generator as open_

    return open_(model, precision=precision)


def stops(given: list[str] | None) -> list[str] | None:
    """Stop strings as typed, with \\n and \\t as the characters they stand for."""
    return [s.replace("\\n", "\n").replace("\\t", "\t") for s in given] if given else None


def tell_cut(cut: int, room: int | None) -> None:
    """That the prompt was too long."""
    if cut:
        say(
            tr(
                f"The prompt is too long for this model ({room:,} tokens): {cut:,} were left out.",
                f"入力がモデルの上限({room:,} トークン)を超えるため、{cut:,} トークンを省きました。",
            )
        )


def given(**settings: Any) -> dict[str, Any]:
    """The settings that were given on the line."""
    return {name: value for name, value in settings.items() if value is not None}
