"""Choices that several rooms offer: parts of speech, group values, units, measures."""

from typing import Any

from bunsan.base.language import tr
from bunsan.studio.sessions import Session
from bunsan.text.pos import CONTENT_POS, pos_label

_POS = ("NOUN", "PROPN", "VERB", "ADJ", "ADV", "X")
_SEPARATOR = " = "


def pos_choices() -> list[tuple[str, str]]:
    """Parts of speech, as (what people read, tag)."""
    return [(pos_label(tag), tag) for tag in _POS]


def chosen_pos(tags: list[str] | None) -> tuple[str, ...] | None:
    """Tags for an analysis; None where nothing or everything was chosen."""
    some = tuple(tag for tag in CONTENT_POS if tag in (tags or ()))
    return some if some and len(some) < len(_POS) else None


def unit_choices() -> list[tuple[str, str]]:
    """Where two words count as together."""
    return [
        (tr("sentence", "文"), "sentence"),
        (tr("paragraph", "段落"), "paragraph"),
        (tr("document", "文書"), "document"),
    ]


def measure_choices() -> list[tuple[str, str]]:
    """Measures of association that text miners know."""
    from bunsan.measure.association import MEASURES

    names = ("jaccard", "dice", "cosine", "ppmi", "npmi", "t", "loglikelihood")
    return [(MEASURES[name].title, name) for name in names]


def where_choices(session: Session) -> list[tuple[str, str]]:
    """All documents, or those with one value of a group column."""
    everything = [(tr("all documents", "すべての文書"), "")]
    if session.collection is None:
        return everything
    from bunsan.tasks.describe import groups

    found = []
    for name in session.collection.by:
        for value, count in list(groups(session.collection, name).items())[:60]:
            shown = f"{name}{_SEPARATOR}{value} ({count:,})"
            found.append((shown, f"{name}{_SEPARATOR}{value}"))
    return everything + found


def chosen_where(choice: str | None) -> dict[str, str] | None:
    """The filter that was chosen."""
    if not choice:
        return None
    name, _, value = choice.partition(_SEPARATOR)
    return {name: value}


def frequent(session: Session, n: int) -> list[str]:
    """The most frequent nouns, or words of unknown kind: examples to begin with."""
    if session.collection is None:
        return []
    return [str(w) for w in session.collection.words(k=n, pos=("NOUN", "PROPN", "X"))["word"]]


def shown(session: Session) -> tuple[Any, Any]:
    """Updates for (what an empty room says, the room): one of them is visible."""
    from bunsan.studio.toolkit import gr

    there = session.collection is not None
    return gr.update(visible=not there), gr.update(visible=there)


def nothing_open() -> str:
    """What a room says while no collection is open."""
    from bunsan.studio import pieces

    return pieces.empty(
        tr("No collection is open", "コレクションが開かれていません"),
        tr(
            "Learn a file in the room Collection, or begin with the demo.",
            "「コレクション」でファイルを学習するか、デモで始めてください。",
        ),
    )
