"""What a collection holds: its summary, its words, their spellings."""

import html
from typing import Any

import numpy as np

from bunsan.base.language import tr
from bunsan.collection.stored import StoredCollection
from bunsan.tasks.lookup import look_up, word_columns, word_titles
from bunsan.tasks.table import Table
from bunsan.text.pos import pos_label


def words(
    collection: StoredCollection, k: int | None = 100, pos: tuple[str, ...] | None = None
) -> Table:
    """The words that count, the most frequent first, with tokens and documents."""
    vocabulary = collection.vocabulary
    ids = np.flatnonzero(collection.countable(pos) & (vocabulary.frequency > 0))
    ids = ids[np.argsort(-vocabulary.frequency[ids], kind="stable")][:k]
    columns = word_columns(collection, ids) | {
        "frequency": vocabulary.frequency[ids].tolist(),
        "documents": vocabulary.document_frequency[ids].tolist(),
    }
    return Table(columns, word_titles())


def spellings(collection: StoredCollection, typed: str) -> Table:
    """The dictionary forms that were counted as this word."""
    rows = [
        (collection.vocabulary.form(i), pos_label(collection.vocabulary.pos(i)), base, count)
        for i in look_up(collection, typed).ids
        for base, count in collection.vocabulary.spellings(i)
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    titles = {
        "counted_as": tr("counted as", "代表形"),
        "pos": tr("part of speech", "品詞"),
        "spelling": tr("spelling", "表記"),
        "frequency": tr("tokens", "出現数"),
    }
    return Table(dict(zip(titles, map(list, columns), strict=True)), titles)


def groups(collection: StoredCollection, by: str) -> dict[str, int]:
    """How many documents each value of a column has, the largest group first."""
    counts: dict[str, int] = {}
    for segment in collection.segments:
        live = segment.live
        for d, value in enumerate(segment.field(by)):
            if value is not None and (live is None or live[d]):
                counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def describe(collection: StoredCollection) -> dict[str, Any]:
    """The summary as JSON can hold it."""
    vocabulary = collection.vocabulary
    return {
        "location": collection.storage.location,
        "label": collection.state.get("label"),
        "documents": collection.n_documents,
        "tokens": int(vocabulary.frequency.sum()),
        "words": int(np.count_nonzero(vocabulary.frequency)),
        "counted_words": int(np.count_nonzero(collection.countable() & (vocabulary.frequency > 0))),
        "sentences": sum(len(s.sentence) - 1 for s in collection.segments),
        "segments": len(collection.segments),
        "bytes": collection.storage.size(),
        "generation": collection.generation,
        "by": {name: groups(collection, name) for name in collection.by},
        "fields": collection.fields,
        "sources": collection.state["sources"],
        "settings": collection.settings.to_dict(),
        "reading": collection.state["report"],
    }


def summary(collection: StoredCollection) -> list[tuple[str, str]]:
    """The summary as (heading, value) pairs for people."""
    facts = describe(collection)
    settings = facts["settings"]
    pairs = [
        (tr("collection", "コレクション"), facts["location"]),
        (tr("documents", "文書"), f"{facts['documents']:,}"),
        (tr("sentences", "文"), f"{facts['sentences']:,}"),
        (tr("tokens", "トークン"), f"{facts['tokens']:,}"),
        (
            tr("words", "語彙"),
            tr("{:,}, {:,} counted", "{:,}(うち集計対象 {:,})").format(
                facts["words"], facts["counted_words"]
            ),
        ),
        (
            tr("words by", "語の切り出し"),
            f"{settings['analyzer']} {settings['split']} {settings['form']}",
        ),
        (tr("parts of speech", "品詞"), " ".join(pos_label(p) for p in settings["pos"])),
        (tr("files", "ファイル"), _some(facts["sources"])),
        (tr("size", "サイズ"), f"{facts['bytes'] / 1e6:,.1f} MB"),
    ]
    if facts["label"]:
        pairs.insert(1, (tr("note", "注記"), facts["label"]))
    for name, values in facts["by"].items():
        pairs.append((name, _some([f"{value} {n:,}" for value, n in values.items()])))
    skipped = facts["reading"].get("skipped", {})
    if skipped:
        pairs.append(
            (tr("left out", "読み飛ばし"), ", ".join(f"{k} {n:,}" for k, n in skipped.items()))
        )
        pairs += [
            ("", f"{p['file']}:{p['row']}: {p['message']}")
            for p in facts["reading"]["problems"][:20]
        ]
    return pairs


def as_text(collection: StoredCollection) -> str:
    """The summary in lines."""
    return "\n".join(
        f"{heading}: {value}" if heading else f"  {value}" for heading, value in summary(collection)
    )


def as_html(collection: StoredCollection) -> str:
    """The summary for a notebook."""
    rows = "".join(
        f"<tr><th>{html.escape(heading)}</th><td>{html.escape(value)}</td></tr>"
        for heading, value in summary(collection)
    )
    return f"<table>{rows}</table>"


def _some(items: list[str], most: int = 12) -> str:
    rest = len(items) - most
    return ", ".join(items[:most]) + (
        tr(f" and {rest:,} more", f" ほか {rest:,}") if rest > 0 else ""
    )
