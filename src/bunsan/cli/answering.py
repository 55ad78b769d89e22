"""What verbs share that answer for every row of some data: predict, classify."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.answering import Answering
    from bunsan.tasks.finetuning.predicting import Predicted

Probabilities = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        "-p",
        help=tr("A column for the probability of every label.", "各ラベルの確率の列を加える。"),
    ),
]
WithoutText = Annotated[
    bool, typer.Option("--no-text", help=tr("Leave the texts out.", "本文を書き出さない。"))
]
RowsOutput = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help=tr(
            ".csv .tsv .xlsx .jsonl .parquet; JSON lines on stdout when left out.",
            "出力先(.csv .tsv .xlsx .jsonl .parquet)。省略時は標準出力に JSON 行。",
        ),
    ),
]
TruthColumn = Annotated[
    str | None, typer.Option(help=tr("The column of labels, for --score.", "ラベルの列。"))
]
Score = Annotated[
    bool,
    typer.Option(
        "--score",
        help=tr(
            "Compare with the labels in the data; without -o only the scores are given.",
            "データ中のラベルと比べて採点する。-o がなければ成績だけを出す。",
        ),
    ),
]


def check_output(output: Path | None) -> None:
    """Refuse a file that rows cannot be written to, before a model is opened."""
    from bunsan.tasks.row_files import check_rows_suffix

    if output is not None:
        check_rows_suffix(output)


def answer_rows(
    opened: "Answering",
    data: list[str],
    output: Path | None,
    *,
    columns: Mapping[str, Any],
    keep: str | None,
    no_text: bool,
    probabilities: bool,
    score: bool,
    seed: int,
    reading: tuple[str | None, str | None, str | None, bool],
    as_json: bool,
) -> None:
    """Read, answer, write or score, and tell what was done.

    Parameters
    ----------
    reading : encoding, format, sheet, and whether bad rows are refused.
    """
    from bunsan.tasks.finetuning.predicting import Columns, predict_file
    from bunsan.tasks.finetuning.records import ReadingOptions
    from bunsan.tasks.row_files import LineWriter

    opened.task.tell_columns({part: name for part, name in columns.items() if name})
    lines = output is None and not score
    encoding, format, sheet, refuse = reading
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
            encoding, format, common.parse_sheet(sheet), "refuse" if refuse else "skip"
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
