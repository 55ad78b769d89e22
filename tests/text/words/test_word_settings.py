"""Settings: refused with a remedy, kept through JSON; names of parts of speech."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.base.language import use_language
from bunsan.text.pos import CONTENT_POS, SEARCH_POS, TAGS, parse_pos, pos_label
from bunsan.text.words import WordSettings

word = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=5)


@settings(deadline=None)
@given(
    st.sampled_from(["auto", "sudachi"]),
    st.sampled_from("ABC"),
    st.sampled_from(["normalized", "dictionary", "surface"]),
    st.sampled_from([None, "core", "full"]),
    st.lists(word),
    st.lists(word, unique=True, min_size=4, max_size=6),
    st.lists(st.sampled_from(TAGS), min_size=1),
)
def test_json_round_trip(
    analyzer: str, split: str, form: str, dictionary: str | None, forced: list[str],
    synonyms: list[str], pos: list[str],
) -> None:  # fmt: skip
    settings = WordSettings(
        analyzer=analyzer,  # type: ignore[arg-type]
        split=split,  # type: ignore[arg-type]
        form=form,  # type: ignore[arg-type]
        dictionary=dictionary,
        forced_words=forced,  # type: ignore[arg-type]
        synonyms=[synonyms[:2], synonyms[2:]],  # type: ignore[arg-type]
        stop_words=forced[::-1],  # type: ignore[arg-type]
        pos=pos,  # type: ignore[arg-type]
    )
    text = json.dumps(settings.to_dict())
    again = WordSettings.from_dict(json.loads(text))
    assert again == settings
    assert hash(again) == hash(settings)
    assert json.dumps(again.to_dict()) == text
    assert again.forced_words == tuple(dict.fromkeys(forced))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"analyzer": "kuromoji"}, "sudachi"),
        ({"split": "D"}, "A, B, C"),
        ({"form": "lemma"}, "normalized"),
        ({"dictionary": "ipadic"}, "core"),
        ({"analyzer": "spaces", "dictionary": "core"}, "Leave"),
        ({"analyzer": "mecab", "dictionary": " "}, "unidic-lite"),
        ({"analyzer": "mecab", "split": "A"}, "sudachi"),
        ({"forced_words": "湯畑"}, "list"),
        ({"forced_words": ["湯畑", " "]}, "200"),
        ({"forced_words": ["湯\n畑"]}, "line break"),
        ({"stop_words": [3]}, "list"),
        ({"synonyms": ["朝食"]}, "list"),
        ({"synonyms": [["朝食"]]}, "first"),
        ({"synonyms": [["朝食", "朝"], ["昼", "朝"]]}, "Join"),
        ({"pos": []}, "at least one"),
        ({"pos": ["名字"]}, "NOUN"),
        ({"nonsense": 1}, "forced_words"),
    ],
)
def test_bad_values_are_refused_with_a_remedy(values: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=named) as error:
        WordSettings.from_dict(values)
    assert error.value.remedy


def test_names_of_parts_of_speech() -> None:
    for tag in TAGS:
        assert parse_pos(tag) == parse_pos(tag.lower()) == tag
        for language in ("ja", "en"):
            use_language(language)  # type: ignore[arg-type]
            assert parse_pos(pos_label(tag)) == tag
    use_language(None)
    assert parse_pos(" 固有名詞 ") == parse_pos("Proper Nouns") == parse_pos("propn") == "PROPN"
    assert parse_pos("形容動詞") == "ADJ"
    assert WordSettings(pos=("名詞", "nouns", "verb")).pos == ("NOUN", "VERB")


def test_labels_follow_the_language() -> None:
    use_language("ja")
    assert pos_label("NOUN") == "名詞"
    use_language("en")
    assert pos_label("NOUN") == "noun"
    use_language(None)
    assert pos_label("not a tag") == "not a tag"


def test_grammar_is_neither_content_nor_searched() -> None:
    assert not {"ADP", "AUX", "SCONJ", "PUNCT", "SYM", "SPACE", "PART"} & {
        *CONTENT_POS,
        *SEARCH_POS,
    }
    assert {*CONTENT_POS} < {*SEARCH_POS}
    assert "LIGHT" not in CONTENT_POS
