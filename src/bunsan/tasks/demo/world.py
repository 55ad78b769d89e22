"""The made-up documents: reviews of stays (60 %) and plain stories of a small world (40 %).

What each kind of document is for: the reviews have columns to compare (area, purpose, rating) and
words that belong to an area; the stories hold families of words used alike (fruit, vehicles,
seasons), pairs for arithmetic (king, queen; country, capital), opposites used alike and words of
two senses, in such proportions that counts alone bring all of this out.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from bunsan.base.language import Language
from bunsan.tasks.demo.grammar import Scope, Writer
from bunsan.text.documents import Document

FIELDS = ("topic", "area", "purpose", "rating")
"""The columns of the collection; a story has a topic only."""

DOCUMENTS = 4000
"""How many documents the collection has unless told."""

STAYS = {"ja": "宿", "en": "stays"}
"""The topic of the reviews, by language."""

_STORY_FILES = ("people", "places", "things", "senses")
_RATINGS = (5,) * 7 + (4,) * 7 + (3,) * 5 + (2,) * 3 + (1,) * 3
_KINDS = ("review",) * 6 + ("story",) * 4
_ASPECTS = ("room", "room", "bath", "meal", "meal", "staff", "place", "price", "extra")

NOTICE = {
    "en": "Made-up demonstration texts: the stays, people and events are invented; "
    "findings say nothing about the real world.",
    "ja": "見本のための作り話です。宿も人も出来事も架空で、結果は現実について何も語りません。",
}
"""The sentence that stands wherever the demo is shown, in both languages: `tr(**NOTICE)`."""


@dataclass(frozen=True, eq=False)
class Subject:
    """Whom or what a story is about: its word lists and the ways it is written."""

    scope: Scope


@dataclass(frozen=True, eq=False)
class Topic:
    """A small world of its own: `share` of the stories (in parts) are about one of its subjects."""

    name: str
    share: int
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class Stays:
    """The word lists of the reviews: shared ones, and by area, purpose, aspect and rating."""

    words: dict[str, tuple[str, ...]]
    areas: dict[str, dict[str, tuple[str, ...]]]
    purposes: dict[str, dict[str, tuple[str, ...]]]
    aspects: dict[str, dict[str, tuple[str, ...]]]
    closes: dict[int, tuple[str, ...]]

    def scope(self, area: str, purpose: str) -> Scope:
        """What a review of one area for one purpose may say."""
        elsewhere = [lists["famous"] for name, lists in self.areas.items() if name != area]
        return {
            **self.words,
            **self.areas[area],
            **self.purposes[purpose],
            "area": (area,),
            "elsewhere": tuple(chain.from_iterable(elsewhere)),
            "trip": (*self.areas[area]["trip"], "{compare}"),
        }


def demo_documents(
    language: Language, seed: int = 0, documents: int = DOCUMENTS
) -> Iterator[Document]:
    """Write the collection: the same arguments give the same documents on every machine.

    Parameters
    ----------
    language : "ja" or "en", the language of the texts.
    seed : another seed gives other documents of the same kind.
    documents : how many; with fewer the arithmetic is less sure to come out.

    Yields
    ------
    Document : source `demo-ja` or `demo-en`, rows as a spreadsheet with a heading row counts them.
    """
    writer = Writer(seed)
    stays = load_stays(language)
    topics = load_topics(language)
    parts = tuple(topic for topic in topics for _ in range(topic.share))
    for row in range(2, documents + 2):
        fields: dict[str, str | None]
        if writer.draw(_KINDS) == "review":
            sentences, fields = _review(writer, stays)
            fields = {"topic": STAYS[language], **fields}
        else:
            topic = writer.draw(parts)
            sentences = _story(writer, topic)
            fields = dict.fromkeys(FIELDS) | {"topic": topic.name}
        text = "".join(sentences) if language == "ja" else " ".join(map(_english, sentences))
        yield Document(text=text, fields=fields, source=f"demo-{language}", row=row)


def demo_rows(
    language: Language, seed: int = 0, documents: int = DOCUMENTS
) -> Iterator[dict[str, str]]:
    """The same collection as rows of a table: `text` and the columns of `FIELDS`, "" where none."""
    for document in demo_documents(language, seed, documents):
        yield {"text": document.text} | {name: document.fields[name] or "" for name in FIELDS}


def _review(writer: Writer, stays: Stays) -> tuple[list[str], dict[str, str | None]]:
    area = writer.draw(tuple(stays.areas))
    purpose = writer.draw(tuple(stays.purposes))
    rating = writer.draw(_RATINGS)
    scope = _fix(writer, stays.scope(area, purpose))
    aspects = writer.draw_different(_ASPECTS, writer.number(2, 4))
    good = _good_aspects(writer, rating, len(aspects))
    templates = [writer.draw(scope["open"])]
    if rating >= 3 or writer.chance(0.4):
        templates += writer.draw_different(scope["trip"], writer.number(1, 2))
    for i, aspect in enumerate(aspects):
        turn = "" if i == 0 else "{but}" if i == good.stop else "{also}"
        side = "good" if i in good else "bad"
        templates.append(turn + writer.draw(stays.aspects[aspect][side]))
    if rating != 3 and writer.chance(0.5):
        side = "good" if rating > 3 else "bad"
        turn = "{yet}" if rating == 4 and len(good) < len(aspects) else "{also}"
        templates.append(turn + writer.draw(scope[side]))
    templates.append(writer.draw(stays.closes[rating]))
    fields: dict[str, str | None] = {"area": area, "purpose": purpose, "rating": str(rating)}
    return [writer.write(template, scope) for template in templates], fields


def _good_aspects(writer: Writer, rating: int, count: int) -> range:
    """Which of the aspects are praised: the first ones, so that blame follows praise."""
    low, high = {
        5: (count, count),
        4: (count - 1, count),
        3: (count // 2, (count + 1) // 2),
        2: (0, 1),
        1: (0, 0),
    }[rating]
    return range(writer.number(low, high))


def _story(writer: Writer, topic: Topic) -> list[str]:
    subject = writer.draw(topic.subjects)
    scope = _fix(writer, subject.scope)
    templates = [
        writer.draw(scope["open"]),
        *writer.draw_different(scope["middle"], writer.number(2, 4)),
    ]
    if writer.chance(0.6):
        templates.append(writer.draw(scope["close"]))
    return [writer.write(template, scope) for template in templates]


def _fix(writer: Writer, scope: Scope) -> Scope:
    """The scope with those slots filled that keep one word, in one spelling, all through a text."""
    names = {"me", *scope.get("fixed", ())} & scope.keys()
    return {**scope, **{name: (writer.draw(scope[name]),) for name in sorted(names)}}


def _english(sentence: str) -> str:
    """A sentence with its capital letter and with "an" where "a" stood before a vowel."""
    sentence = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", sentence)
    return sentence[0].upper() + sentence[1:]


@cache
def load_stays(language: Language) -> Stays:
    """The word lists and templates of the reviews."""
    data = _read(f"stays_{language}.toml") | _read(f"areas_{language}.toml")
    return Stays(
        words=_lists(data["words"]),
        areas={area["name"]: _lists(area) for area in data["area"]},
        purposes={purpose["name"]: _lists(purpose) for purpose in data["purpose"]},
        aspects={name: _lists(aspect) for name, aspect in data["aspect"].items()},
        closes={int(rating): tuple(templates) for rating, templates in data["close"].items()},
    )


@cache
def load_topics(language: Language) -> tuple[Topic, ...]:
    """The topics of the stories, each with its subjects' complete word lists."""
    topics = []
    for name in _STORY_FILES:
        data = _read(f"{name}_{language}.toml")
        shared = _lists(data.get("words", {}))
        topics += [_topic(topic, shared) for topic in data["topic"]]
    return tuple(topics)


def _topic(data: dict[str, Any], shared: Scope) -> Topic:
    groups: dict[str, Any] = data.get("group", {})
    entries: list[dict[str, Any]] = data.get("subject", [{}])
    subjects = []
    for entry in entries:
        layers: list[Scope] = [
            shared,
            _lists(data),
            *(_lists(groups[name]) for name in entry.get("groups", ())),
            _lists(entry),
        ]
        # What a subject may say is all that its topic, its groups and it itself have to say.
        scope: dict[str, tuple[str, ...]] = {}
        for layer in layers:
            for name, options in layer.items():
                scope[name] = scope.get(name, ()) + options
        kind = entry.get("groups", [])[:1]
        others = tuple(
            other["me"][0]
            for other in entries
            if "me" in other and other is not entry and other.get("groups", [])[:1] == kind
        )
        subjects.append({**scope, "other": others} if others else scope)
    return Topic(data["name"], data["share"], tuple(map(Subject, subjects)))


def _lists(data: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(value)
        for name, value in data.items()
        if isinstance(value, list) and all(isinstance(item, str) for item in value)
    }


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("bunsan.tasks.demo") / name).read_text(encoding="utf-8"))
