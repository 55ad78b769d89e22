"""Japanese BERTs: the ids of transformers' BertJapaneseTokenizer, and places in the original."""

import json
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from subword_samples import SENTENCES, SPECIAL, TEXT
from transformers import BertJapaneseTokenizer

from bunsan.base.errors import BadInput, Missing
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer
from conftest import Folder

IPADIC = {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "ipadic"}}
UNIDIC = {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "unidic_lite"}}
KINDS: dict[str, dict[str, Any]] = {
    "ipadic": IPADIC,
    "unidic": UNIDIC,
    "mecab": {"word_tokenizer_type": "mecab"},
    "ipadic lower": {**IPADIC, "do_lower_case": True},
    "ipadic characters": {**IPADIC, "subword_tokenizer_type": "character"},
    "unidic characters lower": {
        **UNIDIC,
        "subword_tokenizer_type": "character",
        "do_lower_case": True,
    },
    "not normalized": {
        "word_tokenizer_type": "mecab",
        "mecab_kwargs": {"mecab_dic": "ipadic", "normalize_text": False},
    },
    "not normalized characters": {
        "word_tokenizer_type": "mecab",
        "mecab_kwargs": {"mecab_dic": "ipadic", "normalize_text": False},
        "subword_tokenizer_type": "character",
    },
    "own options": {
        "word_tokenizer_type": "mecab",
        "mecab_kwargs": {"mecab_dic": "ipadic", "mecab_option": "-O wakati"},
    },
    "never split": {**IPADIC, "do_lower_case": True, "never_split": ["Tokyo", "ΑΣ"]},
    "sudachi": {"word_tokenizer_type": "sudachi"},
    "sudachi C trimmed": {
        "word_tokenizer_type": "sudachi",
        "do_lower_case": True,
        "sudachi_kwargs": {"sudachi_split_mode": "C", "trim_whitespace": True},
    },
    "sudachi normalized": {
        "word_tokenizer_type": "sudachi",
        "sudachi_kwargs": {"sudachi_projection": "normalized"},
    },
    "basic": {"word_tokenizer_type": "basic"},
    "basic lower": {"word_tokenizer_type": "basic", "do_lower_case": True},
    "words whole": {**IPADIC, "do_subword_tokenize": False},
    "no words": {"do_word_tokenize": False},
}
COMPILED = ("ipadic", "unidic", "ipadic lower", "ipadic characters", "unidic characters lower")


def theirs(folder: Path) -> BertJapaneseTokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SudachiPy, for a name it will drop
        return BertJapaneseTokenizer.from_pretrained(folder)


class Pairs(dict[str, tuple[Tokenizer, BertJapaneseTokenizer]]):
    """Ours and theirs, by kind; a short name in what pytest prints."""

    def __repr__(self) -> str:
        return "pairs"


@pytest.fixture(scope="session")
def pairs(japanese_folder: Folder) -> Pairs:
    folders = {name: japanese_folder(**kind) for name, kind in KINDS.items()}
    return Pairs({name: (open_tokenizer(f), theirs(f)) for name, f in folders.items()})


@pytest.mark.parametrize("name", list(KINDS))
def test_ids_are_the_peers(name: str, pairs: Pairs) -> None:
    own, peer = pairs[name]
    for text, encoding in zip(SENTENCES, own.encode_batch(SENTENCES), strict=True):
        assert encoding.ids.tolist() == peer(text)["input_ids"], text
        assert encoding.tokens == peer.convert_ids_to_tokens(encoding.ids.tolist())


@pytest.mark.parametrize("name", list(KINDS))
def test_ids_of_real_text_are_the_peers(name: str, pairs: Pairs, lines: list[str]) -> None:
    own, peer = pairs[name]
    chosen = lines if name in COMPILED else lines[:: len(lines) // 150]
    for text, encoding in zip(chosen, own.encode_batch(chosen), strict=True):
        assert encoding.ids.tolist() == peer(text)["input_ids"], text


@pytest.mark.parametrize("name", list(KINDS))
@given(text=TEXT)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ids_of_any_text_are_the_peers(name: str, pairs: Pairs, text: str) -> None:
    own, peer = pairs[name]
    batch = [text, "東京" + text, text]
    expected = [peer(one)["input_ids"] for one in batch]
    assert [one.ids.tolist() for one in own.encode_batch(batch)] == expected


@pytest.mark.parametrize("name", list(KINDS))
@given(text=TEXT)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_places_are_of_the_original(name: str, pairs: Pairs, text: str) -> None:
    own, _ = pairs[name]
    check_places(own, text, name)


def test_places_in_real_text(pairs: Pairs, lines: list[str]) -> None:
    for name in COMPILED:
        for text in lines[::7]:
            check_places(pairs[name][0], text, name)


def check_places(own: Tokenizer, text: str, name: str) -> None:
    encoding = own.encode(text)
    offsets = encoding.offsets
    assert offsets[0].tolist() == offsets[-1].tolist() == [0, 0]
    inner = offsets[1:-1]
    assert (inner[:, 0] <= inner[:, 1]).all()
    assert (inner >= 0).all()
    assert (inner <= len(text)).all()
    assert (np.diff(inner[:, 0]) >= 0).all()
    if name not in COMPILED:
        return
    for token, (begin, end) in zip(encoding.tokens[1:-1], inner.tolist(), strict=True):
        assert begin < end
        if token == "[UNK]":
            continue
        # Where one character became several (㍿), or marks changed places, a piece may be a part of
        # what its place becomes.
        form = unicodedata.normalize("NFKC", text[begin:end])
        bare = token.removeprefix("##") if begin else token
        assert {bare, token} & {form, form.lower()} or (
            bare in form.lower()
            and (end - begin < len(form.lower()) or any(map(unicodedata.combining, form)))
        )


def test_places_through_width_marks_and_case(japanese_folder: Folder) -> None:
    tokens = [*SPECIAL, "ガ", "##ラス", "tokyo", "平成", "##ガ"]
    own = open_tokenizer(japanese_folder(tokens, **IPADIC, do_lower_case=True))
    text = "ｶﾞﾗｽ ＴＯＫＹＯ ㍻"
    encoding = own.encode(text)
    pieces = [text[b:e] for b, e in encoding.offsets[1:-1].tolist()]
    assert encoding.tokens[1:-1] == ["ガ", "##ラス", "tokyo", "平成"]
    assert pieces == ["ｶﾞ", "ﾗｽ", "ＴＯＫＹＯ", "㍻"]


def test_pairs_types_and_truncation(pairs: Pairs) -> None:
    own, peer = pairs["ipadic"]
    texts = ["東京タワーは高い", "京都の温泉とホテル", "あ", "です" * 10, ""]
    for first in texts:
        for second in texts:
            for most in (None, 3, 4, 5, 6, 7, 8, 9, 12, 15):
                encoding = own.encode(first, second, max_length=most)
                expected = peer(
                    first,
                    second,
                    truncation=most is not None,
                    max_length=most,
                    return_token_type_ids=True,
                )
                assert encoding.ids.tolist() == expected["input_ids"]
                assert encoding.type_ids.tolist() == expected["token_type_ids"]
                assert len(encoding.offsets) == len(encoding.special) == len(encoding)
                assert encoding.special.tolist() == [
                    bool(i) for i in peer.get_special_tokens_mask(*inner(peer, first, second, most))
                ]


def inner(
    peer: BertJapaneseTokenizer, first: str, second: str, most: int | None
) -> tuple[list[int], list[int]]:
    ids = [peer(text, add_special_tokens=False)["input_ids"] for text in (first, second)]
    if most is None:
        return ids[0], ids[1]
    over = max(len(ids[0]) + len(ids[1]) + 3 - most, 0)
    one, two, _ = peer.truncate_sequences(*ids, num_tokens_to_remove=over)
    return one, two


def test_one_text_is_cut(pairs: Pairs) -> None:
    own, peer = pairs["ipadic"]
    texts = ["東京タワーは高い" * 3, "", "あ"]
    for most in (2, 3, 5, 100):
        packed = own.encode_packed(texts, max_length=most)
        for i, encoding in enumerate(own.encode_batch(texts, max_length=most)):
            expected = peer(texts[i], truncation=True, max_length=most)["input_ids"]
            assert encoding.ids.tolist() == packed[i].tolist() == expected
            assert len(encoding.offsets) == len(expected)


def test_no_room_for_special_tokens(pairs: Pairs) -> None:
    own, _ = pairs["ipadic"]
    with pytest.raises(BadInput, match="at least 2"):
        own.encode("あ", max_length=1)
    with pytest.raises(BadInput, match="at least 3"):
        own.encode("あ", "い", max_length=2)
    assert len(own.encode("東京", max_length=1, add_special_tokens=False)) == 1


def test_cut_from_the_left(japanese_folder: Folder) -> None:
    folder = japanese_folder(**IPADIC, truncation_side="left")
    own, peer = open_tokenizer(folder), theirs(folder)
    text = "東京タワーは高いです。温泉もあります。"
    for most in (3, 5, 8):
        encoding = own.encode(text, max_length=most)
        assert encoding.ids.tolist() == peer(text, truncation=True, max_length=most)["input_ids"]
        last = encoding.offsets[-2].tolist()
        assert text[last[0] : last[1]] == "。"
        both = own.encode(text, text, max_length=most)
        assert both.ids.tolist() == peer(text, text, truncation=True, max_length=most)["input_ids"]


def test_a_stream_many_threads_and_order(pairs: Pairs) -> None:
    own, _ = pairs["ipadic"]
    texts = [sentence + str(i) for i, sentence in enumerate(SENTENCES * 300)]
    alone = [own.encode(text) for text in texts[:60]]
    streamed = list(own.iter_encode(iter(texts)))
    assert len(streamed) == len(texts)
    for one, other in zip(alone, streamed, strict=False):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.offsets.tolist() == other.offsets.tolist()
    batch = own.encode_batch(texts)
    assert all((a.ids == b.ids).all() for a, b in zip(batch, streamed, strict=True))


def test_nothing_and_half_of_a_pair(pairs: Pairs) -> None:
    own, _ = pairs["ipadic"]
    assert own.encode_batch([]) == []
    assert list(own.iter_encode([])) == []
    assert own.encode_packed([]).ids.tolist() == []
    assert (
        own.encode("東京\ud83dタワー").ids.tolist() == own.encode("東京\ufffdタワー").ids.tolist()
    )
    with pytest.raises(TypeError):
        own.encode_batch("東京")
    with pytest.raises(BadInput):
        own.encode_batch(["東京"], ["a", "b"])


def test_a_nul_loses_nothing(pairs: Pairs) -> None:
    own, _ = pairs["ipadic"]
    assert own.encode("東京\0タワー").tokens == ["[CLS]", "東京", "[UNK]", "タワー", "[SEP]"]


def test_special_tokens_that_the_vocabulary_lacks_are_numbered_behind_it(
    japanese_folder: Folder,
) -> None:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "東京", "<x>"]
    folder = japanese_folder(tokens, **IPADIC, extra_special_tokens=["<x>", "<y>"])
    own, peer = open_tokenizer(folder), theirs(folder)
    text = "東京[MASK]<x><y>東京"
    assert own.encode(text).ids.tolist() == peer(text)["input_ids"]
    assert own.mask_id == peer.mask_token_id == 6
    assert own.vocab_size == len(peer)


def test_words_of_ones_own_choice(japanese_folder: Folder, pairs: Pairs) -> None:
    folder = japanese_folder()
    text = "東京タワーはとても高いです"
    own = open_tokenizer(folder, words="mecab-ipadic")
    assert own.encode(text).ids.tolist() == pairs["ipadic"][0].encode(text).ids.tolist()
    spaced = open_tokenizer(folder, words="spaces")
    assert spaced.encode("東京 タワー です,").tokens[1:4] == ["東京", "タワー", "です"]
    assert spaced.encode("東京 タワー です,").tokens[4:] in (["##,", "[SEP]"], ["[UNK]", "[SEP]"])
    with pytest.raises(BadInput, match="mecab-ipadic"):
        open_tokenizer(folder, words="mecab")


def test_what_is_missing_is_named(japanese_folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Missing, match="pip install unidic"):
        open_tokenizer(japanese_folder(), words="mecab-unidic")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Missing, match="jumanpp"):
        open_tokenizer(japanese_folder(), words="jumanpp")


@pytest.mark.parametrize(
    "broken",
    [
        {"word_tokenizer_type": "kuromoji"},
        {"word_tokenizer_type": "mecab", "subword_tokenizer_type": "bpe"},
        {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "neologd"}},
        {"word_tokenizer_type": "mecab", "mecab_kwargs": ["ipadic"]},
        {"word_tokenizer_type": "sudachi", "sudachi_kwargs": {"sudachi_split_mode": "D"}},
        {"word_tokenizer_type": "sudachi", "sudachi_kwargs": {"sudachi_projection": "x"}},
    ],
)
def test_settings_that_are_unknown(japanese_folder: Folder, broken: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        open_tokenizer(japanese_folder(**broken))
    assert caught.value.remedy


def test_saved_it_opens_in_both(pairs: Pairs, tmp_path: Path) -> None:
    for name, (own, peer) in pairs.items():
        folder = own.save(tmp_path / name)
        again, other = open_tokenizer(folder), theirs(folder)
        for text in SENTENCES[:8]:
            expected = peer(text)["input_ids"]
            assert again.encode(text).ids.tolist() == other(text)["input_ids"] == expected, name


def test_decoding_leaves_no_spaces_between_japanese(pairs: Pairs) -> None:
    own, peer = pairs["ipadic"]
    ids = own.encode("東京タワーは、とても美しいです。").ids
    assert own.decode(ids) == "東京タワーは、とても美しいです。"
    assert own.decode(ids, skip_special_tokens=False).startswith("[CLS]")
    # Beside the spaces it is what the peer makes of it.
    text = "東京 to 19 年"
    assert peer.decode(own.encode(text).ids[1:-1]).replace(" ", "") == own.decode(
        own.encode(text).ids
    ).replace(" ", "")
    assert own.decode(own.encode("to 19").ids) == "to 19"


# chiTra


def chitra(form: str, pieces: str, nfkc: bool = True) -> dict[str, Any]:
    return {
        "tokenizer_class": "BertSudachipyTokenizer",
        "word_tokenizer_type": "sudachipy",
        "subword_tokenizer_type": pieces,
        "word_form_type": form,
        "do_nfkc": nfkc,
        "sudachipy_kwargs": {"split_mode": "C", "dict_type": "core"},
    }


def sudachi_words(text: str, form: str) -> list[str]:
    import sudachipy

    tokenizer = sudachipy.Dictionary(dict="core").tokenizer(sudachipy.SplitMode.C)
    found = []
    for morpheme in tokenizer.tokenize(text):
        inflects = morpheme.part_of_speech()[0] in ("動詞", "形容詞", "助動詞")
        if form == "surface" or (form.endswith("_and_surface") and inflects):
            found.append(morpheme.surface())
        elif form.startswith("normalized"):
            found.append(morpheme.normalized_form())
        else:
            found.append(morpheme.dictionary_form())
    return found


@pytest.mark.parametrize(
    "form",
    ["surface", "dictionary", "normalized", "dictionary_and_surface", "normalized_and_surface"],
)
def test_chitra_counts_words_in_the_form_it_names(japanese_folder: Folder, form: str) -> None:
    text = "附属のｶﾞﾗｽを引越しで割った。シュミレーション㍿"
    plain = unicodedata.normalize("NFKC", text)
    wanted = sudachi_words(plain, form)
    folder = japanese_folder([*SPECIAL, *dict.fromkeys(wanted)], **chitra(form, "wordpiece"))
    encoding = open_tokenizer(folder).encode(text)
    assert encoding.tokens[1:-1] == wanted
    places = [text[b:e] for b, e in encoding.offsets[1:-1].tolist()]
    assert places[:2] == ["附属", "の"]
    assert "ｶﾞﾗｽ" in places
    assert "引越し" in places
    assert [unicodedata.normalize("NFKC", place) for place in places][:-1] == sudachi_words(
        plain, "surface"
    )[: len(places) - 1]


def test_chitra_puts_parts_of_speech_in_place_of_words(japanese_folder: Folder) -> None:
    tokens = [*SPECIAL, "は\t10\tx", "[名詞-固有名詞-地名-一般]", "です", "[名詞-普通名詞-一般]"]
    folder = japanese_folder(tokens, **chitra("surface", "pos_substitution"))
    own = open_tokenizer(folder)
    found = own.encode("京都はりんごです。").tokens[1:-1]
    assert found == ["[名詞-固有名詞-地名-一般]", "は", "[名詞-普通名詞-一般]", "です", "[UNK]"]


def test_half_width_letters(japanese_folder: Folder) -> None:
    folder = japanese_folder(
        [*SPECIAL, "ABC", "１２"], **chitra("surface_half_ascii", "wordpiece", nfkc=False)
    )
    assert open_tokenizer(folder).encode("ＡＢＣ").tokens[1:-1] == ["ABC"]


def test_wrong_json_is_named(japanese_folder: Folder) -> None:
    folder = japanese_folder(**IPADIC)
    path = folder / "tokenizer_config.json"
    path.write_text('{\n"word_tokenizer_type": "mecab",\n', encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        open_tokenizer(folder)
    assert (caught.value.file, caught.value.row) == (str(path), 3)
    path.write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(BadInput, match="object"):
        open_tokenizer(folder)
