"""Corpora as token ids: what was written is read, damage is named, interrupted work goes on."""

from pathlib import Path

import numpy as np
import pytest
from training_help import documents, numbers, tokenizer

from bunsan.base.errors import BadInput, Missing
from bunsan.training import blocks
from bunsan.training.tokenizing import tokenize_corpus, word_beginnings
from bunsan.training.tokens import SENTENCE, WORD, TokenWriter, open_tokens


def test_documents_come_back(tmp_path: Path) -> None:
    lengths = [3, 1, 50, 7, 2, 90]
    made = numbers(tmp_path, lengths, shard_tokens=40)
    assert len(made.shards) == 2
    again = open_tokens(tmp_path)
    assert (again.documents, again.tokens) == (6, sum(lengths))
    at = 0
    for i, length in enumerate(lengths):
        ids, flags = again.read(i, 0, length)
        assert ids.tolist() == list(range(at, at + length))
        assert flags[0] == WORD | SENTENCE
        at += length
    assert again.read(2, 10, 13)[0].tolist() == [14, 15, 16]


def test_small_vocabularies_take_two_bytes_a_token(tmp_path: Path) -> None:
    writer = TokenWriter(tmp_path, 1 << 16, None, words=True, sentences=False)
    writer.add(np.array([0, 65535]), np.zeros(2, np.uint8))
    assert writer.finish().read(0, 0, 2)[0].tolist() == [0, 65535]
    assert (tmp_path / "ids-00000.bin").stat().st_size == 4


@pytest.mark.parametrize("part", ["ids", "flags", "starts"])
def test_damage_is_named(tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 64)
    numbers(tmp_path, [30, 30, 30])
    path = tmp_path / f"{part}-00000.bin"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    opened = open_tokens(tmp_path)
    if part != "starts":  # the damage is in the last block; what lies before it is good
        assert len(opened.read(0, 0, 5)[0]) == 5
    with pytest.raises(BadInput, match="damaged") as error:
        opened.read(2, 29, 30)
    assert error.value.file == str(path)


def test_a_short_or_absent_shard_is_named(tmp_path: Path) -> None:
    numbers(tmp_path, [30])
    path = tmp_path / "ids-00000.bin"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(BadInput, match="another size") as error:
        open_tokens(tmp_path)
    assert error.value.file == str(path)
    path.unlink()
    with pytest.raises(BadInput, match="absent"):
        open_tokens(tmp_path)


def test_unfinished_work_is_no_corpus_and_goes_on(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    texts = documents()
    whole = tokenize_corpus(texts, pieces, tmp_path / "whole")
    part = tmp_path / "part"
    made_from = [None, "x"]
    first = TokenWriter(part, 100, made_from, words=True, sentences=True, shard_tokens=50)
    rows = [whole.read(i, 0, 3) for i in range(40)]
    for ids, flags in rows[:30]:  # a shard is full after 17 documents
        first.add(ids, flags)
    first.close()
    with pytest.raises(Missing):
        open_tokens(part)
    second = TokenWriter(part, 100, made_from, words=True, sentences=True, shard_tokens=50)
    assert second.read == 17
    for ids, flags in rows[second.read :]:
        second.add(ids, flags)
    made = second.finish()
    assert made.documents == 40
    for i, (ids, _) in enumerate(rows):
        assert made.read(i, 0, 3)[0].tolist() == ids.tolist()
    other = TokenWriter(part, 100, ["other"], words=True, sentences=True)
    assert other.read == 0
    assert not list(part.glob("*.bin"))


def test_a_corpus_of_the_same_origin_is_not_read_again(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    first = tokenize_corpus(documents(), pieces, tmp_path, origin=["a"])
    again = tokenize_corpus(["never read"], pieces, tmp_path, origin=["a"])
    assert again.fingerprint() == first.fingerprint()
    other = tokenize_corpus(documents(seed=1), pieces, tmp_path, origin=["b"])
    assert other.fingerprint() != first.fingerprint()


def test_words_and_sentences_begin_where_they_do(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    text = "The cat sees the garden. The dog crosses the winter."
    made = tokenize_corpus([text], pieces, tmp_path, sentences=True)
    encoding = pieces.encode(text, add_special_tokens=False)
    ids, flags = made.read(0, 0, len(encoding.ids))
    assert ids.tolist() == encoding.ids.tolist()
    starts = encoding.offsets[:, 0].tolist()
    words = [i == 0 or text[i - 1] == " " or text[i] == "." for i in starts]
    assert (flags & WORD > 0).tolist() == words
    assert (flags & SENTENCE > 0).tolist() == [i in (0, text.index("The dog")) for i in starts]


def test_japanese_words_are_morphemes(tmp_path: Path) -> None:
    from bunsan.text.subwords.training import train_tokenizer

    text = "美しい紅葉が見える旅館に泊まりました。" * 3
    pieces = train_tokenizer([text], "wordpiece", 60, words="mecab-unidic-lite", alphabet=40)
    begins = word_beginnings(pieces)
    assert begins is not None
    ids = pieces.encode("紅葉が見える", add_special_tokens=False).ids
    words: list[str] = []
    for i in ids.tolist():
        piece = pieces.id_to_token(i)
        if begins[i]:
            words.append(piece)
        else:
            words[-1] += piece.removeprefix("##")
    assert words == ["紅葉", "が", "見える"]
