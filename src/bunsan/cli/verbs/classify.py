"""`bunsan classify`: labels without training, from their names or from a few examples."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common
from bunsan.cli.answering import (
    Probabilities,
    RowsOutput,
    Score,
    TruthColumn,
    WithoutText,
    answer_rows,
    check_output,
)

HELP = tr(
    "Give every row one of your labels without training (zero-shot), or after a few examples of each (few-shot). The "
    "Japanese encoder that comes with bunsan compares meanings; --model names another one, or a decoder such as GPT-2, "
    "which chooses the answer that follows. With some hundred labelled rows, bunsan finetune does better.",
    "学習なしで、各行に指定したラベルのどれかを付ける(ゼロショット)。少数の例を与えることもできる(少数例)。"
    "付属の日本語エンコーダーで意味の近さを比べる。--model で別のモデルや GPT-2 などのデコーダー(続きとして最もありそうな"
    "答えを選ぶ)も使える。ラベルつきの行が数百あるなら bunsan finetune の方がよい。",
)
EXAMPLES = [
    "bunsan classify reviews.csv --labels 部屋,食事,接客,立地 -o labelled.xlsx",
    "bunsan classify reviews.csv --labels 良い,悪い --examples ten.csv --score",
    "bunsan classify mails.txt --labels 質問,苦情 --model ./my-gpt2 --prompt 'メール:{text} 種類:'",
]


def command(
    data: common.Sources,
    labels: Annotated[
        str,
        typer.Option(
            "--labels",
            "-l",
            help=tr("Two or more labels, with commas between.", "ラベル(二つ以上、コンマ区切り)。"),
        ),
    ],
    examples: Annotated[
        Path | None,
        typer.Option(
            "--examples",
            "-e",
            help=tr(
                "A table with some texts of every label, in columns called as in the data, or text and label.",
                "各ラベルの例の表(列名はデータと同じか、text と label)。",
            ),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help=tr(
                "An encoder or a decoder: a folder, or a name.",
                "エンコーダーまたはデコーダー(フォルダーか名前)。",
            ),
        ),
    ] = None,
    output: RowsOutput = None,
    put: Annotated[
        str,
        typer.Option(
            "--put",
            help=tr(
                "How a label is put: '{label}についての感想'.",
                "ラベルの言い表し方('{label}についての感想' など)。",
            ),
        ),
    ] = "{label}",
    prompt: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "For a decoder: what comes before the answer; {text} stands for the text.",
                "デコーダー用: 答えの前に置く文({text} が本文になる)。",
            )
        ),
    ] = None,
    probabilities: Probabilities = False,
    keep: common.Keep = None,
    no_text: WithoutText = False,
    score: Score = False,
    text: Annotated[
        str | None, typer.Option(help=tr("The text column of a table.", "表の本文の列。"))
    ] = None,
    label: TruthColumn = None,
    device: common.Device = None,
    threads: common.Threads = None,
    seed: common.Seed = 0,
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.labelling import open_labeller, read_examples

    check_output(output)
    shown = [] if examples is None else read_examples(examples, text=text, label=label)
    opened = open_labeller(
        common.parse_names(labels) or (),
        examples=shown,
        model=model,
        label=put,
        prompt=prompt,
        device=device,
        threads=threads,
    )
    answer_rows(
        opened,
        data,
        output,
        columns={"text": text, "label": label},
        keep=keep,
        no_text=no_text,
        probabilities=probabilities,
        score=score,
        seed=seed,
        reading=(encoding, format, sheet, refuse_bad_rows),
        as_json=as_json,
    )
