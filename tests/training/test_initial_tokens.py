"""Embeddings that begin as word vectors of the corpus's own tokens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_recipes import small
from torch import nn
from training_help import documents, tokenizer

from bunsan.base.errors import BadInput
from bunsan.models.open import open_model
from bunsan.tasks.pretrain import pretrain
from bunsan.training.initial_tokens import SPREAD, begin_from, token_embeddings, token_vectors
from bunsan.training.recipe import read_recipe
from bunsan.training.tokens import TokenWriter


def test_vectors_of_tokens(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    writer = TokenWriter(tmp_path / "tokens", 40, "topics", words=False, sentences=False)
    for document in range(600):  # one topic has the tokens 10 to 19, the other 20 to 29
        ids = chance.integers(10, 20, 30) + 10 * (document % 2)
        writer.add(ids, np.zeros(30, np.uint8))
    writer.add(np.array([30, 31, 30]), np.zeros(3, np.uint8))
    corpus = writer.finish()
    vectors = token_vectors(corpus, 40, 12, tmp_path, epochs=5)
    assert vectors[10:30].any(1).all()
    assert not vectors[:10].any()
    assert not vectors[30:].any()
    assert vectors[10:30].std() == pytest.approx(SPREAD, rel=0.02)
    unit = vectors[10:30] / np.linalg.norm(vectors[10:30], axis=1, keepdims=True)
    near = unit @ unit.T
    assert near[:10, :10].min() > near[:10, 10:].max()
    kept = list(tmp_path.glob("token-vectors-*.npy"))
    assert len(kept) == 1
    assert not (tmp_path / "token-vectors").exists()
    np.save(kept[0], vectors + 1)  # what was learned is not learned again
    assert np.array_equal(token_vectors(corpus, 40, 12, tmp_path, epochs=5), vectors + 1)


def test_rows_without_a_vector_stay() -> None:
    table = nn.Embedding(4, 3)
    before = table.weight.detach().clone()
    vectors = np.zeros((4, 3), np.float32)
    vectors[2] = 1, 2, 3
    begin_from(table, vectors)
    assert torch.equal(table.weight[[0, 1, 3]], before[[0, 1, 3]])
    assert table.weight[2].tolist() == [1, 2, 3]


def test_a_model_begins_from_them(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(documents(400)), encoding="utf-8")
    recipe = replace(small("ja-electra"), tokens="skip-gram").with_training(steps=1, rate=1e-9)
    to = tmp_path / "model"
    pretrain(recipe, corpus, to=to, tokenizer=pieces, unit="line", keep=True)
    kept = next((tmp_path / "model.training").glob("token-vectors-*.npy"))
    vectors = np.load(kept)
    rows = vectors.any(1)
    table = token_embeddings(open_model(to).module, pieces.vocab_size).weight.detach().numpy()
    np.testing.assert_allclose(table[rows], vectors[rows], atol=1e-6)
    assert not np.allclose(table[~rows], 0)


def test_only_known_beginnings(tmp_path: Path) -> None:
    text = read_recipe("ja-electra").file.read_text(encoding="utf-8")
    file = tmp_path / "odd.toml"
    file.write_text(
        text.replace("[model]\n", '[model]\ntokens = "glove"\n').replace(
            'tokens = "skip-gram"\n', ""
        )
    )
    with pytest.raises(BadInput, match="glove"):
        read_recipe(file)
