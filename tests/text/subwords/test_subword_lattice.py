"""MeCab's analysis, compiled: the same words as MeCab's own."""

import struct
from pathlib import Path

import fugashi
import ipadic
import numpy as np
import pytest
import unidic_lite
from hypothesis import given, settings
from subword_samples import SENTENCES, TEXT

from bunsan.base.errors import BadInput
from bunsan.text.subwords.lattice import cut_words
from bunsan.text.subwords.mecab_dictionary import open_dictionary
from bunsan.text.subwords.normal import codes_of

FOLDERS = {"ipadic": ipadic.DICDIR, "unidic_lite": unidic_lite.DICDIR}
TAGGERS = {name: fugashi.GenericTagger(f'-d "{d}" -r "{d}/mecabrc"') for name, d in FOLDERS.items()}


def words(texts: list[str], name: str) -> list[list[str]]:
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths)
    joined = "".join(texts)
    files = open_dictionary(Path(FOLDERS[name]))
    begin, end, counts = cut_words(codes_of(joined), ends - lengths, ends, files)
    cut = [joined[b:e] for b, e in zip(begin.tolist(), end.tolist(), strict=True)]
    return [cut[counts[i] : counts[i + 1]] for i in range(len(texts))]


def mecab(text: str, name: str) -> list[str]:
    return [node.surface for node in TAGGERS[name](text)]


@pytest.mark.parametrize("name", list(FOLDERS))
def test_the_words_are_mecabs(name: str) -> None:
    assert words(SENTENCES, name) == [mecab(text, name) for text in SENTENCES]


@pytest.mark.parametrize("name", list(FOLDERS))
def test_the_words_of_real_text_are_mecabs(name: str, lines: list[str]) -> None:
    own = words(lines, name)
    for text, found in zip(lines, own, strict=True):
        assert found == mecab(text, name)


@pytest.mark.parametrize("name", list(FOLDERS))
@given(text=TEXT)
@settings(max_examples=300)
def test_the_words_of_any_text_are_mecabs(name: str, text: str) -> None:
    assert words([text, text + "東京"], name) == [mecab(text, name), mecab(text + "東京", name)]


@pytest.mark.parametrize("name", list(FOLDERS))
def test_long_runs_of_unknown_characters(name: str) -> None:
    for character in "w9ーア漢Ω𠮷":
        for length in (1, 2, 10, 23, 24, 25, 26, 27, 60):
            text = f"あ{character * length}い"
            assert words([text], name) == [mecab(text, name)]


def test_a_text_with_more_words_than_there_was_room_for() -> None:
    from bunsan.text.subwords import lattice

    text = "すもももももももものうち" * 50
    files = open_dictionary(Path(FOLDERS["ipadic"])).files
    whole = np.array([0, len(text)], np.int64)
    none = np.zeros(0, np.int64)
    _, _, counts = lattice._cut(
        codes_of(text), whole[:1], whole[1:], len(text), 100, none, none, *files
    )
    assert len(counts) == 0
    assert words([text], "ipadic") == [mecab(text, "ipadic")]


@pytest.mark.parametrize("name", list(FOLDERS))
def test_words_stay_the_same_when_frequent_contexts_are_known(name: str, tmp_path: Path) -> None:
    for file in ("sys.dic", "unk.dic", "char.bin", "matrix.bin"):
        (tmp_path / file).symlink_to(Path(FOLDERS[name]) / file)
    dictionary = open_dictionary(tmp_path)  # one that has seen no text yet
    assert dictionary.counting
    texts = SENTENCES * 80
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths)
    codes = codes_of("".join(texts))
    cold = cut_words(codes, ends - lengths, ends, dictionary)
    assert not dictionary.counting
    assert dictionary.files.most > 0
    warm = cut_words(codes, ends - lengths, ends, dictionary)
    for before, after in zip(cold, warm, strict=True):
        np.testing.assert_array_equal(before, after)


def copied(tmp_path: Path) -> Path:
    for name in ("sys.dic", "unk.dic", "char.bin", "matrix.bin"):
        (tmp_path / name).symlink_to(Path(FOLDERS["ipadic"]) / name)
    return tmp_path


@pytest.mark.parametrize("name", ["sys.dic", "unk.dic", "char.bin", "matrix.bin"])
@pytest.mark.parametrize("size", [None, 0, 10, 3000])
def test_a_damaged_dictionary_is_named(tmp_path: Path, name: str, size: int | None) -> None:
    folder = copied(tmp_path)
    data = (folder / name).read_bytes()[: size or 0]
    (folder / name).unlink()
    if size is not None:
        (folder / name).write_bytes(data)
    with pytest.raises(BadInput) as caught:
        open_dictionary(folder)
    assert caught.value.file == str(folder / name)
    assert caught.value.remedy


def test_a_dictionary_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    data = bytearray((folder / "sys.dic").read_bytes())
    data[40:72] = b"EUC-JP".ljust(32, b"\0")
    (folder / "sys.dic").unlink()
    (folder / "sys.dic").write_bytes(data)
    with pytest.raises(BadInput, match="EUC-JP"):
        open_dictionary(folder)


def test_contexts_outside_of_the_matrix_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    data = bytearray((folder / "matrix.bin").read_bytes())
    (folder / "matrix.bin").unlink()
    (folder / "matrix.bin").write_bytes(struct.pack("<HH", 5, 5) + bytes(data[4:54]))
    with pytest.raises(BadInput, match=r"matrix\.bin"):
        open_dictionary(folder)
