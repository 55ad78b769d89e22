"""Pairs of texts: the loss against a slow twin, and training that brings partners together."""

import json
from pathlib import Path

import numpy as np
import pytest
import sentence_transformers
import torch
from training_help import NOUNS, tiny, tokenizer

import bunsan
from bunsan.base.errors import BadInput
from bunsan.cli.main import main
from bunsan.tasks.encode import open_encoder
from bunsan.tasks.finetuning.sentence_vectors import finetune_vectors
from bunsan.training.examples import Example
from bunsan.training.objectives.pair_contrast import PairContrast


def examples(pairs: list[tuple[str, str]]) -> list[Example]:
    pieces = tokenizer("bert")
    return [Example((pieces.encode(a).ids, pieces.encode(b).ids)) for a, b in pairs]


def test_the_loss_against_a_slow_twin() -> None:
    pairs = [("the cat", "the dog sees the bird"), ("river", "winter"), ("garden", "winter")]
    pairs += [("a horse and a teacher", "the student"), ("river", "mountain")]
    objective = PairContrast(
        tiny("bert-base-japanese", "states", tokenizer("bert")), tokenizer("bert")
    )
    objective.module.eval()
    losses, told = objective.loss(objective.batch(examples(pairs)))
    with torch.no_grad():
        sides = []
        for place in (0, 1):
            rows = [torch.from_numpy(e.rows[place]).long()[None] for e in examples(pairs)]
            means = [objective.module(row).states[0].mean(0).double().numpy() for row in rows]
            sides.append([v / np.linalg.norm(v) for v in means])
    total = right = 0.0
    for a, b, one in ((0, 1, 1), (1, 0, 0)):
        for i in range(len(pairs)):
            scores = {
                j: float(sides[a][i] @ sides[b][j]) / 0.05
                for j in range(len(pairs))
                if j == i or pairs[j][one] != pairs[i][one]  # the same text is no negative
            }
            total -= scores[i] - np.log(sum(np.exp(s) for s in scores.values()))
            right += one == 1 and max(scores, key=lambda j: scores[j]) == i
    assert float(losses["pairs"].detach()) == pytest.approx(total / 2, rel=1e-4)
    assert told == {"right": right, "asked": 5.0}


def test_partners_come_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A noun and its capital twin never share a token; only training can tell that they belong."""
    pieces = tokenizer("bert")
    model = tiny("bert-base-japanese", "states", pieces)
    model.save(tmp_path / "start")
    pieces.save(tmp_path / "start")
    others = [*NOUNS[3:], *NOUNS[:3]]
    rows = [
        {"question": f"the {a} and the {b}", "passage": f"{others[i]} {others[j]}"}
        for i, a in enumerate(NOUNS)
        for j, b in enumerate(NOUNS)
    ]
    table = tmp_path / "pairs.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    options = {"model": tmp_path / "start", "rate": 1e-2, "batch": 20, "seed": 1}
    before = finetune_vectors(table, to=tmp_path / "before", epochs=0.2, held_out=0.2, **options)
    made = finetune_vectors(table, to=tmp_path / "made", epochs=60, held_out=0.2, **options)
    assert made.pairs == 80
    assert made.held_out == made.among == 20
    assert made.found > before.found + 0.3  # 0.05 by chance
    texts = [rows[0]["question"], rows[1]["passage"]]
    ours = open_encoder(tmp_path / "made", precision="float32").encode(texts)
    peer = sentence_transformers.SentenceTransformer(str(tmp_path / "made"), device="cpu")
    np.testing.assert_allclose(ours, peer.encode(texts), atol=2e-5)
    command = ["finetune", "vectors", "--model", str(tmp_path / "start"), "--train", str(table)]
    command += ["-o", str(tmp_path / "told"), "--epochs", "1", "--batch", "20"]
    assert main([*command, "--keep"]) == 0
    assert "partner" in capsys.readouterr().out
    assert list((tmp_path / "told.training").rglob("*.csv"))
    assert main([*command, "--lora", "4", "--patience", "1"]) == 2  # nothing is passed over
    assert "--lora, --patience" in capsys.readouterr().err
    assert bunsan.open(tmp_path / "told").encode("the cat").shape == (16,)
    again = finetune_vectors(table, to=tmp_path / "again", epochs=60, held_out=0.2, **options)
    assert again.trained.loss == made.trained.loss


def test_what_is_no_table_of_pairs_is_told(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    tiny("bert-base-japanese", "states", pieces).save(tmp_path / "start")
    pieces.save(tmp_path / "start")
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="two texts"):
        finetune_vectors(table, model=tmp_path / "start", to=tmp_path / "x")
    with pytest.raises(BadInput, match="too few"):
        finetune_vectors(
            table, model=tmp_path / "start", to=tmp_path / "x", columns={"text": "a", "text2": "b"}
        )


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    pieces = tokenizer("bert")
    tiny("bert-base-japanese", "states", pieces).save(tmp_path / "start")
    pieces.save(tmp_path / "start")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    rows = [{"question": f"the {a}", "passage": f"a {a}"} for a in NOUNS]
    with pytest.raises(BadInput, match="no folder of a model"):
        finetune_vectors(rows, model=tmp_path / "start", to=mine)
    assert (mine / "letter.txt").read_text() == "dear"
