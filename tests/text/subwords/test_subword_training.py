"""Tokenizers learned from text: the same every time, and the same in transformers."""

import json
import subprocess
import sys
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from subword_samples import SENTENCES, SPECIAL
from transformers import AutoTokenizer

from bunsan.base.errors import BadInput, Missing
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.training import train_tokenizer
from bunsan.text.subwords.unigram_scores import unigram_scores

CORPUS = [
    "東京タワーは、1958年に完成した高さ333mの電波塔である。",
    "ホテルの朝食がとても美味しかったです。また来ます。",
    "The quick brown fox jumps over the lazy dog.",
    "ｶﾞﾗｽ張りのロビー、温泉旅館。京都の大学で学びました。",
    "すもももももももものうち、となりの客はよく柿食う客だ。",
    "東京 の 大学 と 京都 の 大学",
] * 5
KINDS = [
    ("wordpiece", "mecab-ipadic", {}),
    ("wordpiece", "mecab-unidic-lite", {"lower": True}),
    ("wordpiece", "sudachi", {}),
    ("wordpiece", "basic", {}),
    ("wordpiece", "spaces", {}),
    ("wordpiece", None, {}),
    ("wordpiece", None, {"lower": True}),
    ("characters", "mecab-ipadic", {}),
    ("characters", None, {}),
    ("bpe", None, {}),
    ("bpe", "spaces", {"family": "gpt2"}),
    ("byte-bpe", None, {}),
    ("byte-bpe", None, {"family": "roberta", "lower": True}),
    ("unigram", None, {}),
    ("unigram", None, {"family": "bert"}),
    ("unigram", "scripts", {"family": "bert", "lower": True}),
    ("wordpiece", "scripts", {}),
    ("bpe", "scripts", {}),
    ("byte-bpe", "scripts", {}),
]


@pytest.mark.parametrize("kind", ["unigram", "bpe", "byte-bpe", "wordpiece"])
def test_pieces_end_where_writing_systems_meet(kind: Any) -> None:
    """Each run alone gives the same pieces as in the text, so that none crosses; no run is lost."""
    own = train_tokenizer(
        CORPUS, kind, 500, words="scripts", family="bert" if kind == "unigram" else None
    )
    runs = [
        "東京",
        "タワー",
        "は",
        "、",
        "1958",
        "年",
        "に",
        "完成",
        "した",
        "高",
        "さ",
        "333",
        "m",
        "の",
        "。",
    ]
    text = "".join(runs)
    alone = [i for run in runs for i in own.encode(run, add_special_tokens=False).ids.tolist()]
    assert own.encode(text, add_special_tokens=False).ids.tolist() == alone
    places = own.encode(text).offsets
    shown = "".join(text[a:b] for a, b in places if b > a)
    assert Counter(shown) >= Counter(text)


@pytest.mark.parametrize("kind", ["unigram", "byte-bpe"])
def test_what_was_cut_by_script_is_put_together_again(kind: Any) -> None:
    own = train_tokenizer(CORPUS, kind, 500, words="scripts")
    text = "東京タワーは The quick brown fox が 333 mである。"
    assert own.decode(own.encode(text, add_special_tokens=False).ids.tolist()) == text


@pytest.mark.parametrize(("kind", "words", "options"), KINDS)
def test_saved_it_opens_in_transformers_and_here(
    kind: Any, words: str | None, options: dict[str, Any], tmp_path: Path
) -> None:
    own = train_tokenizer(iter(CORPUS), kind, 400, words=words, max_length=64, **options)
    assert own.vocab_size <= 400
    folder = own.save(tmp_path / "saved")
    again = open_tokenizer(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SudachiPy
        peer = AutoTokenizer.from_pretrained(folder)
    assert len(peer) == own.vocab_size == again.vocab_size
    for text in (*SENTENCES, *CORPUS[:6]):
        ids = own.encode(text).ids.tolist()
        assert again.encode(text).ids.tolist() == peer(text)["input_ids"] == ids, text
    pair = own.encode("東京", "京都")
    expected = peer("東京", "京都", return_token_type_ids=True)
    assert pair.ids.tolist() == expected["input_ids"]
    if options.get("family", kind) not in ("gpt2", "byte-bpe"):
        assert pair.type_ids.tolist() == expected["token_type_ids"]
    assert again.max_length == peer.model_max_length == 64
    for role in ("pad", "unk", "cls", "sep", "mask", "bos", "eos"):
        assert getattr(own, f"{role}_id") == getattr(peer, f"{role}_token_id"), role
        assert getattr(again, f"{role}_id") == getattr(own, f"{role}_id"), role
    assert again.special_ids == own.special_ids


ONCE = """
import sys, json
from bunsan.text.subwords.training import train_tokenizer
kinds, texts = json.load(sys.stdin)
found = [train_tokenizer(texts, k, 700, words=w) for k, w in kinds]
print(json.dumps([[t.vocabulary(), [e.ids.tolist() for e in t.encode_batch(texts)]] for t in found]))
"""


def test_the_same_text_gives_the_same_tokenizer(lines: list[str]) -> None:
    kinds = [
        ["wordpiece", "mecab-ipadic"],
        ["wordpiece", None],
        ["bpe", None],
        ["byte-bpe", None],
        ["unigram", None],
    ]
    texts = [line for line in lines if 10 < len(line) < 100][:400]
    runs = [
        subprocess.run(
            [sys.executable, "-c", ONCE],
            input=json.dumps([kinds, texts]),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert json.loads(runs[0]) == json.loads(runs[1])


def slow_expected(
    pieces: dict[str, float], word: str, at: int = 0
) -> tuple[float, dict[str, float]]:
    """The probability of all ways to cut a word, and how often each piece is in them, weighted."""
    if at == len(word):
        return 1.0, {}
    total, seen = 0.0, Counter[str]()
    for end in range(at + 1, len(word) + 1):
        piece = word[at:end]
        if piece in pieces:
            rest, inside = slow_expected(pieces, word, end)
            own = pieces[piece]
            total += own * rest
            seen[piece] += own * rest
            for name, weight in inside.items():
                seen[name] += own * weight
    return total, dict(seen)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=6), st.integers(1, 9), min_size=1),
    st.sets(st.text("abc", min_size=2, max_size=3), max_size=6),
)
@settings(max_examples=30)
def test_unigram_scores_are_those_of_all_ways_to_cut(
    words: dict[str, int], longer: set[str]
) -> None:
    pieces = sorted({"a", "b", "c", *longer})
    occurrences = {p: sum(n * count_of(p, w) for w, n in words.items()) for p in pieces}
    total = sum(occurrences.values())
    chance = {p: max(n, 1e-3) / total for p, n in occurrences.items()}
    for _ in range(6):
        seen: Counter[str] = Counter()
        for word, n in words.items():
            whole, inside = slow_expected(chance, word)
            for piece, weight in inside.items():
                seen[piece] += n * weight / whole
        counts = {p: max(seen[p], 1e-3) for p in pieces}
        chance = {
            p: float(np.exp(digamma(c) - digamma(sum(counts.values())))) for p, c in counts.items()
        }
    found = unigram_scores(pieces, words)
    # A piece that is hardly ever used has a score far below what can matter.
    np.testing.assert_allclose(np.exp(found), [chance[p] for p in pieces], rtol=1e-6, atol=1e-12)


def count_of(piece: str, word: str) -> int:
    return sum(word.startswith(piece, at) for at in range(len(word)))


def slow_wordpiece(words: dict[str, int], least: int) -> list[str]:
    """WordPiece as it is trained in practice, pair by pair: the most frequent pair of pieces is
    joined; of equals, the one whose pieces are older."""
    letters = sorted(set("".join(words)))
    tokens = [*SPECIAL, *[f"##{c}" for c in letters], *letters]
    ids = {token: i for i, token in enumerate(tokens)}
    split = {word: [ids[word[0]], *[ids[f"##{c}"] for c in word[1:]]] for word in words}
    while True:
        pairs: Counter[tuple[int, int]] = Counter()
        for word, pieces in split.items():
            for pair in pairwise(pieces):
                pairs[pair] += words[word]
        if not pairs:
            return tokens
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < least:
            return tokens
        joined = tokens[best[0]] + tokens[best[1]].removeprefix("##")
        if joined not in ids:
            ids[joined] = len(tokens)
            tokens.append(joined)
        for word, pieces in split.items():
            merged: list[int] = []
            i = 0
            while i < len(pieces):
                if tuple(pieces[i : i + 2]) == best:
                    merged.append(ids[joined])
                    i += 2
                else:
                    merged.append(pieces[i])
                    i += 1
            split[word] = merged


@given(st.dictionaries(st.text("あいうab", min_size=1, max_size=7), st.integers(1, 30), min_size=1))
@settings(max_examples=40)
def test_wordpiece_is_the_slow_way_made_fast(words: dict[str, int]) -> None:
    texts = [f"{word} " * count for word, count in words.items()]
    own = train_tokenizer(texts, "wordpiece", 10_000, words="spaces", min_frequency=3)
    assert set(own.vocabulary()) == set(slow_wordpiece(words, 3))
    learned = sorted(own.vocabulary(), key=own.vocabulary().__getitem__)
    letters = len(set("".join(words)))
    assert learned[5 + 2 * letters :] == slow_wordpiece(words, 3)[5 + 2 * letters :]


def test_frequent_words_become_one_piece() -> None:
    own = train_tokenizer(CORPUS, "wordpiece", 2000, words="mecab-ipadic")
    assert own.encode("東京の大学").tokens == ["[CLS]", "東京", "の", "大学", "[SEP]"]
    # The text was full-width, its words are counted as NFKC.
    assert any("ガラス" in token for token in own.vocabulary())
    assert not any("ｶ" in token for token in own.vocabulary())


def test_the_alphabet_is_of_the_most_frequent() -> None:
    own = train_tokenizer(["ああああいいいう"] * 3, "characters", 7)
    assert set(own.vocabulary()) == {*SPECIAL, "あ", "い"}
    small = train_tokenizer(
        ["ああ いい う"] * 3 + ["ああ"], "wordpiece", 50, words="spaces", alphabet=1
    )
    assert small.encode("ああ う").tokens[1:-1] == ["ああ", "[UNK]"]


def test_special_tokens_are_never_cut(tmp_path: Path) -> None:
    for kind, words in (("wordpiece", "mecab-ipadic"), ("byte-bpe", None)):
        own = train_tokenizer(CORPUS, kind, 400, words=words, special_tokens=["<客>"])  # type: ignore[arg-type]
        identity = own.token_to_id("<客>")
        folder = own.save(tmp_path / kind)
        for one in (own, open_tokenizer(folder)):
            assert identity in one.encode("東京<客>大学").ids.tolist()
            assert identity in one.special_ids
        assert identity in AutoTokenizer.from_pretrained(folder)("東京<客>大学")["input_ids"]


def test_saving_leaves_what_else_is_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    own = train_tokenizer(CORPUS, "characters", 100)
    own.save(folder)
    own.save(folder)
    names = {path.name for path in tmp_path.rglob("*")}
    assert names == {"model", "config.json", "vocab.txt", "tokenizer_config.json"}


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        ([], {}),
        (["", " \n"], {"words": "spaces"}),
        (CORPUS, {"kind": "sentencepiece"}),
        (CORPUS, {"kind": "bpe", "words": "mecab-ipadic"}),
        (CORPUS, {"words": "mecab-ipadic", "family": "t5"}),
        (CORPUS, {"words": "kuromoji"}),
        (CORPUS, {"family": "xlnet"}),
        (CORPUS, {"vocab_size": 5}),
        (CORPUS, {"kind": "byte-bpe", "vocab_size": 100}),
        (CORPUS, {"kind": "characters", "vocab_size": 5}),
    ],
)
def test_what_cannot_be_learned(texts: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        train_tokenizer(texts, **options)
    assert caught.value.remedy


def test_a_dictionary_that_is_not_here() -> None:
    with pytest.raises(Missing):
        train_tokenizer(CORPUS, words="mecab-unidic")


def test_rare_words_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from bunsan.text.subwords import training

    monkeypatch.setattr(training, "_MOST_WORDS", 50)
    monkeypatch.setattr(training, "_BATCH", 100)
    texts = [f"東京 京都 w{i}" for i in range(200)]
    own = train_tokenizer(texts, "wordpiece", 200, words="spaces")
    assert own.encode("東京 京都").tokens[1:-1] == ["東京", "京都"]


def test_a_stream_is_read_once_and_never_kept() -> None:
    seen = 0

    def stream() -> Any:
        nonlocal seen
        for text in CORPUS * 3:
            seen += 1
            yield text

    train_tokenizer(stream(), "wordpiece", 300, words="mecab-ipadic")
    assert seen == len(CORPUS) * 3


@pytest.mark.parametrize("family", ["bert", "gpt2", "roberta"])
def test_others_are_told_of_two_texts_where_the_model_knows_of_them(
    family: Any, tmp_path: Path
) -> None:
    kind = "wordpiece" if family == "bert" else "byte-bpe"
    own = train_tokenizer(CORPUS, kind, 400, family=family)  # type: ignore[arg-type]
    peer = AutoTokenizer.from_pretrained(own.save(tmp_path / family))("東京", "大学")
    if family == "bert":
        assert peer["token_type_ids"] == own.encode("東京", "大学").type_ids.tolist()
        assert 1 in peer["token_type_ids"]
    else:
        assert not any(peer.get("token_type_ids", [0]))
