"""Words and their places: every character is accounted for, whatever the analyser and the text."""

import gzip
import itertools
import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.base.errors import BadInput, Missing
from bunsan.text.analyze import Analyzer, analyze_stream, resolve
from bunsan.text.words import Analysis, WordSettings

ANALYZERS = {
    name: Analyzer(WordSettings(**options))
    for name, options in {
        "sudachi C": {"analyzer": "sudachi"},
        "sudachi A surface": {"analyzer": "sudachi", "split": "A", "form": "surface"},
        "sudachi forced": {"analyzer": "sudachi", "forced_words": ("湯畑の", "a b", "る。見")},
        "mecab unidic": {"analyzer": "mecab"},
        "mecab ipadic": {"analyzer": "mecab", "dictionary": "ipadic"},
        "spaces": {"analyzer": "spaces"},
        "characters": {"analyzer": "characters"},
    }.items()
}
ALPHABET = "部屋から海が見える。湯畑のこと、きれい！「」（）？!?. \n\t　\r\u2028abAB'-3５.、ｱｶﾞ①㍿ー々🍣😀é\u3099\ud800\udc41\x00\ufeff"
texts = st.text(st.sampled_from(ALPHABET), max_size=60) | st.text(max_size=30)


def forms(analysis: Analysis) -> list[str]:
    return [analysis.forms[e] for e in analysis.entry.tolist()]


def words_of(text: str, **options) -> list[str]:
    return forms(Analyzer(WordSettings(**{"analyzer": "sudachi", **options})).analyze([text]))


@pytest.mark.parametrize("name", ANALYZERS)
@settings(deadline=None, max_examples=60)
@given(st.lists(texts, max_size=4))
def test_tokens_cover_the_text_in_order(name: str, batch: list[str]) -> None:
    analysis = ANALYZERS[name].analyze(batch)
    assert len(analysis.document) == len(batch) + 1
    assert analysis.document[-1] == len(analysis.entry)
    for d, text in enumerate(batch):
        a, b = int(analysis.document[d]), int(analysis.document[d + 1])
        covered = [False] * len(text)
        end = 0
        for i in range(a, b):
            start, length = int(analysis.start[i]), int(analysis.length[i])
            assert start >= end, "tokens overlap or are out of order"
            assert length > 0
            end = start + length
            covered[start:end] = [True] * length
        assert end <= len(text)
        left = [c for c, seen in zip(text, covered, strict=True) if not seen]
        if "mecab" in name:  # it takes control characters for white space too
            left = [c for c in left if c.isprintable() and c != "\ufeff"]
        # Sudachi takes what NFKC makes a space of (¸, ´) for one.
        left = [c for c in left if not unicodedata.normalize("NFKC", c)[0].isspace()]
        assert not left
    assert analysis.start.dtype == "uint32"
    assert analysis.length.dtype == "uint16"


@pytest.mark.parametrize("name", ANALYZERS)
@settings(deadline=None, max_examples=30)
@given(st.lists(texts, max_size=4))
def test_units_agree_with_line_breaks(name: str, batch: list[str]) -> None:
    analysis = ANALYZERS[name].analyze(batch)
    for unit in ("sentence", "paragraph"):
        offsets = getattr(analysis, unit).tolist()
        assert offsets[0] == 0
        assert offsets[-1] == len(analysis.entry)
        assert all(x < y for x, y in itertools.pairwise(offsets))
    # The slow way: a paragraph begins at a document's first word and after each line break.
    expected = []
    for d, text in enumerate(batch):
        line = None
        for i in range(int(analysis.document[d]), int(analysis.document[d + 1])):
            now = text.count("\n", 0, int(analysis.start[i]))
            if now != line:
                expected.append(i)
            line = now
    assert analysis.paragraph.tolist()[:-1] == (expected if len(analysis.entry) else [])
    assert set(expected) <= set(analysis.sentence.tolist())


def test_spellings_count_as_one() -> None:
    assert words_of("引越し") == words_of("引っ越し") == words_of("引っ越し")
    assert words_of("お部屋")[-1:] == words_of("部屋")
    assert words_of("食べました")[0] == words_of("たべる")[0] == "食べる"
    assert words_of("引越し", form="surface") != words_of("引っ越し", form="surface")
    assert words_of("行った", form="dictionary")[0] == "行く"


def test_people_see_the_dictionary_form() -> None:
    analysis = ANALYZERS["sudachi C"].analyze(["いちごを食べてする"])
    shown = dict(zip(analysis.forms, analysis.bases, strict=True))
    assert shown["為る"] == "する"
    assert shown["苺"] == "いちご"


@pytest.mark.parametrize(
    ("split", "expected"),
    [("A", ["国家", "公務", "員"]), ("B", ["国家", "公務員"]), ("C", ["国家公務員"])],
)
def test_units_of_sudachi(split: str, expected: list[str]) -> None:
    assert words_of("国家公務員", split=split) == expected


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("りんごを食べる", ["NOUN", "ADP", "VERB"]),
        ("とてもおいしい東京の料理だ", ["ADV", "ADJ", "PROPN", "ADP", "NOUN", "AUX"]),
        ("静かなこと", ["ADJ", "AUX", "LIGHT"]),
        ("散歩する", ["NOUN", "LIGHT"]),
        ("私は3", ["PRON", "ADP", "NUM"]),
    ],
)
@pytest.mark.parametrize("name", ["sudachi C", "mecab unidic", "mecab ipadic"])
def test_parts_of_speech(name: str, text: str, tags: list[str]) -> None:
    analysis = ANALYZERS[name].analyze([text])
    assert [analysis.pos[e] for e in analysis.entry.tolist()] == tags


def test_plain_words() -> None:
    analysis = ANALYZERS["spaces"].analyze(["Don't stop! It costs 3.50, well-known Café"])
    assert forms(analysis) == [
        "don't",
        "stop",
        "!",
        "it",
        "costs",
        "3.50",
        ",",
        "well-known",
        "café",
    ]
    tags = [analysis.pos[e] for e in analysis.entry.tolist()]
    assert tags == ["AUX", "X", "PUNCT", "PRON", "X", "NUM", "PUNCT", "X", "X"]


def test_forced_words_hold_where_borders_agree_and_where_they_do_not() -> None:
    assert words_of("客室露天風呂が自慢", forced_words=("客室露天風呂",))[0] == "客室露天風呂"
    assert words_of("部屋から海が見える", forced_words=("ら海が見",))[1:4] == [
        "か",
        "ら海が見",
        "得る",
    ] or ("ら海が見" in words_of("部屋から海が見える", forced_words=("ら海が見",)))
    longest = words_of("湯畑の湯畑", forced_words=("湯畑", "湯畑の湯"))
    assert longest[0] == "湯畑の湯"
    for analyzer in ("mecab", "spaces", "characters"):
        assert "客室露天風呂" in words_of(
            "客室露天風呂です", analyzer=analyzer, forced_words=("客室露天風呂",)
        )


def test_synonyms_are_found_in_any_spelling() -> None:
    groups = (("朝食", "朝ごはん", "モーニングビュッフェの会"),)
    found = words_of("朝食 朝ご飯 朝ごはん モーニングビュッフェの会", synonyms=groups)
    assert found == ["朝食"] * 4


def test_texts_without_an_end_and_the_limit_of_the_tokenizer() -> None:
    long = "あいうえお部屋海" * 20_000
    analysis = ANALYZERS["sudachi C"].analyze([long])
    assert int(analysis.length.sum()) == len(long)
    smile = "😀" * 30_000  # four bytes each
    assert int(ANALYZERS["sudachi C"].analyze([smile]).length.sum()) == len(smile)


def test_threads_change_nothing(shared_data: Path) -> None:
    with gzip.open(
        shared_data / "quasi_reviews" / "reviews.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        reviews = [json.loads(line)["text"] for line in file]
    batches = [reviews[i : i + 20] for i in range(0, 300, 20)]
    chosen = WordSettings(analyzer="sudachi")
    alone = list(analyze_stream(batches, chosen, 1))
    for threads in (2, 4):
        together = list(analyze_stream(iter(batches), chosen, threads))
        assert len(together) == len(alone)
        for a, b in zip(alone, together, strict=True):
            assert forms(a) == forms(b)
            assert a.start.tolist() == b.start.tolist()
            assert a.sentence.tolist() == b.sentence.tolist()


def test_an_error_comes_where_its_result_would_have() -> None:
    def batches():
        yield ["一つ目"]
        yield ["二つ目"]
        raise OSError("the disk is gone")

    stream = analyze_stream(batches(), WordSettings(analyzer="sudachi"), 2)
    with pytest.raises(OSError, match="the disk"):
        list(stream)


def test_the_analyser_is_chosen_by_looking() -> None:
    auto = WordSettings()
    assert resolve(auto, ["部屋から海が見える", "wifi free"]).analyzer == "sudachi"
    assert resolve(auto, ["The room has a view (海)."]).analyzer == "spaces"
    assert resolve(auto, []).analyzer == "sudachi"


def test_settings_survive_json_and_refuse_nonsense() -> None:
    chosen = WordSettings(
        "sudachi",
        "A",
        "surface",
        "core",
        ("湯畑",),
        (("朝食", "朝ごはん"),),
        ("人",),
        ("名詞", "VERB"),
    )
    assert chosen.pos == ("NOUN", "VERB")
    assert WordSettings.from_dict(json.loads(json.dumps(chosen.to_dict()))) == chosen
    for bad in (
        {"analyzer": "kytea"},
        {"split": "D"},
        {"form": "x"},
        {"pos": ("名刺",)},
        {"forced_words": "湯畑"},
    ):
        with pytest.raises(BadInput):
            WordSettings(**bad)
    with pytest.raises(Missing, match="pip install"):
        Analyzer(replace(chosen, dictionary="full"))
    with pytest.raises(Missing, match=r"bunsan\[mecab\]"):
        Analyzer(WordSettings("mecab", dictionary="nowhere"))
