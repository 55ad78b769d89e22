"""SentencePiece models: the ids of SentencePiece itself, and the numbering of each family."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from subword_samples import SENTENCES, TEXT
from transformers import BertJapaneseTokenizer

from bunsan.base.errors import BadInput, Missing
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.sentencepiece_file import read_sentencepiece
from bunsan.text.subwords.tokenizer import Tokenizer

CORPUS = [
    "東京タワーは、1958年に完成した高さ333mの電波塔である。",
    "ホテルの朝食がとても美味しかったです。また来ます。",
    "The quick brown fox jumps over the lazy dog, 1,234 times.",
    "ガラス張りのロビー、温泉旅館。京都の大学で学びました。",
    "すもももももももものうち、となりの客はよく柿食う客だ。",
    "It is a truth universally acknowledged that a man must be in want of a wife.",
] * 6
KINDS: dict[str, dict[str, Any]] = {
    "unigram": {"model_type": "unigram"},
    "bpe": {"model_type": "bpe"},
    "characters": {"model_type": "char"},
    "unigram of bytes": {"model_type": "unigram", "byte_fallback": True, "vocab_size": 480},
    "bpe of bytes": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 480},
    "identity": {"normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "nfkc folded": {"normalization_rule_name": "nfkc_cf", "add_dummy_prefix": False},
    "own symbols": {"user_defined_symbols": ["[CLS]", "[MASK]", "東京タワー"], "vocab_size": 190},
    "own symbols bpe": {"model_type": "bpe", "user_defined_symbols": ["[CLS]", "です", "ガ"]},
}


def trained(**options: Any) -> bytes:
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=buffer,
        minloglevel=2,
        hard_vocab_limit=False,
        **{"vocab_size": 180, "character_coverage": 1.0, **options},
    )
    return buffer.getvalue()


def write(folder: Path, model: bytes, name: str = "spiece.model", **settings: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(model)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


class Models(dict[str, tuple[Tokenizer, Any]]):
    def __repr__(self) -> str:
        return "models"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    found = Models()
    for name, options in KINDS.items():
        data = trained(**options)
        folder = write(
            tmp_path_factory.mktemp("sp"), data, tokenizer_class="T5Tokenizer", extra_ids=0
        )
        found[name] = (
            open_tokenizer(folder),
            sentencepiece.SentencePieceProcessor(model_proto=data),
        )
    return found


@pytest.mark.parametrize("name", list(KINDS))
def test_the_file_is_read(name: str, models: Models, tmp_path: Path) -> None:
    peer = models[name][1]
    path = tmp_path / "x.model"
    path.write_bytes(peer.serialized_model_proto())
    model = read_sentencepiece(path)
    assert [piece for piece, _, _ in model.pieces] == [
        peer.id_to_piece(i) for i in range(len(peer))
    ]
    scores = [peer.get_score(i) for i in range(len(peer))]
    np.testing.assert_allclose([score for _, score, _ in model.pieces], scores)
    assert model.unknown == peer.unk_id()


def plain(own: Tokenizer, text: str) -> list[int]:
    return own.encode(text, add_special_tokens=False).ids.tolist()


@pytest.mark.parametrize("name", list(KINDS))
def test_ids_are_sentencepieces(name: str, models: Models) -> None:
    own, peer = models[name]
    texts = [
        *SENTENCES,
        *CORPUS[:6],
        " 前後の空白 ",
        "ｶﾞｷﾞｸﾞ か\u3099",
        "a [MASK] b 東京タワー[CLS]です",
    ]
    for text in texts:
        assert plain(own, text) == peer.encode(text), text


@pytest.mark.parametrize("name", list(KINDS))
@given(text=TEXT)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_ids_of_any_text_are_sentencepieces(name: str, models: Models, text: str) -> None:
    own, peer = models[name]
    # Special tokens in the text are found by us, as transformers finds them; not by SentencePiece.
    for special in ("<s>", "</s>", "<unk>", "<pad>"):
        text = text.replace(special, "")
    assert plain(own, text) == peer.encode(text)
    check_places(own, text)


def test_ids_of_real_text_are_sentencepieces(models: Models, lines: list[str]) -> None:
    for own, peer in models.values():
        encodings = own.encode_batch(lines, add_special_tokens=False)
        assert [encoding.ids.tolist() for encoding in encodings] == peer.encode(lines)


def check_places(own: Tokenizer, text: str) -> None:
    offsets = own.encode(text, add_special_tokens=False).offsets
    assert (offsets[:, 0] <= offsets[:, 1]).all()
    assert (offsets >= 0).all()
    assert (offsets <= len(text)).all()
    assert (np.diff(offsets[:, 0]) >= 0).all()


def test_places_are_of_the_original(models: Models) -> None:
    own, _ = models["unigram"]
    text = " ｶﾞﾗｽ張りの  ﾛﾋﾞｰ"
    encoding = own.encode(text, add_special_tokens=False)
    spelled = "".join(encoding.tokens)
    assert spelled == "▁ガラス張りの▁ロビー"
    joined = [text[b:e] for b, e in encoding.offsets.tolist()]
    assert "".join(joined).replace(" ", "") == text.replace(" ", "")
    first = next(i for i, token in enumerate(encoding.tokens) if "ガ" in token)
    assert joined[first].strip().startswith("ｶﾞ")


@pytest.mark.parametrize("name", list(KINDS))
def test_text_comes_back(name: str, models: Models) -> None:
    own, peer = models[name]
    for text in CORPUS[:6]:
        assert own.decode(own.encode(text).ids) == peer.decode(peer.encode(text))


def test_t5_has_sentinels_and_an_end(tmp_path: Path) -> None:
    data = trained(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    own = open_tokenizer(write(tmp_path / "t5", data, tokenizer_class="T5Tokenizer", extra_ids=10))
    size = len(sentencepiece.SentencePieceProcessor(model_proto=data))
    assert own.vocab_size == size + 10
    assert own.token_to_id("<extra_id_0>") == size + 9
    assert own.token_to_id("<extra_id_9>") == size
    assert (own.pad_id, own.eos_id, own.unk_id, own.cls_id) == (0, 1, 2, None)
    encoding = own.encode("東京<extra_id_0>です", "京都")
    assert encoding.ids.tolist().count(1) == 2
    assert encoding.ids[-1] == 1
    assert size + 9 in encoding.ids.tolist()
    assert encoding.type_ids.tolist() == [0] * len(encoding)


def test_xlm_roberta_numbers_as_fairseq(tmp_path: Path) -> None:
    data = trained()
    peer = sentencepiece.SentencePieceProcessor(model_proto=data)
    folder = write(
        tmp_path / "xlmr", data, "sentencepiece.bpe.model", tokenizer_class="XLMRobertaTokenizer"
    )
    own = open_tokenizer(folder)
    text = "東京タワーは𠮷野家とThe quick fox"
    # <s>, then every piece one later than in the model, <unk> being 3.
    expected = [3 if i == peer.unk_id() else i + 1 for i in peer.encode(text)]
    assert own.encode(text).ids.tolist() == [0, *expected, 2]
    pair = own.encode("東京", "京都").ids.tolist()
    assert pair[0] == 0
    assert [2, 2] in [pair[i : i + 2] for i in range(len(pair))]
    assert (own.pad_id, own.mask_id, own.vocab_size) == (1, len(peer) + 1, len(peer) + 2)
    assert own.encode("<mask>です").ids[1] == own.mask_id


def test_mbart_names_its_language_behind(tmp_path: Path) -> None:
    data = trained()
    size = len(sentencepiece.SentencePieceProcessor(model_proto=data))
    folder = write(
        tmp_path / "mbart",
        data,
        "sentencepiece.bpe.model",
        tokenizer_class="MBartTokenizer",
        src_lang="ja_XX",
    )
    own = open_tokenizer(folder)
    japanese = own.token_to_id("ja_XX")
    assert japanese == size + 1 + 11
    assert own.mask_id == size + 1 + 25
    assert own.encode("東京").ids[-2:].tolist() == [2, japanese]
    fifty = write(
        tmp_path / "mbart50",
        data,
        "sentencepiece.bpe.model",
        tokenizer_class="MBart50Tokenizer",
        src_lang="ja_XX",
    )
    ids = open_tokenizer(fifty).encode("東京").ids.tolist()
    assert (ids[0], ids[-1]) == (japanese, 2)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MBartTokenizer", "src_lang": "jp"}), encoding="utf-8"
    )
    with pytest.raises(BadInput, match="jp"):
        open_tokenizer(folder)


def test_albert_prepares_the_text(tmp_path: Path) -> None:
    data = trained(
        bos_id=-1, eos_id=-1, pad_id=0, unk_id=1, user_defined_symbols=["[CLS]", "[SEP]", "[MASK]"]
    )
    peer = sentencepiece.SentencePieceProcessor(model_proto=data)
    own = open_tokenizer(write(tmp_path / "albert", data, tokenizer_class="AlbertTokenizer"))
    encoding = own.encode("The  Quick ``Fóx''\n")
    expected = peer.encode('the quick "fox"')
    assert encoding.ids.tolist()[1:-1] == expected
    assert (encoding.tokens[0], encoding.tokens[-1]) == ("[CLS]", "[SEP]")
    assert own.encode("a", "b").type_ids.tolist()[-1] == 1
    kept = write(
        tmp_path / "kept",
        data,
        tokenizer_class="AlbertTokenizer",
        do_lower_case=False,
        keep_accents=True,
    )
    assert open_tokenizer(kept).encode("The Fóx").ids.tolist()[1:-1] == peer.encode("The Fóx")


def test_rinna_names_special_tokens_beside_t5(tmp_path: Path) -> None:
    data = trained(user_defined_symbols=["[PAD]", "[CLS]", "[SEP]", "[MASK]"], vocab_size=190)
    peer = sentencepiece.SentencePieceProcessor(model_proto=data)
    settings = {
        "tokenizer_class": "T5Tokenizer",
        "eos_token": "</s>",
        "bos_token": "<s>",
        "unk_token": "<unk>",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
        "extra_ids": 0,
        "additional_special_tokens": [],
    }
    own = open_tokenizer(write(tmp_path / "rinna", data, **settings))
    assert own.vocab_size == len(peer)
    assert (own.pad_id, own.cls_id, own.mask_id) == tuple(
        peer.piece_to_id(token) for token in ("[PAD]", "[CLS]", "[MASK]")
    )
    assert own.encode("東京").ids.tolist() == [*peer.encode("東京"), peer.eos_id()]
    assert own.mask_id in own.encode("[CLS]東京[MASK]です").ids.tolist()
    assert own.decode(own.encode("[CLS]東京").ids) == "東京"


def marian(folder: Path) -> Path:
    """Two models over one vocabulary, whose ids are those of neither."""
    source, target = trained(), trained(model_type="bpe", vocab_size=160)
    write(folder, source, "source.spm", tokenizer_class="MarianTokenizer")
    (folder / "target.spm").write_bytes(target)
    pieces: list[str] = []
    for data in (target, source):
        peer = sentencepiece.SentencePieceProcessor(model_proto=data)
        pieces += [peer.id_to_piece(i) for i in range(3, len(peer)) if i % 7]
    names = ["</s>", "<unk>", *dict.fromkeys(pieces), ">>jpn<<", "<pad>"]
    vocabulary = {piece: i for i, piece in enumerate(names)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    return folder


def test_marian_looks_pieces_up_in_one_vocabulary(tmp_path: Path) -> None:
    folder = marian(tmp_path / "marian")
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    for target, name in ((False, "source.spm"), (True, "target.spm")):
        own = open_tokenizer(folder, target=target)
        peer = sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
        for text in CORPUS[:6]:
            ids = [vocabulary.get(piece, 1) for piece in peer.encode(text, out_type=str)]
            assert own.encode(text).ids.tolist() == [*ids, 0]
        assert own.encode(">>jpn<< 東京").ids[0] == vocabulary[">>jpn<<"]
        assert (own.pad_id, own.eos_id, own.unk_id) == (vocabulary["<pad>"], 0, 1)
    saved = open_tokenizer(folder).save(tmp_path / "saved")
    again = open_tokenizer(saved)
    text = CORPUS[0]
    assert again.encode(text).ids.tolist() == open_tokenizer(folder).encode(text).ids.tolist()
    (folder / "vocab.json").unlink()
    with pytest.raises(Missing, match=r"vocab\.json"):
        open_tokenizer(folder)


@pytest.mark.parametrize("words", [{"word_tokenizer_type": "mecab"}, {"do_word_tokenize": False}])
def test_words_cut_by_a_model_are_the_peers(tmp_path: Path, words: dict[str, Any]) -> None:
    data = trained(vocab_size=170, character_coverage=0.98, user_defined_symbols=["[CLS]", "[SEP]"])
    settings = {
        "tokenizer_class": "BertJapaneseTokenizer",
        "subword_tokenizer_type": "sentencepiece",
        **words,
    }
    folder = write(tmp_path / "words", data, **settings)
    own, peer = open_tokenizer(folder), BertJapaneseTokenizer.from_pretrained(folder)
    for text in [*CORPUS[:6], *SENTENCES, "9,8, 1,234,567 a, 5,"]:
        assert own.encode(text).ids.tolist() == peer(text)["input_ids"], text
        check_places(own, text)
    saved = own.save(tmp_path / "again")
    text = CORPUS[2]
    assert open_tokenizer(saved).encode(text).ids.tolist() == peer(text)["input_ids"]


def test_it_is_saved_as_it_came(tmp_path: Path, models: Models) -> None:
    for name, (own, _) in models.items():
        saved = open_tokenizer(own.save(tmp_path / name))
        for text in SENTENCES:
            assert saved.encode(text).ids.tolist() == own.encode(text).ids.tolist()


# Bad files


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_model_cut_short(tmp_path: Path, share: float) -> None:
    data = trained()
    folder = write(tmp_path / "short", data[: int(len(data) * share)])
    with pytest.raises(BadInput) as caught:
        open_tokenizer(folder)
    assert caught.value.file == str(folder / "spiece.model")
    assert caught.value.remedy
    assert "byte" in str(caught.value)


def test_bytes_at_random_never_do_more_than_refuse(tmp_path: Path) -> None:
    data = bytearray(trained())
    chance = np.random.default_rng(0)
    for number in range(60):
        broken = bytearray(data)
        for _ in range(3):
            broken[chance.integers(len(broken) if number % 2 else 4000)] = chance.integers(256)
        folder = write(tmp_path / str(number), bytes(broken))
        with contextlib.suppress(BadInput):
            open_tokenizer(folder).encode("東京 ｶﾞ")


def test_no_model_at_all(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 806048\n"
    with pytest.raises(BadInput, match="LFS"):
        open_tokenizer(write(tmp_path / "lfs", pointer))


def test_a_model_of_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="of words"):
        open_tokenizer(write(tmp_path / "word", trained(model_type="word", vocab_size=30)))
