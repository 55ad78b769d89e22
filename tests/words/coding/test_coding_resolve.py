"""The words typed in rules become the right ids, and what is missing is told."""

from bunsan.base.language import use_language
from bunsan.words.coding.parser import parse_rules
from bunsan.words.coding.resolve import ResolvedRules, Run, resolve_rules
from bunsan.words.coding.syntax import Near, Phrase, Word

VOCABULARY = {
    ("愛", "NOUN"): 0,
    ("米", "NOUN"): 1,
    ("米", "PROPN"): 2,
    ("引っ越し", "NOUN"): 3,
    ("為る", "VERB"): 4,
    ("する", "X"): 5,
    ("東京", "PROPN"): 6,
    ("都", "NOUN"): 7,
    ("都", "PROPN"): 8,
    ("卒業", "NOUN"): 9,
    ("論文", "NOUN"): 10,
    ("卒業論文", "NOUN"): 11,
    ("ない", "AUX"): 12,
    ("ない", "ADJ"): 13,
    ("修士卒業", "NOUN"): 14,
}
READINGS = {
    "引越し": ["引っ越し"],
    "する": ["為る"],
    "東京都": ["東京", "都"],
    "大阪府": ["大阪", "府"],
}


def resolve(text: str) -> ResolvedRules:
    return resolve_rules(
        parse_rules(f"*a\n{text}\n"),
        find=lambda form, pos: [
            i for (f, p), i in VOCABULARY.items() if f == form and pos in (None, p)
        ],
        query=lambda typed: [(form, "NOUN") for form in READINGS.get(typed, [typed])],
    )


def runs(text: str) -> tuple[Run, ...]:
    (found,) = resolve(text).runs.values()
    return found


def ids(*places: set[int]) -> Run:
    return tuple(frozenset(place) for place in places)


def test_a_word_is_of_any_part_of_speech_unless_one_is_named() -> None:
    assert runs("米") == (ids({1, 2}),)
    assert runs("米-->名詞C") == (ids({1}),)
    assert runs("米-->地名") == (ids({2}),)
    assert runs("米-->PROPN") == (ids({2}),)
    assert runs("米-->タグ") == (ids({1, 2}),)
    assert runs("米-->動詞") == ()
    assert runs("ない-->形容詞B") == (ids({13}),)
    assert runs("ない-->否定助動詞") == (ids({12, 13}),)


def test_a_word_is_also_what_the_analyser_makes_of_it() -> None:
    assert runs("引越し") == (ids({3}),)
    assert runs("する") == (ids({4, 5}),)
    assert runs("東京都") == (ids({6}, {7, 8}),)
    assert runs("東京都-->地名") == (ids({6}, {8}),)
    assert runs("東京都-->動詞") == ()
    assert runs("大阪府") == ()


def test_a_phrase_may_be_joined_here() -> None:
    assert set(runs("卒業+論文")) == {ids({9}, {10}), ids({11})}
    assert set(runs("修士+卒業+論文")) == {ids({14}, {10})}
    assert runs("愛+米") == (ids({0}, {1, 2}),)
    assert runs("東京都+論文") == (ids({6}, {7, 8}, {10}),)
    assert runs("論文+卒業+無") == ()


def test_each_word_of_near_is_resolved() -> None:
    resolved = resolve("near(愛-東京都-無) or 愛 or 卒業+論文")
    assert set(resolved.runs) == {Word("愛"), Phrase(("卒業", "論文"))}
    assert resolved.near == {
        Near(("愛", "東京都", "無")): ((ids({0}),), (ids({6}, {7, 8}),), ())
    }  # fmt: skip


def test_notes() -> None:
    text = "愛 or\n無 or 大阪府 or\n米-->地名 or 米-->名詞C or 卒業+論文 or\n無+愛 or seq(愛-否)"
    assert [(note.line, note.message) for note in resolve(text).notes] == [
        (3, "No text contains 無."),
        (3, "No text contains 大阪府 (read as 大阪 + 府)."),
        (4, "地名 has no exact counterpart here; taken as PROPN."),
        (5, "No text contains 無."),
        (5, "No text contains 否."),
    ]
    try:
        use_language("ja")
        messages = [note.message for note in resolve("無-->人名").notes]
    finally:
        use_language(None)
    assert messages == [
        "「人名」に正確に対応する品詞はないため、PROPN として扱います。",
        "「無-->人名」は出現しません。",
    ]
