"""Text from tokens as they come: whole characters, stop strings, spaces at the seam."""

import random

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from writing_models import KNOWN, writer

from bunsan.nn.generation.stream import TextStream

TEXT = "吾輩は猫である。名前はまだ無い。𠮷野家で👨‍👩‍👧と、ｶﾞｷﾞとカ\u3099。Hello, world! é"


def byte_level() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [TEXT[:20]] * 3,
        trainers.BpeTrainer(vocab_size=290, initial_alphabet=alphabet, show_progress=False),
    )
    return made


def byte_fallback() -> Tokenizer:
    """As SentencePiece does it: known pieces, and bytes for all others."""
    pieces = ["<unk>", *(f"<0x{i:02X}>" for i in range(256)), "▁", "は", "猫", "▁world", "▁Hello"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    made = Tokenizer(
        models.BPE(vocabulary, [], byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return made


@pytest.mark.parametrize("tokenizer", [byte_level(), byte_fallback()], ids=["bytes", "fallback"])
def test_pieces_are_whole_characters_and_make_up_the_text(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(TEXT).ids
    assert len(ids) > len(TEXT)  # characters are split
    stream = TextStream(tokenizer.decode)
    pieces = [stream.push(i) for i in ids] + [stream.finish()]
    assert not any("\ufffd" in piece for piece in pieces)
    assert "".join(pieces) == tokenizer.decode(ids) == stream.text
    assert sum(bool(piece) for piece in pieces) > len(TEXT) // 2  # as they come, not all at the end


@pytest.mark.parametrize("tokenizer", [byte_level(), byte_fallback()], ids=["bytes", "fallback"])
def test_the_prompt_decides_about_the_seam(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode(TEXT).ids
    for at in range(1, len(ids), 3):
        if "\ufffd" in tokenizer.decode(ids[:at]):
            continue
        stream = TextStream(tokenizer.decode, ids[:at])
        text = "".join(stream.push(i) for i in ids[at:]) + stream.finish()
        assert tokenizer.decode(ids[:at]) + text == tokenizer.decode(ids)


def test_half_a_character_at_the_end_is_left_out() -> None:
    tokenizer = byte_level()
    ids = tokenizer.encode("猫𠮷").ids
    assert len(ids) >= 4
    for cut in range(1, len(ids) + 1):
        stream = TextStream(tokenizer.decode)
        text = "".join(stream.push(i) for i in ids[:-cut]) + stream.finish()
        assert text == tokenizer.decode(ids[:-cut]).replace("\ufffd", "")
        assert text in ("猫", "")


def test_bytes_that_are_no_text_do_not_hold_the_rest_back_for_ever() -> None:
    tokenizer = byte_level()
    broken = tokenizer.encode("猫").ids[:1] * 300
    stream = TextStream(tokenizer.decode)
    for i in broken:
        stream.push(i)
    assert len(stream._window) < 150
    rest = "".join(stream.push(i) for i in tokenizer.encode("犬 ok").ids) + stream.finish()
    assert rest.endswith("犬 ok")


@pytest.mark.parametrize(
    ("stop", "wanted", "by"),
    [
        (["猫である"], "吾輩は", "猫である"),
        (["無い。x", "名前"], "吾輩は猫である。", "名前"),
        (["ある。名", "である"], "吾輩は猫", "である"),
        (["はまだ無い。𠮷"], "吾輩は猫である。名前", "はまだ無い。𠮷"),
        (["ABC", "world!!"], TEXT, None),
        (["吾"], "", "吾"),
        ([""], TEXT, None),
    ],
)
def test_stop_strings_over_tokens(stop: list[str], wanted: str, by: str | None) -> None:
    tokenizer = byte_level()
    stream = TextStream(tokenizer.decode, stop=stop)
    pieces: list[str] = []
    for i in tokenizer.encode(TEXT).ids:
        pieces.append(stream.push(i))
        # What is shown is never taken back.
        assert wanted.startswith("".join(pieces))
    pieces.append(stream.finish())
    assert "".join(pieces) == wanted == stream.text
    assert stream.stopped == by
    at_once = TextStream(tokenizer.decode, stop=stop)
    at_once.extend(tokenizer.encode(TEXT).ids)
    at_once.finish()
    assert at_once.text == wanted


def test_any_stop_string_of_any_text() -> None:
    tokenizer, chance = byte_level(), random.Random(7)
    for _ in range(300):
        text = "".join(chance.choice("ab猫は\n") for _ in range(chance.randint(0, 14)))
        stops = [
            "".join(chance.choice("ab猫は\n") for _ in range(chance.randint(1, 4)))
            for _ in range(2)
        ]
        at = [text.find(s) for s in stops if s in text]
        wanted = text[: min(at)] if at else text
        stream = TextStream(tokenizer.decode, stop=stops)
        for i in tokenizer.encode(text).ids:
            stream.push(i)
        stream.finish()
        assert stream.text == wanted, (text, stops)


def test_words_of_a_trained_tokenizer() -> None:
    tokenizer = writer().tokenizer
    for text in KNOWN:
        ids = tokenizer.encode(text, add_special_tokens=False).ids.tolist()
        stream = TextStream(tokenizer.decode)
        assert "".join(stream.push(i) for i in ids) + stream.finish() == text
