"""Search by the meaning that an encoder tells: a tiny one with random weights, made on the spot."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from searching_help import SPACES, some_rows, some_vectors

import bunsan
from bunsan.base.errors import Missing
from bunsan.collection.vectors import keep_vectors
from bunsan.serve.untrained import make_encoder
from bunsan.tasks.encode import open_encoder
from bunsan.tasks.facade import Collection, learn
from bunsan.tasks.searching import representation as representations
from bunsan.tasks.searching.representation import model_fingerprint, representation

TEXTS = [
    "窓から海が見える宿でした。波の音が聞こえます。",
    "山の空気が澄んでいる。\n朝は鳥の声で目が覚めた。",
    "魚の料理が新鮮で美味しい。",
    "図書館で本を読む。",
    "犬と庭を走る。",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return learn(TEXTS, to=tmp_path / "c.bunsan", by=())


def units(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_cosines_are_those_of_the_encoder(collection: Collection, folder: Path) -> None:
    encoder = open_encoder(folder)
    query = "海の見える部屋 -犬"
    found = collection.search(query, by="meaning", model=str(folder))
    wanted = units(encoder.encode(TEXTS)) @ units(encoder.encode("海の見える部屋"))
    assert found.representation == "tiny"
    assert found.total == 4
    assert [h.row for h in found.hits] == [i + 1 for i in np.argsort(-wanted) if i != 4]
    np.testing.assert_allclose([h.score for h in found.hits], sorted(wanted[:4])[::-1], atol=5e-3)
    assert all(h.why == {} for h in found.hits)
    assert found.missing == []


def test_an_opened_model_serves_as_well(collection: Collection, folder: Path) -> None:
    by_name = collection.search("本", by="meaning", model=folder)
    for model in (bunsan.open(folder), open_encoder(folder)):
        found = collection.search("本", by="meaning", model=model)
        assert [(h.row, h.score) for h in found.hits] == [(h.row, h.score) for h in by_name.hits]
    assert len(collection.storage.state()["passages"]) == 1


def test_a_long_document_is_scored_by_its_best_passage(tmp_path: Path, folder: Path) -> None:
    long = "\n".join([*["山の道を歩き、また山の道を歩いた。" * 2] * 12, "港の船が朝の海へ出る。"])
    collection = learn([*TEXTS, long], to=tmp_path / "c.bunsan", by=())
    hits = collection.search("港の船が朝の海へ出る。", by="meaning", model=folder, k=6).hits
    hit = next(h for h in hits if h.row == 6)
    assert hit.nearest is not None
    assert len(hit.nearest.text) < len(long) / 2
    encoder = open_encoder(folder)
    asked = units(encoder.encode("港の船が朝の海へ出る。"))
    assert hit.score == pytest.approx(
        float(units(encoder.encode(hit.nearest.text)) @ asked), abs=5e-3
    )
    assert hit.score > float(units(encoder.encode(long)) @ asked)


def test_prompts_of_a_model_are_used(collection: Collection, folder: Path, tmp_path: Path) -> None:
    asking = tmp_path / "asking"
    shutil.copytree(folder, asking)
    encoder = open_encoder(folder)
    encoder.save(asking)
    config = json.loads((asking / "config_sentence_transformers.json").read_text())
    config["prompts"] = {"query": "問い: ", "passage": "本文: "}
    (asking / "config_sentence_transformers.json").write_text(json.dumps(config))
    found = collection.search("海の部屋", by="meaning", model=asking, k=5)
    wanted = units(encoder.encode([f"本文: {text}" for text in TEXTS]))
    wanted = wanted @ units(encoder.encode("問い: 海の部屋"))
    got = {h.row: h.score for h in found.hits}
    np.testing.assert_allclose([got[i + 1] for i in range(5)], wanted, atol=5e-3)


def test_a_fingerprint_is_of_content_not_of_place(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert model_fingerprint(copy) == model_fingerprint(folder)
    (copy / "README.md").write_text("a card")
    assert model_fingerprint(copy) == model_fingerprint(folder)
    weights = next(copy.glob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert model_fingerprint(copy) != model_fingerprint(folder)


def test_each_model_has_vectors_of_its_own(
    collection: Collection, folder: Path, tmp_path: Path
) -> None:
    changed = open_encoder(folder)
    with torch.no_grad():
        for weight in changed.model.module.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    changed.save(tmp_path / "other")
    a = collection.search("海", by="meaning", model=folder)
    b = collection.search("海", by="meaning", model=tmp_path / "other")
    assert [h.score for h in a.hits] != [h.score for h in b.hits]
    assert len(collection.storage.state()["passages"]) == 2


def test_what_is_used_unasked(
    collection: Collection, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_vectors(collection, "fasttext", some_vectors(words=["海", "山", "本"]))
    monkeypatch.setattr(representations, "shipped_model", lambda kind: None)
    assert representation(collection).title == "fasttext (SIF)"
    monkeypatch.setattr(representations, "shipped_model", {"encoder": folder}.get)
    collection.refresh()
    assert representation(collection).title == "tiny"
    assert representation(collection, "fasttext").title == "fasttext (SIF)"
    # The encoder of the package reads Japanese.
    english = learn(some_rows(60), to=tmp_path / "e.bunsan", text="text", by=["g"], words=SPACES)
    keep_vectors(english, "word2vec", some_vectors())
    assert representation(english).title == "word2vec (SIF)"
    # Without the extra that opens it, what the collection has is used.
    collection.refresh()
    monkeypatch.setattr(representations, "_models_are_here", lambda: False)
    assert representation(collection).title == "fasttext (SIF)"


def test_a_file_of_word_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "some-words"
    given.mkdir()
    bunsan.save_vectors(some_vectors(), given / "words.safetensors")
    rows = some_rows(60)
    made = learn(rows, to=tmp_path / "c.bunsan", text="text", by=["g"], words=SPACES)
    found = made.search("w3 w30", by="meaning", model=given / "words.safetensors")
    assert found.representation == "words.safetensors (SIF)"
    keep_vectors(made, "word2vec", some_vectors())
    wanted = made.search("w3 w30", by="meaning", model="word2vec")
    assert [(h.row, h.score) for h in found.hits] == [(h.row, h.score) for h in wanted.hits]
    # Those of the package by their name; unasked for Japanese, where there is nothing else.
    monkeypatch.setattr(representations, "shipped_model", {"words": given}.get)
    assert representation(made, "some-words").title == "some-words (SIF)"
    japanese = learn(TEXTS, to=tmp_path / "j.bunsan", by=())
    assert representation(japanese).title == "some-words (SIF)"
    english = learn(rows, to=tmp_path / "e.bunsan", text="text", by=["g"], words=SPACES)
    with pytest.raises(Missing, match="no vectors"):
        representation(english)
