"""Forced words and synonyms."""

import re

import pytest
from analysis_twin import surfaces, words
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.text.analyze import Analyzer
from bunsan.text.analyzers.forced import ForcedWords, canonical
from bunsan.text.words import WordSettings

KINDS = {
    "sudachi": {"analyzer": "sudachi"},
    "unidic-lite": {"analyzer": "mecab"},
    "ipadic": {"analyzer": "mecab", "dictionary": "ipadic"},
    "characters": {"analyzer": "characters"},
}


def test_words_are_joined_where_borders_agree() -> None:
    settings = WordSettings(analyzer="sudachi", forced_words=("客室露天風呂",))
    plain = WordSettings(analyzer="sudachi")
    assert surfaces("客室露天風呂から海", plain) == ["客室", "露天風呂", "から", "海"]
    assert words("客室露天風呂から海", settings) == [
        ("客室露天風呂", "NOUN"),
        *words("から海", plain),
    ]


def test_text_is_cut_where_they_do_not() -> None:
    plain = WordSettings(analyzer="sudachi")
    assert surfaces("ビジネステレビジョン", plain)[-1] == "テレビジョン"
    settings = WordSettings(analyzer="sudachi", forced_words=("テレビ",))
    assert surfaces("大きなテレビジョンと", settings) == ["大きな", "テレビ", "ジョン", "と"]
    # What remains is analysed as if the word were a line break.
    found = words("海が見えるのは", WordSettings(analyzer="sudachi", forced_words=("見えるの",)))
    assert found == [*words("海が", plain), ("見えるの", "NOUN"), *words("は", plain)]


@pytest.mark.parametrize("kind", KINDS)
def test_always_one_word_in_every_analyzer(kind: str) -> None:
    text = "湯畑の、客室露天風呂付き。ふわとろの卵\n海見えて"
    forced = ("湯畑の", "露天風呂付", "ふわとろ", "見え")
    found = surfaces(text, WordSettings(**KINDS[kind], forced_words=forced))
    assert [word for word in found if word in forced] == list(forced)
    assert "".join(found) == text.replace("\n", "")


def test_the_longest_from_the_left() -> None:
    settings = WordSettings(analyzer="characters", forced_words=("いろ", "いろは", "ろはに"))
    assert surfaces("いろはにいろに", settings) == ["いろは", "に", "いろ", "に"]


def test_case_width_and_borders_of_latin_words() -> None:
    settings = WordSettings(analyzer="sudachi", forced_words=("IT", "Go To", "wi-fi6"))
    assert surfaces("ITALYとＩｔとbit", settings)[0] == "ITALY"
    assert "Ｉｔ" in surfaces("ITALYとＩｔとbit", settings)
    assert [w for w, p in words("go toとGO TOとＷｉ－Ｆｉ６", settings) if p == "NOUN"] == [
        *("Go To", "Go To", "wi-fi6")
    ]
    spaces = WordSettings(analyzer="spaces", forced_words=("New York", "é"))
    assert surfaces("New Yorker in new york, café", spaces) == [
        *("New", "Yorker", "in", "new york", ",", "café")
    ]


def test_one_content_word_is_counted_as_it_is_without_force() -> None:
    settings = WordSettings(analyzer="sudachi", forced_words=("引越し", "お部屋", "から"))
    assert words("引越しと引っ越しのお部屋から", settings) == [
        *(("引っ越し", "NOUN"), ("と", "ADP"), ("引っ越し", "NOUN"), ("の", "ADP")),
        *(("お部屋", "NOUN"), ("から", "NOUN")),
    ]


def test_thousands_of_forced_words() -> None:
    forced = tuple(f"{chr(0x4E00 + i % 2000)}語{i}" for i in range(5000))
    settings = WordSettings(analyzer="sudachi", forced_words=forced)
    assert [
        w for w in surfaces(f"これは{forced[77]}と{forced[4999]}。", settings) if "語" in w
    ] == [
        forced[77],
        forced[4999],
    ]


@settings(deadline=None)
@given(
    st.lists(st.text("abAＡ[]-^\\あい語 ", min_size=1, max_size=4).map(str.strip).filter(bool)),
    st.text("abAＡ[]-^\\あい語 ", max_size=30),
)
def test_spans_are_those_of_a_slow_search(forced: list[str], text: str) -> None:
    def letter(character: str) -> bool:
        return re.match("[0-9A-Za-z]", canonical(character)) is not None

    expected = []
    at = 0
    known = {canonical(word) for word in forced}
    while at < len(text):
        for end in range(len(text), at, -1):
            inside = canonical(text[at:end]) in known
            left = at > 0 and letter(text[at - 1]) and letter(text[at])
            right = end < len(text) and letter(text[end]) and letter(text[end - 1])
            if inside and not left and not right:
                expected.append((at, end))
                at = end
                break
        else:
            at += 1
    assert ForcedWords(forced).spans(text) == expected


def test_synonyms_in_any_spelling() -> None:
    groups = (("朝食", "朝ごはん", "モーニング バイキング"), ("引越し", "転居"))
    settings = WordSettings(analyzer="sudachi", synonyms=groups)
    text = "朝食と朝ご飯と朝ごはんとモーニング バイキングと引越しと転居した"
    nouns = [word for word, pos in words(text, settings) if pos == "NOUN"]
    assert nouns == ["朝食"] * 4 + ["引っ越し"] * 2
    shown = Analyzer(settings).analyze([text])
    assert [b for b, pos in zip(shown.bases, shown.pos, strict=True) if pos == "NOUN"] == [
        "朝食",
        "引越し",
    ]


def test_a_synonym_of_several_words_may_be_the_first() -> None:
    settings = WordSettings(analyzer="sudachi", synonyms=(("大浴場の湯", "湯畑"),))
    assert words("湯畑、大浴場の湯", settings) == [
        *(("大浴場の湯", "NOUN"), ("、", "PUNCT"), ("大浴場の湯", "NOUN"))
    ]


def test_a_synonym_leaves_particles_alone() -> None:
    settings = WordSettings(analyzer="sudachi", synonyms=(("海", "蚊"),))
    assert ("か", "PART") in words("海ですか", settings)


@pytest.mark.parametrize("analyzer", ["spaces", "characters"])
def test_synonyms_in_other_analyzers(analyzer: str) -> None:
    settings = WordSettings(analyzer=analyzer, synonyms=(("Hotel", "INN", "guest house"),))
    found = {word for word, _ in words("hotel inn guest house Guest House", settings)}
    assert len(found) == 1


def test_two_groups_may_not_share_a_word() -> None:
    with pytest.raises(BadInput, match="朝ご飯"):
        Analyzer(
            WordSettings(analyzer="sudachi", synonyms=(("朝食", "朝ごはん"), ("昼食", "朝ご飯")))
        )
