"""`bunsan predict`: answers of a fine-tuned model for rows of any number."""

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
    "Let a model made by bunsan finetune (or a published one with a head for classes, entities, answers or "
    "choices) answer for every row of files, folders, or - (standard input), into .csv .tsv .xlsx .jsonl "
    ".parquet. With --score the answers are compared with the labels in the data.",
    "bunsan finetune で作ったモデル(または公開されている分類・固有表現・質問応答・選択式のモデル)で、ファイル、"
    "フォルダー、-(標準入力)の各行を予測し、.csv .tsv .xlsx .jsonl .parquet に書く。--score でデータ中のラベルと"
    "比べて採点する。",
)
EXAMPLES = [
    "bunsan predict my-classifier new.xlsx -o predictions.xlsx",
    "bunsan predict my-classifier new.csv --probabilities --keep id,area -o predictions.csv",
    "bunsan predict my-classifier test.csv --score",
    "cat questions.txt | bunsan predict my-classifier - > predictions.jsonl",
]


def command(
    model: Annotated[
        str,
        typer.Argument(
            help=tr(
                "The folder that bunsan finetune made, or a name.",
                "bunsan finetune で作ったフォルダー、または名前。",
            )
        ),
    ],
    data: common.Sources,
    output: RowsOutput = None,
    probabilities: Probabilities = False,
    keep: common.Keep = None,
    no_text: WithoutText = False,
    score: Score = False,
    text: Annotated[
        str | None,
        typer.Option(help=tr("The text column, if it is not that of training.", "本文の列。")),
    ] = None,
    text2: common.Text2 = None,
    question: common.Question = None,
    label: TruthColumn = None,
    choices: common.Choices = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help=tr(
                "Several labels: from which probability. Answers: how much better none must be.",
                "複数ラベル: 付与する確率。answers: 「答えなし」とする差。",
            )
        ),
    ] = None,
    device: common.Device = None,
    threads: common.Threads = None,
    seed: common.Seed = 0,
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.finetuning.entry import open_task

    check_output(output)
    answer_rows(
        open_task(model, device=device, threads=threads, threshold=threshold),
        data,
        output,
        columns={
            "text": text,
            "text2": text2,
            "question": question,
            "label": label,
            "choices": list(common.parse_names(choices) or ()) or None,
        },
        keep=keep,
        no_text=no_text,
        probabilities=probabilities,
        score=score,
        seed=seed,
        reading=(encoding, format, sheet, refuse_bad_rows),
        as_json=as_json,
    )
