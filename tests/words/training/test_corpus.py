"""Corpora of ids against `str.split`, `collections.Counter` and plain Python."""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput, Missing
from bunsan.words.training.corpus import (
    CorpusBuilder,
    WordCorpus,
    build_corpus,
    build_text_corpus,
    corpus_from_ids,
    open_corpus,
)
from bunsan.words.training.corpus_text import find_word

Lines = list[list[str]]


def stretches(corpus: WordCorpus) -> Lines:
    """The corpus read back as words."""
    found: Lines = [[]]
    for shard in corpus.shards:
        assert shard[-1] == -1
        for i in shard.tolist():
            if i < 0:
                found.append([])
            else:
                found[-1].append(corpus.words[i])
    assert found.pop() == []
    return found


def split_by_hand(text: str) -> Lines:
    lines = (re.split("[ \t\v\f\u3000]+", line) for line in re.split("[\r\n]", text))
    return [words for line in lines if (words := [word for word in line if word])]


def expected(
    lines: Iterable[Sequence[str]], min_count: int, most: int | None = None, longest: int = 10_000
) -> tuple[dict[str, int], Lines]:
    """(words and counts in order, stretches), the slow way."""
    lines = [list(line) for line in lines]
    counts = Counter(chain.from_iterable(lines))  # most_common keeps the order of first appearance
    kept = dict([(w, n) for w, n in counts.most_common() if n >= min_count][:most])
    whole = [[word for word in line if word in kept] for line in lines]
    cut = [line[i : i + longest] for line in whole for i in range(0, len(line), longest)]
    return kept, cut


def check(
    corpus: WordCorpus,
    lines: Iterable[Sequence[str]],
    min_count: int,
    most: int | None = None,
    longest: int = 10_000,
) -> None:
    lines = list(lines)
    kept, whole = expected(lines, min_count, most, longest)
    assert dict(zip(corpus.words, corpus.counts.tolist(), strict=True)) == kept
    assert corpus.words == list(kept)
    assert stretches(corpus) == whole
    assert corpus.tokens == sum(kept.values())
    assert corpus.raw_tokens == sum(map(len, lines))


# Letters that share their first bytes with the full-width space, odd blanks that are none, controls.
LETTERS = "ab\x00\x01\x1f!~\x7f\x80\x85\xa0é　、。〇ぁあんア漢\u2028\u3001\ufeff\uffff🍣\U000e0100"
BLANKS = " \t\v\f\u3000"
TEXTS = st.text(st.sampled_from(LETTERS + BLANKS * 3 + "\r\n" * 4)) | st.text()


@given(text=TEXTS.filter(split_by_hand), ending=st.sampled_from(["", "\n", " ", "\r\n"]))
def test_any_text(text: str, ending: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    assume(not text.startswith("\ufeff\ufeff"))  # two marks of order are one too many to be text
    folder = tmp_path_factory.mktemp("corpus")
    file = folder / "a.txt"
    file.write_bytes((text + ending).encode("utf-8", "surrogatepass"))
    lines = split_by_hand(text.removeprefix("\ufeff"))
    if not lines:
        with pytest.raises(BadInput, match="no words"):
            build_text_corpus(file, folder / "c", encoding="utf-8", min_count=1)
        return
    corpus = build_text_corpus(file, folder / "c", encoding="utf-8", min_count=1)
    check(corpus, lines, 1)
    assert corpus.account == ()


@given(
    lines=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), max_size=30),
    min_count=st.integers(1, 5),
    most=st.none() | st.integers(1, 4),
    longest=st.integers(1, 12),
    shard_ids=st.integers(1, 40),
)
def test_any_limits(
    lines: Lines,
    min_count: int,
    most: int | None,
    longest: int,
    shard_ids: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    limits = {"min_count": min_count, "max_vocabulary": most, "longest_stretch": longest}
    kept, _ = expected(lines, min_count, most)
    if not kept:
        with pytest.raises(BadInput):
            build_corpus(lines, folder, shard_ids=shard_ids, **limits)
        with pytest.raises(Missing):
            open_corpus(folder)
        return
    corpus = build_corpus(lines, folder, shard_ids=shard_ids, **limits)
    check(corpus, lines, min_count, most, longest)
    assert all(len(shard) <= shard_ids + longest for shard in corpus.shards)

    words = sorted(set(chain.from_iterable(lines)))
    flat = np.array([i for line in lines for i in [*map(words.index, line), -1]], np.int32)
    again = corpus_from_ids(words, None, np.array_split(flat, 3), folder / "ids", **limits)
    # Ties stand in the order of the ids given.
    assert Counter(dict(zip(again.words, again.counts.tolist(), strict=True))).total() == sum(
        kept.values()
    )
    if most is None:
        assert dict(zip(again.words, again.counts.tolist(), strict=True)) == kept
        assert stretches(again) == stretches(corpus)


def test_long_words_and_blocks(tmp_path: Path) -> None:
    """Words over the borders of the pieces a file is read in, and one too long to be a word."""
    rng = np.random.default_rng(1)
    words = ["x" * int(n) + str(n) for n in rng.integers(1, 70_000, 60)] * 2
    rng.shuffle(words)
    file = tmp_path / "a.txt"
    file.write_text("日本語　".join(words) + " " + "y" * 1_500_000 + " end", encoding="utf-8")
    corpus = build_text_corpus(file, tmp_path / "c", min_count=1)
    parts = split_by_hand(file.read_text(encoding="utf-8"))
    fitting = [[word for word in line if len(word.encode()) <= 65_535] for line in parts]
    check(corpus, fitting, 1)
    (told,) = corpus.account
    left_out = sum(len(line) for line in parts) - len(fitting[0])
    assert left_out > 1
    assert f"{left_out} words" in told


def test_many_words_make_the_table_grow(tmp_path: Path) -> None:
    numbers = np.random.default_rng(2).integers(0, 200_000, 400_000).tolist()
    lines = [[f"w{i}" for i in numbers[a : a + 50]] for a in range(0, len(numbers), 50)]
    file = tmp_path / "a.txt"
    file.write_text("\n".join(map(" ".join, lines)))
    check(build_text_corpus(file, tmp_path / "c", min_count=2), lines, 2)
    check(build_corpus(iter(lines), tmp_path / "d", min_count=2), lines, 2)


def test_a_long_word_ends_with_a_piece_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for size in (1 << 19, (1 << 19) + 2):  # two bytes are read before, to know gzip
        file.write_text("y" * size + " end")
        assert build_text_corpus(file, tmp_path / "c", min_count=1).words == ["end"]


def test_words_with_one_hash_are_told_apart() -> None:
    words = ["ab", "cd", "abcdefgh", "abcdefgi", "abcdefghi", "abcdefghj", "ab", "abcdefghj", "cd"]
    slots, letters = np.zeros(64, np.uint64), np.zeros(200, np.uint8)
    start = np.zeros(20, np.int64)
    found: list[int] = []
    for word in words:
        source = np.frombuffer(word.encode() + b" " * 8, np.uint8)
        size = max(found, default=-1) + 1
        found.append(find_word(np.uint64(7), source, 0, len(word), slots, letters, start, size))
    assert found == [0, 1, 2, 3, 4, 5, 0, 5, 1]


def test_files_folders_and_encodings(tmp_path: Path) -> None:
    text = "吾輩は　猫 である。\r\n名前は まだ　無い。\r\n"
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "1.txt").write_bytes(text.encode("cp932"))
    (folder / "2.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (folder / "3.txt.gz").write_bytes(gzip.compress(text.encode("euc_jp")))
    (folder / "4").write_bytes(text.rstrip().encode("utf-16"))
    (folder / "5.txt").write_bytes(text.encode("iso2022_jp"))
    lines = split_by_hand(text)
    seen: list[tuple[int, int | None]] = []
    corpus = build_text_corpus(
        folder, tmp_path / "c", min_count=1, on_progress=lambda *done: seen.append(done)
    )
    check(corpus, lines * 5, 1)
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert seen[-1] == (size, size)
    paths = [str(folder / "3.txt.gz"), folder / "1.txt"]
    check(build_text_corpus(paths, tmp_path / "d", min_count=1), lines * 2, 1)
    with pytest.raises(BadInput, match="no such file"):
        build_text_corpus([folder / "1.txt", "neko"], tmp_path / "d")


def test_damaged_bytes_are_replaced_and_told(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("猫 が 好き\n".encode() * 30 + b"caf\xe9 \xff\xfe ok\n" + b"dog \xe7\x8c\ncat")
    corpus = build_text_corpus(file, tmp_path / "c", min_count=1)
    assert stretches(corpus)[30:] == [["caf�", "��", "ok"], ["dog", "�"], ["cat"]]
    (told,) = corpus.account
    assert told.startswith("2 lines")
    assert f"{file}:31;" in told
    assert open_corpus(tmp_path / "c").account == corpus.account


def test_forgetting_rare_words(tmp_path: Path) -> None:
    """With little room, frequent words are counted in full and rare ones are dropped, and told."""
    rng = np.random.default_rng(3)
    often = [f"often{i}" for i in range(20)]
    lines = [
        [*rng.permutation(often).tolist(), *(f"rare{line}-{i}" for i in range(30)), "late"]
        for line in range(300)
    ]
    with CorpusBuilder(tmp_path / "c", min_count=50, most_words=1000, shard_ids=500) as builder:
        for line in lines:
            builder.add_text((" ".join(line) + "\n").encode())
        corpus = builder.finish()
    check(corpus, lines, 50)
    (told,) = corpus.account
    assert "too many different words" in told
    assert {path.suffix for path in (tmp_path / "c").iterdir()} == {".i32", ".json", ".safetensors"}
    assert not [p for p in (tmp_path / "c").iterdir() if p.name.startswith(("pending", "renumber"))]


def test_batches_from_an_analyzer(tmp_path: Path) -> None:
    with CorpusBuilder(tmp_path, min_count=1) as builder:
        entry = np.array([0, 1, -1, 2, 1, 3], np.int32)
        builder.add(["犬", "が", "", "\ud800走る"], entry, np.array([0, 2, 4, 4, 6]))
        builder.add(["が", "犬"], np.array([1, 0], np.int32), np.array([], np.int64))
        builder.end_stretch()
        builder.add(["犬"], np.array([0], np.int32), np.array([0]))
        with pytest.raises(ValueError, match="entry"):
            builder.add(["犬"], np.array([1], np.int32), np.array([0]))
        with pytest.raises(ValueError, match="breaks"):
            builder.add(["犬"], np.array([0], np.int32), np.array([2]))
        corpus = builder.finish()
    assert stretches(corpus) == [["犬", "が"], ["が", "�走る"], ["犬", "が"], ["犬"]]
    assert corpus.words == ["犬", "が", "�走る"]


def test_ids_with_counts_take_one_pass(tmp_path: Path) -> None:
    words = ["a", "b", "a", "c"]
    blocks = [np.array(ids, np.int32) for ids in ([0, 1, -1, -1, 3], [2, 2, 3, 0])]
    counts = np.array([2, 1, 2, 2])
    corpus = corpus_from_ids(words, counts, iter(blocks), tmp_path, min_count=2)
    assert (corpus.words, corpus.counts.tolist()) == (["a", "c"], [4, 2])
    assert stretches(corpus) == [["a"], ["c", "a", "a", "c", "a"]]
    assert (corpus.tokens, corpus.raw_tokens) == (6, 7)
    with pytest.raises(ValueError, match="'c' is said to occur 3 times but occurs 2"):
        corpus_from_ids(words, counts + np.array([0, 0, 0, 1]), iter(blocks), tmp_path, min_count=1)
    with pytest.raises(Missing):
        open_corpus(tmp_path)
    with pytest.raises(ValueError, match="give no iterator"):
        corpus_from_ids(words, None, iter(blocks), tmp_path, min_count=1)
    with pytest.raises(ValueError, match="the id 3"):
        corpus_from_ids(words[:3], None, blocks, tmp_path, min_count=1)


def test_a_finished_corpus_is_recognised(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "c"
    file.write_text("a b a\n")
    first = build_text_corpus(file, folder, min_count=1)
    shard = folder / "ids-00000.i32"
    inode = shard.stat().st_ino
    again = build_text_corpus(file, folder, min_count=1)
    assert shard.stat().st_ino == inode
    assert stretches(again) == stretches(first) == stretches(open_corpus(folder))
    assert build_text_corpus(file, folder, min_count=2).words == ["a"]
    file.write_text("c c b b b\n")
    assert build_text_corpus(file, folder, min_count=2).words == ["b", "c"]


def test_unfinished_and_truncated_corpora_are_refused(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "c"
    file.write_text("a b a\n")
    build_text_corpus(file, folder, min_count=1)

    def broken() -> Iterable[list[str]]:
        yield ["x"] * 100_000
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        build_corpus(broken(), folder, min_count=1)
    assert list(folder.iterdir()) == []
    with pytest.raises(Missing, match="no finished corpus"):
        open_corpus(folder)
    build_text_corpus(file, folder, min_count=1)
    shard = folder / "ids-00000.i32"
    shard.write_bytes(shard.read_bytes()[:-4])
    with pytest.raises(BadInput, match=r"ids-00000.i32: is absent or has another size"):
        open_corpus(folder)


def test_nothing_frequent_enough(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="None of the 2 words occurs 5 times"):
        build_corpus([["a", "b"]], tmp_path)
    with pytest.raises(BadInput, match="below 1"):
        build_corpus([["a", "b"]], tmp_path, min_count=0)


def test_a_line_break_at_the_beginning_of_a_block_counts(tmp_path):
    """Blocks end behind blanks, so a line that ends with one can be cut right before its break."""
    with CorpusBuilder(tmp_path / "c", min_count=1) as builder:
        for block in (b"a ", b"\nb c ", b"\n\n", b"\n", b"d"):
            builder.add_text(block)
        corpus = builder.finish()
    assert stretches(corpus) == [["a"], ["b", "c"], ["d"]]
