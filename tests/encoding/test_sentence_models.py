"""The same vectors as sentence-transformers, both ways: reading its folders and writing them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as theirs

from bunsan.base.errors import BadInput
from bunsan.models.encoding.encoder import Encoder, open_encoder
from bunsan.models.encoding.pooling import MODES


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


@pytest.fixture(scope="module")
def reference(minilm_folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(minilm_folder), device="cpu")


def test_vectors_are_theirs(
    minilm: Encoder, reference: SentenceTransformer, texts: list[str]
) -> None:
    ours = minilm.encode(texts, long="truncate")
    expected = reference.encode(texts)
    assert cosine(ours, expected).min() > 0.999999
    np.testing.assert_allclose(ours, expected, atol=2e-6)


@pytest.mark.parametrize(
    ("precision", "least"), [("auto", 0.99999), ("int16", 0.99999), ("int8", 0.97)]
)
def test_rounded_vectors_agree(
    minilm_folder: Path,
    reference: SentenceTransformer,
    texts: list[str],
    precision: str,
    least: float,
) -> None:
    encoder = open_encoder(minilm_folder, precision=precision, device="cpu")
    assert cosine(encoder.encode(texts, long="truncate"), reference.encode(texts)).min() > least


@pytest.mark.parametrize("include_prompt", [True, False])
@pytest.mark.parametrize("modes", [*((mode,) for mode in MODES), ("max", "cls"), ("mean", "max")])
def test_folders_of_theirs_open(
    minilm_folder: Path, tmp_path: Path, modes: tuple[str, ...], include_prompt: bool
) -> None:
    torch.manual_seed(0)
    width = 384 * len(modes)
    made = SentenceTransformer(
        modules=[
            theirs.Transformer(str(minilm_folder), max_seq_length=64),
            theirs.Pooling(384, pooling_mode=modes, include_prompt=include_prompt),
            theirs.Dense(width, 32, activation_function=torch.nn.Tanh()),
            theirs.Dense(32, 16, bias=False, activation_function=torch.nn.Identity()),
            theirs.Normalize(),
        ],
        prompts={"query": "query: ", "passage": "passage: "},
        device="cpu",
    )
    made.save(str(tmp_path / "theirs"))
    texts = ["one text", "a somewhat longer text", "首", "word " * 100]
    encoder = open_encoder(tmp_path / "theirs", precision="float32", device="cpu")
    assert encoder.max_length == 64
    assert encoder.dim == 16
    ours = encoder.encode(texts, prompt="query", long="truncate")
    np.testing.assert_allclose(ours, made.encode(texts, prompt_name="query"), atol=1e-5)
    encoder.save(tmp_path / "ours")
    again = SentenceTransformer(str(tmp_path / "ours"), device="cpu")
    np.testing.assert_allclose(again.encode(texts, prompt_name="query"), ours, atol=1e-5)
    reopened = open_encoder(tmp_path / "ours", precision="float32", device="cpu")
    np.testing.assert_array_equal(reopened.encode(texts, prompt="query", long="truncate"), ours)


def test_what_we_save_they_open(
    minilm: Encoder, reference: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    minilm.save(tmp_path / "saved")
    again = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    assert again.max_seq_length == 256
    assert cosine(again.encode(texts), reference.encode(texts)).min() > 0.99999


def test_a_transformer_alone_is_pooled_by_the_mean(minilm_folder: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (plain / name).symlink_to(minilm_folder / name)
    encoder = open_encoder(plain, precision="float32", device="cpu")
    made = SentenceTransformer(
        modules=[theirs.Transformer(str(plain)), theirs.Pooling(384)], device="cpu"
    )
    texts = ["one text", "another longer text"]
    np.testing.assert_allclose(encoder.encode(texts), made.encode(texts), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "some.module.LSTM"}, "LSTM is not supported"),
        ({"path": "../elsewhere"}, "leaves the folder"),
        ({"path": "nowhere"}, "is missing"),
    ],
)
def test_damaged_layouts_are_refused(
    minilm_folder: Path, tmp_path: Path, change: dict[str, str], complaint: str
) -> None:
    for path in minilm_folder.iterdir():
        if path.name != "modules.json":
            (tmp_path / path.name).symlink_to(path)
    modules = json.loads((minilm_folder / "modules.json").read_text())
    modules[1] |= change
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(BadInput, match=complaint):
        open_encoder(tmp_path)


def test_unknown_prompts_and_poolings_are_refused(minilm: Encoder) -> None:
    minilm.layout.prompts["query"] = "query: "
    try:
        with pytest.raises(BadInput, match="no prompt 'passage'"):
            minilm.encode(["a"], prompt="passage")
        np.testing.assert_array_equal(
            minilm.encode(["a"], prompt="query"), minilm.encode(["query: a"])
        )
    finally:
        minilm.layout.prompts.clear()
    with pytest.raises(BadInput, match="no pooling 'average'"):
        minilm.encode(["a"], pool="average")
    with pytest.raises(BadInput, match="length 1"):
        minilm.encode(["a"], normalize=False)
