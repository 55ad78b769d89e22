"""Names of parts of speech and conjugation forms mean what KH Coder's users mean by them."""

import fugashi
import ipadic
import pytest
import sudachipy

from bunsan.words.coding.names import (
    UD_TAGS,
    inflections,
    is_inflection,
    part_of_speech,
    parts_of_speech,
    same_inflection,
)


def test_parts_of_speech() -> None:
    for name in parts_of_speech():
        part = part_of_speech(name)
        assert part is not None
        assert part.name == name
        assert set(part.tags) <= set(UD_TAGS)
        assert len(set(part.tags)) == len(part.tags)
    assert part_of_speech("名詞C").tags == ("NOUN",)
    assert part_of_speech("動詞B").tags == ("VERB",)
    assert part_of_speech("人名").tags == ("PROPN",)
    assert not part_of_speech("人名").exact
    assert part_of_speech("propn").tags == ("PROPN",)
    assert part_of_speech("タグ").tags == ()
    assert part_of_speech("国名") is None


def test_the_names_that_are_listed_are_known() -> None:
    assert all(is_inflection(name) for name in inflections())
    assert is_inflection("命令ｅ")
    assert is_inflection("連用形-促音便")
    assert not is_inflection("過去形")


@pytest.mark.parametrize(
    ("asked", "found", "same"),
    [
        ("未然形", "未然形-一般", True),
        ("未然形", "未然形", True),
        ("未然形", "未然形-サ", False),
        ("未然レル接続", "未然形-サ", True),
        ("連用形", "連用形-促音便", False),
        ("連用タ接続", "連用形-促音便", True),
        ("連用タ接続", "連用形-一般", False),
        ("連用形-促音便", "連用形-促音便", True),
        ("連用形-促音便", "連用形-イ音便", False),
        ("終止形", "終止形-一般", True),
        ("命令ｅ", "命令形", True),
        ("命令e", "命令ｅ", True),
        ("命令形", "命令ｅ", False),
        ("基本形", "連体形-一般", True),
        ("基本形", "*", False),
        ("基本形", "", False),
    ],
)
def test_same_inflection(asked: str, found: str, same: bool) -> None:
    assert same_inflection(asked, found) is same


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("本を買わない", "買う"),
        ("本を買った", "買う"),
        ("本を買います", "買う"),
        ("本を買う", "買う"),
        ("本を買うとき", "買う"),
        ("本を買えば安い", "買う"),
        ("字を書いた", "書く"),
        ("空を飛んだ", "飛ぶ"),
        ("山が高くなる", "高い"),
        ("山が高かった", "高い"),
        ("山が高ければ登る", "高い"),
        ("そこへ行けよ", "行く"),
        ("手紙を出します", "出す"),
    ],
)
def test_a_name_of_ipadic_finds_the_same_word_in_sudachi(text: str, word: str) -> None:
    """What IPADIC calls the form of a token is among the forms of Sudachi's token, both ways round
    for every form of these words: another of IPADIC's forms finds nothing."""
    tagger = fugashi.GenericTagger(ipadic.MECAB_ARGS)
    (theirs,) = [w.feature[5] for w in tagger(text) if w.feature[6] == word]
    tokens = sudachipy.Dictionary().tokenizer().tokenize(text)
    (ours,) = [m.part_of_speech()[5] for m in tokens if m.dictionary_form() == word]
    assert same_inflection(theirs, ours)
    different = {"未然形", "連用形", "連用タ接続", "基本形", "仮定形", "命令ｅ"} - {theirs}
    if theirs == "連用テ接続":  # 高く, which UniDic gives the form of 買い
        different.remove("連用形")
    assert not any(same_inflection(other, ours) for other in different)
