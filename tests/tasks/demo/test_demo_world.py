"""The made-up documents labelled, repeatable, varied, well formed, true to their ratings."""

import hashlib
import re
from collections import Counter
from importlib.resources import files
from itertools import chain

import pytest

from bunsan.base.language import Language
from bunsan.tasks.demo.grammar import Choice, Node, Slot, parse
from bunsan.tasks.demo.world import (
    FIELDS,
    NOTICE,
    STAYS,
    demo_documents,
    demo_rows,
    load_stays,
    load_topics,
)

LANGUAGES: tuple[Language, ...] = ("ja", "en")
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, str]]]:
    """All rows of both demos, by language."""
    return {language: list(demo_rows(language)) for language in LANGUAGES}


def _digest(language: Language, seed: int) -> str:
    made = "\n".join(map(repr, demo_documents(language, seed, 300)))
    return hashlib.sha256(made.encode()).hexdigest()


@each_language
def test_the_same_seed_gives_the_same_bytes(language: Language) -> None:
    assert _digest(language, 0) == _digest(language, 0)
    assert len({_digest(language, seed) for seed in range(4)}) == 4


@each_language
def test_labelled_as_made_up_and_numbered_like_a_spreadsheet(language: Language) -> None:
    documents = list(demo_documents(language, documents=50))
    assert {document.source for document in documents} == {f"demo-{language}"}
    assert [document.row for document in documents] == list(range(2, 52))
    assert all(tuple(document.fields) == FIELDS for document in documents)
    assert "Made-up" in NOTICE["en"]
    assert "作り話" in NOTICE["ja"]


@each_language
def test_rows_are_the_documents_as_a_table(language: Language) -> None:
    made = list(demo_rows(language, seed=5, documents=40))
    for row, document in zip(made, demo_documents(language, 5, 40), strict=True):
        assert row == {"text": document.text, **{k: v or "" for k, v in document.fields.items()}}


@each_language
def test_shares_and_groups_are_balanced(
    language: Language, rows: dict[str, list[dict[str, str]]]
) -> None:
    reviews = [row for row in rows[language] if row["topic"] == STAYS[language]]
    stories = [row for row in rows[language] if row["topic"] != STAYS[language]]
    assert len(reviews) == 2400
    assert len(stories) == 1600
    assert Counter(row["area"] for row in reviews) == dict.fromkeys(load_stays(language).areas, 400)
    assert set(Counter(row["purpose"] for row in reviews).values()) == {480}
    assert Counter(row["rating"] for row in reviews) == {
        "5": 672,
        "4": 672,
        "3": 480,
        "2": 288,
        "1": 288,
    }
    assert all(row["area"] == row["purpose"] == row["rating"] == "" for row in stories)
    assert {row["topic"] for row in stories} == {topic.name for topic in load_topics(language)}


@each_language
def test_sentences_are_well_formed_and_seldom_repeat(
    language: Language, rows: dict[str, list[dict[str, str]]]
) -> None:
    texts = [row["text"] for row in rows[language]]
    if language == "ja":
        sentences = [s for text in texts for s in re.findall("[^。]+。", text)]
        assert "".join(sentences) == "".join(texts)
        assert not [text for text in texts if re.search(r"[ \t\n{}\[\]|]|、、|。。|、。", text)]
    else:
        sentences = [s for text in texts for s in re.split(r"(?<=\.) ", text)]
        assert all(re.fullmatch(r"[A-Z][A-Za-zé,;:' -]+\.", sentence) for sentence in sentences)
        assert not [
            s
            for s in sentences
            if re.search(r"  | ,|\b[Aa] [aeiou]|\ban (?!hour)[b-df-hj-np-tv-z]", s)
        ]
        assert not [s for s in sentences if re.search(r"\b(\w+) \1\b", s)]
    assert len(set(texts)) == len(texts)
    assert len(set(sentences)) > 0.7 * len(sentences)


@each_language
def test_no_sentence_comes_twice_in_a_text(
    language: Language, rows: dict[str, list[dict[str, str]]]
) -> None:
    for row in rows[language]:
        sentences = row["text"].replace("。", ".").split(".")[:-1]
        assert len(set(sentences)) == len(sentences), row["text"]


def test_texts_agree_with_their_rating(rows: dict[str, list[dict[str, str]]]) -> None:
    for language, happy, sad in (
        ("ja", "最高|大満足", "がっかりしました|最悪|二度と"),
        ("en", r"\bbest\b|[Pp]erfect", r"\bworst\b|dreadful|never come back|never return"),
    ):
        found = {
            rating: [
                sum(
                    bool(re.search(mark, r["text"]))
                    for r in rows[language]
                    if r["rating"] == rating
                )
                for mark in (happy, sad)
            ]
            for rating in "15"
        }
        assert found["5"][0] > 400 > 40 > found["1"][0]
        assert found["1"][1] > 150 > 10 > found["5"][1]


def test_areas_speak_of_their_own_sights(rows: dict[str, list[dict[str, str]]]) -> None:
    own = {
        "草津": "湯畑",
        "別府": "地獄",
        "箱根": "富士山",
        "京都": "町家",
        "札幌": "雪",
        "那覇": "国際通り",
    }
    for area, sight in own.items():
        where = Counter(r["area"] for r in rows["ja"] if r["area"] and sight in r["text"])
        assert where.most_common(1)[0][0] == area
        assert where[area] > 0.7 * where.total()
        assert len(where) == 6  # people compare: each area is named in reviews of the others
    views = Counter(r["area"] for r in rows["ja"] if "部屋から海が見え" in r["text"])
    assert set(views) == {"那覇", "別府"}
    assert views.total() >= 15


def _slots(nodes: tuple[Node, ...] | list[Node]) -> set[str]:
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, Slot):
            found.add(str(node))
        elif isinstance(node, Choice):
            found |= set(chain.from_iterable(_slots(list(part)) for part in node))
    return found


def _unknown(scope: dict[str, tuple[str, ...]], templates: tuple[str, ...]) -> set[str]:
    """Slots that some text could ask for in vain (slots inside slots included)."""
    todo, seen = list(templates), set[str]()
    while todo:
        for slot in _slots(parse(todo.pop())) - seen:
            seen.add(slot)
            todo += scope.get(slot, ())
    return seen - scope.keys()


@each_language
def test_every_template_of_every_kind_can_be_filled(language: Language) -> None:
    stays = load_stays(language)
    templates = tuple(chain.from_iterable(chain(*(a.values() for a in stays.aspects.values()))))
    templates += tuple(chain.from_iterable(stays.closes.values()))
    assert len(templates) > 100
    for area in stays.areas:
        for purpose in stays.purposes:
            scope = dict(stays.scope(area, purpose))
            own = scope["open"] + scope["good"] + scope["bad"] + scope["trip"]
            assert not _unknown(scope, templates + own)
            assert {"also", "but", "yet"} <= scope.keys()
    for topic in load_topics(language):
        for subject in topic.subjects:
            scope = dict(subject.scope)
            assert not _unknown(scope, scope["open"] + scope["middle"] + scope["close"]), topic.name
            assert set(scope.get("fixed", ())) <= scope.keys(), topic.name


def test_both_languages_have_the_same_structure() -> None:
    ja, en = load_stays("ja"), load_stays("en")
    for language in LANGUAGES:  # a name that stands twice would hide the first list of its words
        text = (files("bunsan.tasks.demo") / f"areas_{language}.toml").read_text(encoding="utf-8")
        assert text.count("[[area]]") == 6
        assert text.count("[[purpose]]") == 5
    assert len(ja.areas) == len(en.areas) == 6
    assert len(ja.purposes) == len(en.purposes) == 5
    assert ja.closes.keys() == en.closes.keys()
    for aspect in ja.aspects:
        for side in ("good", "bad"):
            assert len(ja.aspects[aspect][side]) == pytest.approx(
                len(en.aspects[aspect][side]), abs=2
            )
    people = [next(t for t in load_topics(lang) if t.share == 34) for lang in LANGUAGES]
    assert len(people[0].subjects) == len(people[1].subjects) == 24
