"""Labels without training: against a slow twin, from files, by a decoder, and what goes wrong."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import bunsan
from bunsan.base.errors import BadInput
from bunsan.cli.main import main
from bunsan.models.open import new_model
from bunsan.tasks.encode import open_encoder
from bunsan.tasks.labelling import nearness, open_labeller, prototypes
from bunsan.text.subwords.training import train_tokenizer

TEXTS = [
    "the room was clean and quiet",
    "a noisy room with a small bed",
    "breakfast had fresh bread and fish",
    "dinner was cold and the soup salty",
    "the staff were kind at the desk",
    "nobody at the desk helped us",
]
LABELS = ["room", "food", "staff"]
TRUTH = ["room", "room", "food", "food", "staff", "staff"]
EXAMPLES = [
    ("a large room and a soft bed", "room"),
    ("the bed in our room was hard", "room"),
    ("fish and soup for dinner", "food"),
    ("we had bread for breakfast", "food"),
    ("kind people at the desk", "staff"),
    ("the staff helped us", "staff"),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder by chance: texts that share words are a little nearer."""
    folder = tmp_path_factory.mktemp("labelling") / "encoder"
    pieces = train_tokenizer([*TEXTS, *(t for t, _ in EXAMPLES), *LABELS], "wordpiece", 200)
    size = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    size |= {"intermediate_size": 64, "max_position_embeddings": 64}
    new_model("bert-base", vocabulary=pieces.vocab_size, changes=size, seed=3).save(folder)
    pieces.save(folder)
    return folder


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelling") / "decoder"
    pieces = train_tokenizer(TEXTS, "byte-bpe", 300)
    size = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 128, "initializer_range": 0.3}
    new_model("gpt2", vocabulary=pieces.vocab_size, changes=size, seed=4).save(folder)
    pieces.save(folder)
    return folder


def softmax(row: list[float]) -> list[float]:
    shares = [np.exp(x / 0.05) for x in row]
    return [share / sum(shares) for share in shares]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_labels_by_their_names(encoder: Path) -> None:
    found = bunsan.classify(TEXTS, LABELS, model=encoder, label="about the {label}")
    vectors = open_encoder(encoder).encode([*TEXTS, *(f"about the {name}" for name in LABELS)])
    for prediction, text in zip(found, vectors, strict=False):
        shares = softmax([cosine(text, label) for label in vectors[len(TEXTS) :]])
        assert list(prediction.probabilities) == LABELS
        np.testing.assert_allclose(list(prediction.probabilities.values()), shares, rtol=1e-3)
        assert prediction.label == LABELS[int(np.argmax(shares))]
    one = bunsan.classify(TEXTS[0], LABELS, model=encoder, label="about the {label}")
    assert one.label == found[0].label


def test_labels_by_examples(encoder: Path) -> None:
    found = bunsan.classify(TEXTS, LABELS, examples=EXAMPLES, model=encoder)
    read = open_encoder(encoder)
    unit = {text: v / np.linalg.norm(v) for text, _ in EXAMPLES for v in [read.encode(text)]}
    means = [np.mean([unit[t] for t, n in EXAMPLES if n == name], axis=0) for name in LABELS]
    shared = np.mean(means, axis=0)
    for prediction, text in zip(found, TEXTS, strict=True):
        vector = read.encode(text)
        vector = vector / np.linalg.norm(vector) - shared
        shares = softmax([cosine(vector, mean - shared) for mean in means])
        np.testing.assert_allclose(list(prediction.probabilities.values()), shares, rtol=2e-3)
    right = sum(p.label == truth for p, truth in zip(found, TRUTH, strict=True))
    assert right >= 4  # two by chance
    groups = {name: [t for t, n in EXAMPLES if n == name] for name in LABELS}
    again = bunsan.classify(TEXTS, LABELS, examples=groups, model=encoder)
    assert [p.label for p in again] == [p.label for p in found]


def test_one_example_a_label_keeps_its_whole_vector() -> None:
    rows = np.eye(3, dtype=np.float32)[:2]
    centres, shared = prototypes([rows[:1], rows[1:]])
    assert not shared.any()
    np.testing.assert_allclose(nearness(rows, centres, shared), np.eye(2), atol=1e-6)


def test_a_decoder_chooses(decoder: Path) -> None:
    prompt = "Text: {text} Label: "
    found = bunsan.classify(
        TEXTS, LABELS, examples=EXAMPLES[:3] + EXAMPLES[4:5], model=decoder, prompt=prompt
    )
    generator = bunsan.open_generator(decoder)
    before = "".join(f"Text: {t} Label: {n}\n" for t, n in EXAMPLES[:3] + EXAMPLES[4:5])
    for prediction, text in zip(found, TEXTS, strict=True):
        chosen = generator.choose(f"{before}Text: {text} Label: ", LABELS)
        assert prediction.label == chosen.best
        assert prediction.probability == pytest.approx(chosen.answers[0].probability)


def test_files(encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, few = tmp_path / "data.csv", tmp_path / "few.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *zip(TEXTS, TRUTH, strict=True)])
    with few.open("w", encoding="cp932", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *EXAMPLES])
    command = ["classify", str(data), "--labels", ",".join(LABELS), "--model", str(encoder)]
    out = tmp_path / "out.csv"
    assert main([*command, "--examples", str(few), "-o", str(out), "-p"]) == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    found = bunsan.classify(TEXTS, LABELS, examples=EXAMPLES, model=encoder)
    assert [row["prediction"] for row in rows] == [p.label for p in found]
    assert [row["text"] for row in rows] == TEXTS
    assert {"p(room)", "p(food)", "p(staff)"} <= rows[0].keys()
    capsys.readouterr()
    assert main([*command, "--examples", str(few), "--score"]) == 0
    right = np.mean([p.label == truth for p, truth in zip(found, TRUTH, strict=True)])
    assert f"{right:.3f}"[:5] in capsys.readouterr().out
    assert main(command) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["prediction"] for line in lines] == [
        p.label for p in bunsan.classify(TEXTS, LABELS, model=encoder)
    ]


def test_what_goes_wrong(encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInput, match="Two or more"):
        open_labeller(["room"], model=encoder)
    with pytest.raises(BadInput, match="Two or more"):
        open_labeller(["room", "room"], model=encoder)
    with pytest.raises(BadInput, match="Example 2 has the label 'bath'"):
        open_labeller(LABELS, examples=[("x", "room"), ("y", "bath")], model=encoder)
    with pytest.raises(BadInput, match="no example of food, staff"):
        open_labeller(LABELS, examples=[("x", "room")], model=encoder)
    few = tmp_path / "few.csv"
    few.write_text("text,kind\na,room\n", encoding="utf-8")
    (tmp_path / "data.txt").write_text("a room\n", encoding="utf-8")
    command = [
        "classify",
        str(tmp_path / "data.txt"),
        "--labels",
        "room,food",
        "--model",
        str(encoder),
    ]
    assert main([*command, "--examples", str(few), "--label", "label"]) == 2
    assert "few.csv" in capsys.readouterr().err
