"""What counts as the same word, with hand-known answers."""

import pytest
from analysis_twin import surfaces, words

from bunsan.base.errors import BadInput, Missing
from bunsan.text.analyze import Analyzer, resolve
from bunsan.text.words import WordSettings

SUDACHI = Analyzer(WordSettings(analyzer="sudachi"))
UNIDIC = Analyzer(WordSettings(analyzer="mecab"))
IPADIC = Analyzer(WordSettings(analyzer="mecab", dictionary="ipadic"))
SPACES = Analyzer(WordSettings(analyzer="spaces"))


@pytest.mark.parametrize("analyzer", [SUDACHI, UNIDIC], ids=["sudachi", "unidic-lite"])
@pytest.mark.parametrize(
    "spellings",
    [
        ("引越し", "引っ越し"),
        ("きれい", "綺麗", "キレイ"),
        ("おいしい", "美味しい"),
        ("食べた", "たべる"),
    ],
)
def test_spellings_are_one_word(analyzer: Analyzer, spellings: tuple[str, ...]) -> None:
    assert len({words(spelling, analyzer)[0] for spelling in spellings}) == 1


@pytest.mark.parametrize("analyzer", [SUDACHI, UNIDIC, IPADIC])
def test_the_polite_prefix_is_a_word_of_its_own(analyzer: Analyzer) -> None:
    prefix, room = words("お部屋", analyzer)
    assert prefix[1] == "AFFIX"
    assert [room] == words("部屋", analyzer)


@pytest.mark.parametrize(
    ("split", "expected"),
    [("A", ["国家", "公務", "員"]), ("B", ["国家", "公務員"]), ("C", ["国家公務員"])],
)
def test_units(split: str, expected: list[str]) -> None:
    assert surfaces("国家公務員", WordSettings(analyzer="sudachi", split=split)) == expected


def test_forms() -> None:
    text = "行った引越し"
    by_form = {
        form: [w for w, _ in words(text, WordSettings(analyzer="sudachi", form=form))]
        for form in ("normalized", "dictionary", "surface")
    }
    assert by_form == {
        "normalized": ["行く", "た", "引っ越し"],
        "dictionary": ["行く", "た", "引越し"],
        "surface": ["行っ", "た", "引越し"],
    }


def test_the_base_is_what_people_want_to_see() -> None:
    analysis = SUDACHI.analyze(["海を見てする"])
    assert dict(zip(analysis.forms, analysis.bases, strict=True))["為る"] == "する"
    # Two spellings of one word are two entries, so that either can be counted and shown.
    analysis = SUDACHI.analyze(["おいしい", "美味しい", "おいしくない"])
    assert analysis.bases == ["おいしい", "美味しい", "ない"]
    assert analysis.forms[0] == analysis.forms[1]
    assert analysis.entry.tolist() == [0, 1, 0, 2]


def test_one_character_of_several_words_is_one_token() -> None:
    assert words("㍿の", WordSettings(analyzer="sudachi", split="A")) == [
        ("株式会社", "NOUN"),
        ("の", "ADP"),
    ]


def test_latin_words_in_japanese_text() -> None:
    one = {words(word, SUDACHI)[0] for word in ("Wi-Fi", "wi-fi", "WIFI", "ＷｉＦｉ", "WiFi")}
    assert one == {("wi-fi", "PROPN")}
    assert words("the 最高ｗｗｗ", SUDACHI) == [("the", "DET"), ("最高", "NOUN"), ("ｗ", "INTJ")]
    assert words("IT", SUDACHI)[0][1] == "NOUN"


@pytest.mark.parametrize("analyzer", [SUDACHI, UNIDIC, IPADIC])
def test_counters_are_affixes_behind_numbers_only(analyzer: Analyzer) -> None:
    found = [pos for _, pos in words("3泊で2名、5円", analyzer)]
    assert found == ["NUM", "AFFIX", "ADP", "NUM", "AFFIX", "PUNCT", "NUM", "AFFIX"]
    assert words("円", SUDACHI) == [("円", "NOUN")]


@pytest.mark.parametrize("analyzer", [SUDACHI, UNIDIC, IPADIC])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("部屋がある", ["NOUN", "ADP", "LIGHT"]),
        ("散歩する", ["NOUN", "LIGHT"]),
        ("食べたことがない", ["VERB", "AUX", "LIGHT", "ADP", "LIGHT"]),
        ("海を見る", ["NOUN", "ADP", "VERB"]),
        ("とてもおいしい", ["ADV", "ADJ"]),
        ("静かな湖", ["ADJ", "AUX", "NOUN"]),
        ("これは東京の駅だ", ["PRON", "ADP", "PROPN", "ADP", "NOUN", "AUX"]),
        ("そして、帰るね", ["CCONJ", "PUNCT", "VERB", "PART"]),
        ("大きな声", ["DET", "NOUN"]),
        ("晴れれば", ["VERB", "SCONJ"]),
        ("😀", ["SYM"]),
    ],
)
def test_parts_of_speech(analyzer: Analyzer, text: str, expected: list[str]) -> None:
    assert [pos for _, pos in words(text, analyzer)] == expected


def test_adjectives_are_content_in_hiragana() -> None:
    for word in ("よい", "ほしい", "かわいい", "うれしい"):
        assert words(word, SUDACHI)[0][1] == "ADJ"


def test_a_character_no_dictionary_has_is_a_noun() -> None:
    assert words("𠮷", SUDACHI) == [("𠮷", "NOUN")]


def test_inflections() -> None:
    assert SUDACHI.inflections("食べた。\n ない") == {
        0: "連用形-一般",
        2: "終止形-一般",
        3: "",
        6: "終止形-一般",
    }
    assert IPADIC.inflections("海\n食べた")[2] == "連用形"
    assert set(UNIDIC.inflections("海 食べ")) == {0, 2}


def test_plain_words() -> None:
    text = "Don't panic: 1,234.5 well-known hôtels, 3rd… 12.5kg e\u0301t\u00e9 नमस्ते!!! 👍🏻"
    assert words(text, SPACES) == [
        ("don't", "AUX"),
        ("panic", "X"),
        (":", "PUNCT"),
        ("1,234.5", "NUM"),
        ("well-known", "X"),
        ("hôtels", "X"),
        (",", "PUNCT"),
        ("3rd", "X"),
        ("...", "PUNCT"),
        ("12.5", "NUM"),
        ("kg", "X"),
        ("été", "X"),
        ("नमस्ते", "X"),
        ("!!!", "PUNCT"),
        ("👍🏻", "SYM"),
    ]
    assert words("The Don’t", SPACES) == [("the", "DET"), ("don't", "AUX")]
    assert words("Ünder_THE", WordSettings(analyzer="spaces", form="surface")) == [
        ("Ünder_THE", "X")
    ]


def test_characters() -> None:
    assert words(
        "部屋ｶ A3。é\u0301か\u3099👨\u200d👩\u200d👧", WordSettings(analyzer="characters")
    ) == [
        ("部", "X"),
        ("屋", "X"),
        ("カ", "X"),
        ("a", "X"),
        ("3", "NUM"),
        ("。", "PUNCT"),
        ("é\u0301", "X"),
        ("が", "X"),
        ("👨\u200d👩\u200d👧", "SYM"),
    ]


def test_auto_looks_at_the_texts() -> None:
    auto = WordSettings(split="A")
    assert resolve(auto, ["部屋から海が見える Wi-Fi"]).analyzer == "sudachi"
    assert resolve(auto, ["The room has a view of the sea (海)."]) == WordSettings(
        analyzer="spaces"
    )
    assert resolve(auto, ["", "123"]).analyzer == "sudachi"
    assert resolve(auto, iter(["東京"])).split == "A"
    analyzer = Analyzer(WordSettings())
    assert analyzer.query("the room") == [("the", "DET"), ("room", "X")]
    assert analyzer.settings.analyzer == "spaces"


def test_a_query_leaves_punctuation_out() -> None:
    assert SUDACHI.query("「湯畑」、海！") == [("湯畑", "NOUN"), ("海", "NOUN")]


def test_missing_dictionaries_say_what_to_install() -> None:
    with pytest.raises(Missing, match="pip install sudachidict_small"):
        Analyzer(WordSettings(analyzer="sudachi", dictionary="small"))


def test_a_folder_without_a_dictionary(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadInput, match="unidic-lite"):
            Analyzer(WordSettings(analyzer="mecab", dictionary=str(folder)))


def test_a_dictionary_by_its_folder() -> None:
    import ipadic

    by_path = Analyzer(WordSettings(analyzer="mecab", dictionary=ipadic.DICDIR))
    assert words("部屋が見える", by_path) == words("部屋が見える", IPADIC)
