"""Spans of a text and tags of its tokens (Ramshaw & Marcus 1995, "Text Chunking using Transformation-Based
Learning": B begins, I goes on, O is outside), both ways.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.finetuning.base import Span
from bunsan.tasks.finetuning.records import Record, whole_number
from bunsan.text.readers.table import as_text

OUTSIDE = "O"
_BEGINS, _ALONE, _ENDS = "B", "SU", "EL"  # of the schemes BIO, BIOES, BILOU
_STARTS = ("start", "begin", "start_offset", "from")
_ENDINGS = ("end", "end_offset", "to", "stop")
_TYPES = ("type", "label", "tag", "entity", "class", "category", "entity_group")
_NAMES = ("name", "text", "surface", "word", "value")


def spans_in(cell: Any, record: Record, text: str) -> list[Span]:
    """The spans that a cell lists: objects with start, end, type (or span and type), or triples.

    Raises
    ------
    BadInput : it is no such list, a span lies outside the text or is not the name beside it.
    """
    if cell is None:
        return []
    if not isinstance(cell, (list, tuple)):
        raise _no_list(record)
    found = []
    for one in cell:
        start, end, kind, name = _parts(one, record)
        if not 0 <= start < end <= len(text):
            raise record.bad(
                tr(
                    f"The span {start} to {end} ({kind}) lies outside the text, which has {len(text)} "
                    "characters.",
                    f"範囲 {start}〜{end}({kind})が本文(全 {len(text)} 文字)の外です。",
                ),
                _counted(text, start, end, name),
            )
        if name is not None and text[start:end] != name:
            raise record.bad(
                tr(
                    f"From {start} to {end} the text has {text[start:end]!r}, not {name!r}.",
                    f"本文の {start}〜{end} は {text[start:end]!r} で、{name!r} ではありません。",
                ),
                _counted(text, start, end, name),
            )
        found.append(Span(start, end, kind, text[start:end]))
    return found


def _parts(one: Any, record: Record) -> tuple[int, int, str, str | None]:
    if isinstance(one, dict):
        span = one.get("span")
        if isinstance(span, (list, tuple)) and len(span) == 2:
            start, end = whole_number(span[0]), whole_number(span[1])
        else:
            start = whole_number(next((one[key] for key in _STARTS if key in one), None))
            end = whole_number(next((one[key] for key in _ENDINGS if key in one), None))
        kind = as_text(next((one[key] for key in _TYPES if key in one), None))
        name = next((one[key] for key in _NAMES if isinstance(one.get(key), str)), None)
    elif isinstance(one, (list, tuple)) and len(one) >= 3:
        start, end, kind, name = whole_number(one[0]), whole_number(one[1]), as_text(one[2]), None
    else:
        raise _no_list(record)
    if start is None or end is None or kind is None:
        raise _no_list(record)
    return start, end, " ".join(kind.split()), name


def _no_list(record: Record) -> BadInput:
    return record.bad(
        tr("The spans are not written as spans.", "範囲の書き方が正しくありません。"),
        tr(
            'Write a list: [{"start": 0, "end": 7, "type": "person"}, ...].',
            '[{"start": 0, "end": 7, "type": "人名"}, …] のように書いてください。',
        ),
    )


def _counted(text: str, start: int, end: int, name: str | None) -> str:
    """How offsets count, and what these may be instead."""
    usual = tr(
        "Offsets count characters from 0; the end is the first one that is not in the span.",
        "位置は 0 から数えた文字数で、end は範囲の次の文字です。",
    )
    if name is None:
        return usual
    wide = text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "replace")
    raw = text.encode()[start:end].decode("utf-8", "replace")
    if wide == name:
        return usual + tr(
            " These count UTF-16 units (JavaScript, Java).",
            "これは UTF-16 の単位(JavaScript、Java)で数えられています。",
        )
    if raw == name:
        return usual + tr(" These count bytes.", "これはバイト数で数えられています。")
    if text[start - 1 : end] == name and start:
        return usual + tr(" These count from 1.", "これは 1 から数えられています。")
    return usual


@dataclass
class Alignment:
    """Tags of tokens, and what of the spans they cannot say.

    Attributes
    ----------
    tags : a tag a token; None for tokens without a place of their own. lost : spans without a token of
        their own. uneven : spans that begin or end inside a token.
    """

    tags: list[str | None]
    lost: int = 0
    uneven: int = 0


def align(spans: Sequence[Span], places: NDArray[Any], text: str) -> Alignment:
    """Tags for tokens at these places (q, 2) of a text.

    A token in which several spans lie belongs to the one that has most of it. Of spans that overlap,
    the longest is kept.
    """
    kept, lost = apart(spans)
    widths = places[:, 1] - places[:, 0]
    own = (widths > 0) & (places[:, 0] >= 0)
    found = Alignment([OUTSIDE if here else None for here in own.tolist()], lost)
    best = np.zeros(len(places), np.int64)
    owner = np.full(len(places), -1, np.int64)
    for i, span in enumerate(kept):
        shared = np.minimum(places[:, 1], span.end) - np.maximum(places[:, 0], span.start)
        better = own & (shared > best)
        owner[better], best[better] = i, shared[better]
    for i, span in enumerate(kept):
        tokens = np.flatnonzero(owner == i)
        if not len(tokens):
            found.lost += 1
            continue
        for place in tokens.tolist():
            found.tags[place] = f"I-{span.type}"
        found.tags[int(tokens[0])] = f"B-{span.type}"
        bounds = (int(places[tokens, 0].min()), int(places[tokens, 1].max()))
        found.uneven += trimmed(text, *bounds) != trimmed(text, span.start, span.end)
    return found


def apart(spans: Sequence[Span]) -> tuple[list[Span], int]:
    """Spans that do not overlap, the longest of those that do, in order; how many were left out."""
    taken: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start - one.end, one.start)):
        if all(span.end <= other.start or other.end <= span.start for other in taken):
            taken.append(span)
    return sorted(taken, key=lambda one: one.start), len(spans) - len(taken)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch without the white space at its ends, which tokens may hold."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def spans_from(
    tags: Iterable[str],
    places: NDArray[Any],
    text: str,
    probabilities: Iterable[float] | None = None,
) -> list[Span]:
    """The spans that tags spell, in BIO, BIOES, BILOU or without a scheme.

    An I that follows nothing of its type begins a span, as the usual evaluation reads it (Tjong Kim
    Sang & De Meulder 2003). Tokens without a place are passed over.
    """
    found: list[Span] = []
    open_: list[Any] | None = None  # start, end, type, probabilities

    def close() -> None:
        nonlocal open_
        if open_ is not None:
            start, end = trimmed(text, open_[0], open_[1])
            if start < end:
                shares: list[float] = open_[3]
                mean = sum(shares) / len(shares) if shares else None
                found.append(Span(start, end, open_[2], text[start:end], mean))
        open_ = None

    shares = probabilities if probabilities is not None else (None for _ in places)
    for tag, (start, end), share in zip(tags, places.tolist(), shares, strict=True):
        if start < 0 or end <= start:
            continue
        prefix, kind = split_tag(tag)
        if kind is None:
            close()
            continue
        if open_ is None or prefix in _BEGINS + _ALONE or open_[2] != kind:
            close()
            open_ = [start, end, kind, []]
        open_[1] = max(open_[1], end)
        if share is not None:
            open_[3].append(share)
        if prefix in _ALONE + _ENDS:
            close()
    close()
    return found


def split_tag(tag: str) -> tuple[str, str | None]:
    """`"B-person"` as ("B", "person"); a tag without a scheme goes on; outside is ("O", None)."""
    if tag in (OUTSIDE, "_", ""):
        return OUTSIDE, None
    prefix, dash, kind = tag.partition("-")
    if dash and prefix in tuple("BIMESLU"):
        return prefix, kind
    return "I", tag
