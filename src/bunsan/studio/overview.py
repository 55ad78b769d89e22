"""A collection at a glance: counts, lengths, groups, the rows that were left out."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.sessions import Session

_PROBLEMS = 30


def overview_of(session: Session) -> str:
    """What is open, as markup; nothing where nothing is."""
    if session.collection is None:
        return ""
    collection = session.collection
    facts = collection.describe()
    counts = pieces.tiles(
        [
            (tr("documents", "文書"), f"{facts['documents']:,}"),
            (tr("sentences", "文"), f"{facts['sentences']:,}"),
            (tr("tokens", "トークン"), f"{facts['tokens']:,}"),
            (tr("words", "異なり語"), f"{facts['words']:,}"),
            (tr("counted", "集計対象"), f"{facts['counted_words']:,}"),
        ]
    )
    lengths: list[int] = []
    for segment in collection.segments:
        lengths += np.diff(segment.document)[segment.alive()].tolist()
    blocks = [
        pieces.div(
            "b-block",
            pieces.heading(tr("Length of documents", "文書の長さ"), tr("in tokens", "トークン数")),
            pieces.histogram(lengths),
        )
    ]
    blocks += [
        pieces.div("b-block", pieces.heading(name), pieces.bars(list(values.items())))
        for name, values in facts["by"].items()
    ]
    note = pieces.notice(facts["label"]) if facts["label"] else ""
    return (
        pieces.heading(session.name, _kept(collection.storage.location))
        + note
        + counts
        + pieces.div("b-packed", *blocks)
        + _problems(facts["reading"])
        + _twin(session)
    )


def _twin(session: Session) -> str:
    """What makes the collection, and what says what is in it."""
    origin = session.origin
    if origin is None:
        return ""
    info = twins.command("info", origin.folder)
    if origin.twin is None:
        return twins.of_collection(session, twins.Twin("print(collection)", info))
    made = f"import bunsan\n\n{origin.twin.python}\nprint(collection)"
    return twins.shown(made, f"{origin.twin.command}\n{info}")


def _kept(location: str) -> str:
    if Path(location).is_relative_to(tempfile.gettempdir()):
        return tr("kept until the studio closes", "スタジオを閉じるまで保持")
    return location


def _problems(reading: dict[str, Any]) -> str:
    from bunsan.text.documents import reason_label

    skipped = reading.get("skipped", {})
    if not skipped:
        return ""
    total = sum(skipped.values())
    listed = reading.get("problems", [])
    rows = [(reason_label(p["reason"]), p["message"]) for p in listed[:_PROBLEMS]]
    title = tr(f"{total:,} rows were left out", f"{total:,} 行を読み飛ばしました")
    return pieces.element(
        "details",
        pieces.element("summary", pieces.words(title)),
        pieces.sheet(
            (tr("why", "理由"), tr("in detail", "詳細")), rows, [p["row"] for p in listed]
        ),
        class_="b-problems",
    )
