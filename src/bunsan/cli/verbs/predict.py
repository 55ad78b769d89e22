"""`bunsan predict`: answers of a fine-tuned model for rows of any number."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.predicting import Predicted

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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=tr(
                ".csv .tsv .xlsx .jsonl .parquet; JSON lines on stdout when left out.",
                "出力先(.csv .tsv .xlsx .jsonl .parquet)。省略時は標準出力に JSON 行。",
            ),
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities",
            "-p",
            help=tr("A column for the probability of every label.", "各ラベルの確率の列を加える。"),
        ),
    ] = False,
    keep: common.Keep = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help=tr("Leave the texts out.", "本文を書き出さない。"))
    ] = False,
    score: Annotated[
        bool,
        typer.Option(
            "--score",
            help=tr(
                "Compare with the labels in the data; without -o only the scores are given.",
                "データ中のラベルと比べて採点する。-o がなければ成績だけを出す。",
            ),
        ),
    ] = False,
    text: Annotated[
        str | None,
        typer.Option(help=tr("The text column, if it is not that of training.", "本文の列。")),
    ] = None,
    text2: common.Text2 = None,
    question: common.Question = None,
    label: Annotated[
        str | None, typer.Option(help=tr("The column of labels, for --score.", "ラベルの列。"))
    ] = None,
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
    from bunsan.tasks.finetuning.predicting import Columns, predict_file
    from bunsan.tasks.finetuning.records import ReadingOptions
    from bunsan.tasks.row_files import LineWriter, check_rows_suffix

    if output is not None:
        check_rows_suffix(output)
    opened = open_task(model, device=device, threads=threads, threshold=threshold)
    told = {
        "text": text,
        "text2": text2,
        "question": question,
        "label": label,
        "choices": list(common.parse_names(choices) or ()) or None,
    }
    opened.task.tell_columns({part: name for part, name in told.items() if name})
    lines = output is None and not score
    done = predict_file(
        opened,
        common.paths(data),
        output,
        columns=Columns(
            keep=common.parse_names(keep) or (),
            with_text=not no_text,
            probabilities=probabilities,
            whole=lines,
        ),
        score=score,
        options=ReadingOptions(
            encoding,
            format,
            common.parse_sheet(sheet),
            "refuse" if refuse_bad_rows else "skip",
        ),
        writer=LineWriter(sys.stdout) if lines else None,
        seed=seed,
    )
    _tell(done)
    if as_json and not lines:
        common.print_json({"output": None if output is None else str(output), **done.to_dict()})
        return
    if done.scores is not None:
        print(done.scores.table())
    if output is not None:
        common.written(output)


def _tell(done: "Predicted") -> None:
    reading = done.reading
    for problem in reading.report.problems[:5]:
        common.say(f"{problem.file}:{problem.row}: {problem.message}")
    skipped = reading.report.skipped.total() + reading.without_text
    if skipped:
        common.say(
            tr(
                f"Left out {skipped:,} rows without a text or damaged.",
                f"本文がないか壊れている {skipped:,} 行を読み飛ばしました。",
            )
        )
    if reading.without_label:
        common.say(
            tr(
                f"{reading.without_label:,} rows have no label and were not scored.",
                f"ラベルのない {reading.without_label:,} 行は採点していません。",
            )
        )
    common.say(tr(f"{done.rows:,} rows predicted.", f"{done.rows:,} 行を予測しました。"))
