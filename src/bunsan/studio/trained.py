"""A model that was trained: how well it does, where it is, the same in code."""

import re
import zipfile
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.studio import pieces, twins

# What a note says of options of the command line.
_OPTION = re.compile(r"\s*\([^()]*--[^()]*\)")

if TYPE_CHECKING:
    from bunsan.measure.scores import Score, Scores
    from bunsan.studio.lesson import Lesson
    from bunsan.tasks.finetuning.making import FineTuned


@dataclass(frozen=True)
class Archive:
    """The folder of a model; `save` packs it."""

    folder: Path

    def save(self, path: Path) -> None:
        """Write a .zip with all its files."""
        with atomic_write(path) as file, zipfile.ZipFile(file, "w") as packed:
            for one in sorted(self.folder.rglob("*")):
                if one.is_file():
                    packed.write(one, Path(self.folder.name) / one.relative_to(self.folder))


def shown(done: "FineTuned", lesson: "Lesson", *, kept: bool) -> str:
    """What was learned, as markup."""
    facts = [
        (tr("rows trained on", "学習した行"), f"{done.train:,}"),
        (tr("rows held out", "取り分けた行"), f"{done.valid:,}"),
        (tr("updates", "更新回数"), f"{done.trained.steps:,}"),
        (tr("seconds", "秒"), f"{done.trained.seconds:.0f}"),
        (tr("loss", "損失"), f"{done.trained.loss:.3f}"),
    ]
    place = (
        tr(f"The model is in {done.folder}", f"モデルの保存先: {done.folder}")
        if kept
        else tr(
            "The model is kept until the studio closes.", "モデルはスタジオを閉じるまで使えます。"
        )
    )
    notes = [pieces.element("p", pieces.words(_OPTION.sub("", note))) for note in done.notes]
    lesson.enough.clear()  # what was wished for has happened
    return (
        pieces.notice(tr("The model has learned. ", "学習が終わりました。") + place, look="good")
        + pieces.div("b-notes", *notes)
        + _scores(done)
        + pieces.tiles(facts)
        + lesson.picture()
    )


def _scores(done: "FineTuned") -> str:
    if done.scores is None:
        return pieces.notice(
            tr("No rows were held out: no scores.", "評価用の行がなく、成績は出ません。")
        )
    title = pieces.heading(
        tr("How well it does", "成績"),
        tr(
            f"on {done.scores.items:,} rows it has not seen, with 95 % intervals",
            f"学習に使っていない {done.scores.items:,} 行。95% 区間つき",
        ),
    )
    return title + pieces.div("b-blocks", _values(done.scores), _by_label(done.scores))


def _values(scores: "Scores") -> str:
    from bunsan.measure.scores.result import score_name

    rows = [(score_name(name), score) for name, score in scores.values.items()]
    return _table((tr("score", "指標"), tr("value", "値"), tr("interval", "区間")), rows)


def _by_label(scores: "Scores") -> str:
    if not scores.by_label:
        return ""
    rows = [(str(label), found["f1"]) for label, found in list(scores.by_label.items())[:30]]
    return _table((tr("label", "ラベル"), "F1", tr("interval", "区間")), rows)


def _table(head: tuple[str, ...], rows: "list[tuple[str, Score]]") -> str:
    names = "".join(pieces.element("th", pieces.words(name), scope="col") for name in head)
    body = [
        pieces.element(
            "tr",
            pieces.element("td", pieces.words(name)),
            pieces.element("td", f"{score.value:.3f}"),
            pieces.element("td", _interval(score)),
        )
        for name, score in rows
    ]
    table = pieces.element(
        "table",
        pieces.element("thead", pieces.element("tr", names)),
        pieces.element("tbody", *body),
        class_="b-table",
    )
    return pieces.div("b-scroll", table)


def _interval(score: "Score") -> str:
    known = isfinite(score.low) and isfinite(score.high)
    return f"{score.low:.3f} – {score.high:.3f}" if known else "–"


def twin(task: str, table: str, model: str, folder: str, options: dict[str, Any]) -> str:
    """The same training in code."""
    columns = options["columns"] or {}
    others = {name: value for name, value in options.items() if name != "columns"}
    python = twins.call(
        "bunsan.finetune",
        task,
        table,
        model=model,
        to=folder,
        columns=columns or None,
        **others,
    )
    line = twins.command(
        "finetune", task, model=model, train=table, **columns, **others, output=folder
    )
    return twins.of_models(twins.Twin(f"done = {python}\nprint(done.scores.table())", line))
