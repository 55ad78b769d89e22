"""`bunsan shots`: accuracy by the number of examples in the prompt."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common, generating

HELP = tr(
    "How often a model is right with no, one and more examples in its prompt, on a table of tasks "
    "(columns task, input, answer). --practice makes small tasks to train and test a model on.",
    "プロンプトの例が0件、1件、数件のときの正答率を、課題の表(task、input、answer の列)で測る。"
    "--practice は学習用とテスト用の小さな課題を作る。",
)
EXAMPLES = [
    "bunsan shots --practice made",
    "bunsan pretrain in-context --corpus made/practice.jsonl --text text -o learner",
    "bunsan shots learner made/held_out.jsonl -o shots.html",
    "bunsan shots ./my-gpt2 tasks.xlsx --shots 0,1,5",
]


def command(
    model: Annotated[
        str | None, typer.Argument(help=tr("A folder, or a name.", "フォルダーまたは名前。"))
    ] = None,
    tasks: Annotated[str | None, typer.Argument(help=tr("A table of tasks.", "課題の表。"))] = None,
    shots: Annotated[str, typer.Option(help=tr("Numbers of examples.", "例の数。"))] = "0,1,2,4,8",
    queries: Annotated[
        int, typer.Option(min=1, help=tr("Questions a task.", "1課題あたりの質問数。"))
    ] = 8,
    practice: Annotated[
        Path | None,
        typer.Option(
            help=tr("Make tasks in this folder, and nothing else.", "課題をこのフォルダーに作る。")
        ),
    ] = None,
    documents: Annotated[
        int,
        typer.Option(
            min=1, help=tr("With --practice: texts to train on.", "--practice の学習用文書の数。")
        ),
    ] = 100_000,
    seed: Annotated[int, typer.Option(help=tr("Seed of whatever is random.", "乱数の種。"))] = 0,
    precision: generating.Precision = "float32",
    as_json: common.AsJson = False,
    output: common.FigureOutput = None,
) -> None:
    if practice is not None:
        from bunsan.tasks.shots.practice import write_practice

        for name, count in write_practice(practice, documents=documents, seed=seed).items():
            print(f"{practice / name}\t{count}")
        return
    if model is None or tasks is None:
        raise BadInput(
            tr("A model and a table of tasks are needed.", "モデルと課題の表が必要です。"),
            remedy=tr(f"For example: {EXAMPLES[2]}", f"例: {EXAMPLES[2]}"),
        )
    numbers = _numbers(shots)
    from bunsan.tasks.shots.accuracy import read_tasks, shot_accuracy

    read = read_tasks(tasks)
    generator = generating.open_generator(model, precision)
    found = shot_accuracy(read, generator, shots=numbers, queries=queries, seed=seed)
    if found.cut:
        common.say(
            tr(
                f"{found.cut} prompts did not fit with all their examples.",
                f"{found.cut} 件のプロンプトは例がすべては収まりませんでした。",
            )
        )
    if output is not None:
        found.save(output)
        common.say(found.finding)
        return
    common.emit(found.table(), as_json=as_json, output=None)


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.replace("、", ",").split(",")]
        if min(numbers) < 0:
            raise ValueError
    except ValueError as error:
        raise BadInput(
            tr(
                f"--shots {text!r} is no list of numbers.",
                f"--shots {text!r} は数の並びではありません。",
            ),
            remedy=tr("For example: --shots 0,1,5", "例: --shots 0,1,5"),
        ) from error
    return numbers
