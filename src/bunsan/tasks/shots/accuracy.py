"""How often a model is right with none, one and more examples in its prompt (Brown et al. 2020, §2)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.measure.intervals import wilson
from bunsan.tasks.prompting import PromptTemplate
from bunsan.tasks.shots.practice import ARROW
from bunsan.tasks.table import Table
from bunsan.text.documents import read_documents

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator

SHOTS = (0, 1, 2, 4, 8)
PLAIN = PromptTemplate(
    name="shots",
    title="shots",
    example="{input}" + ARROW + "{answer}",
    query="{input}" + ARROW,
    main="input",
    between="\n",
    stop=("\n",),
)


@dataclass(frozen=True)
class TaskExamples:
    """A task: inputs and their answers. `family` is what it is counted under."""

    name: str
    family: str
    pairs: tuple[tuple[str, str], ...]


@dataclass
class ShotAccuracy:
    """Accuracy by the number of examples.

    Attributes
    ----------
    shots : numbers of examples. right, asked : (families, shots). families : what the rows are.
    cut : prompts that did not fit with all their examples.
    """

    shots: tuple[int, ...]
    families: list[str]
    right: NDArray[np.int64]
    asked: NDArray[np.int64]
    cut: int = 0
    wrong: list[dict[str, Any]] = field(default_factory=list)

    def table(self) -> Table:
        """A row a family and number of examples; "all" is all families together."""
        rows: list[tuple[Any, ...]] = []
        for name, right, asked in self.lines():
            low, high = wilson(right, asked)
            for i, n in enumerate(self.shots):
                rows.append((name, n, right[i] / max(1, asked[i]), low[i], high[i], int(asked[i])))
        names = ("tasks", "shots", "accuracy", "low", "high", "asked")
        columns = dict(zip(names, (list(c) for c in zip(*rows, strict=True)), strict=True))
        return Table(
            columns,
            {
                "tasks": tr("tasks", "課題"),
                "shots": tr("examples shown", "例の数"),
                "accuracy": tr("accuracy", "正答率"),
                "low": tr("95 % from", "95 % 下限"),
                "high": tr("to", "上限"),
                "asked": tr("asked", "問題数"),
            },
            self.finding,
        )

    @property
    def finding(self) -> str:
        """What it comes to, in a sentence."""
        right, asked = self.right.sum(0), self.asked.sum(0)
        share = right / np.maximum(1, asked)
        first, last = self.shots[0], self.shots[-1]
        return tr(
            f"{100 * share[0]:.0f} % right with {first} examples, {100 * share[-1]:.0f} % with {last}.",
            f"例 {first} 件で {share[0]:.0%}、{last} 件で {share[-1]:.0%} が正答。",
        )

    def save(self, path: str | Path) -> None:
        """The table (.csv .xlsx ...) or the figure (.html .png .svg .pdf)."""
        from bunsan.tasks.table import TABLE_SUFFIXES

        if Path(path).suffix.lower() in TABLE_SUFFIXES:
            self.table().save(path)
            return
        from bunsan.tasks.shots.figure import draw

        draw(self, Path(path))

    def lines(self) -> list[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
        """Name, right (shots) and asked (shots) of every family, and of all where there are several."""
        lines = [(name, self.right[i], self.asked[i]) for i, name in enumerate(self.families)]
        if len(lines) > 1:
            lines.append((tr("all", "全体"), self.right.sum(0), self.asked.sum(0)))
        return lines


def read_tasks(path: Any) -> list[TaskExamples]:
    """Tasks from a table with the columns task, input and answer; `family` may be one more.

    Raises
    ------
    BadInput : a column is missing, or there is nothing.
    """
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    families = _has_family(path)
    keep = ("task", "answer", "family") if families else ("task", "answer")
    for document in read_documents(path, text="input", by=(), keep=keep, on_bad="refuse"):
        values = {name: str(document.fields.get(name) or "") for name in keep}
        key = (values.get("family", ""), values["task"])
        found.setdefault(key, []).append((document.text, values["answer"]))
    if not found:
        raise BadInput(
            tr("holds no tasks.", "課題がありません。"),
            remedy=tr(
                "A table has the columns task, input, answer.",
                "task、input、answer の列をもつ表を指定してください。",
            ),
            file=str(path),
        )
    return [
        TaskExamples(name, family or name, tuple(rows)) for (family, name), rows in found.items()
    ]


def _has_family(path: Any) -> bool:
    from bunsan.text.documents import inspect

    return "family" in (inspect(path).columns or ())


def shot_accuracy(
    tasks: Sequence[TaskExamples],
    generator: "TextGenerator",
    *,
    shots: Sequence[int] = SHOTS,
    queries: int = 8,
    template: PromptTemplate = PLAIN,
    seed: int = 0,
    max_tokens: int = 16,
) -> ShotAccuracy:
    """Ask `queries` questions of every task with every number of examples.

    The examples of a prompt are drawn anew for each question, those for more examples being those
    for fewer and some more in front; the question itself is never among them. An answer is right
    if it is the expected one to the letter, up to spaces around it.

    Raises
    ------
    BadInput : a task has too few examples.
    """
    from bunsan.tasks.prompting import fitted

    shots = tuple(sorted(set(shots)))
    chance = random.Random(seed)
    names = list(dict.fromkeys(task.family for task in tasks))
    right = np.zeros((len(names), len(shots)), np.int64)
    asked = np.zeros_like(right)
    prompts: list[str] = []
    about: list[tuple[int, int, str]] = []
    cut = 0
    for task in tasks:
        pairs = list(task.pairs)
        if len(pairs) <= shots[-1]:
            raise BadInput(
                tr(
                    f"The task {task.name} has {len(pairs)} examples; {shots[-1] + 1} are needed.",
                    f"課題 {task.name} の例は {len(pairs)} 件で、{shots[-1] + 1} 件必要です。",
                ),
                remedy=tr("Ask for fewer with --shots.", "--shots を減らしてください。"),
            )
        for _ in range(queries):
            question, *others = chance.sample(pairs, shots[-1] + 1)
            for i, n in enumerate(shots):
                shown = [{"input": a, "answer": b} for a, b in others[len(others) - n :]]
                prompt, left_out = fitted(
                    template, {"input": question[0]}, shown, generator, max_tokens
                )
                cut += left_out > 0
                prompts.append(prompt)
                about.append((names.index(task.family), i, question[1]))
    wrong: list[dict[str, Any]] = []
    answers = generator.complete_all(
        prompts, stop=template.stop, max_tokens=max_tokens, temperature=0.0
    )
    for (family, i, wanted), answer in zip(about, answers, strict=True):
        given = answer.text.strip()
        asked[family, i] += 1
        right[family, i] += given == wanted
        if given != wanted:
            wrong.append({"prompt": answer.prompt, "answer": given, "expected": wanted})
    return ShotAccuracy(shots, names, right, asked, cut, wrong)
