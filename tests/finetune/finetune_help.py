"""Small texts with labels, and small models with a tokenizer to begin with."""

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import torch

from bunsan.models.open import new_model
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.text.subwords.training import train_tokenizer

GOOD = ["great", "lovely", "wonderful", "fine", "kind"]
BAD = ["awful", "dirty", "noisy", "rude", "cold"]
THINGS = ["room", "breakfast", "staff", "view", "bath", "garden", "station", "bed"]
VERY = [*GOOD[:3], *BAD[:2]]
PLACES = ["Kyoto", "Tokyo", "Nara", "Hakone"]
PEOPLE = ["Sato", "Suzuki", "Tanaka", "Mori"]

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 130,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
SIZES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("bert-base", SMALL),
    "roberta": ("roberta-base", SMALL | {"max_position_embeddings": 132}),
    "electra": ("electra-small-discriminator", SMALL | {"embedding_size": 24}),
    "distilbert": (
        "distilbert-base",
        {
            "dim": 32,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 48,
            "max_position_embeddings": 130,
            "dropout": 0.0,
            "attention_dropout": 0.0,
            "seq_classif_dropout": 0.0,
            "qa_dropout": 0.0,
        },
    ),
}


def reviews(n: int = 60, seed: int = 0) -> list[dict[str, Any]]:
    """Rows with a text, one of two labels, several labels, a number."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        good = i % 2 == 0
        thing = chance.choice(THINGS)
        word = chance.choice(GOOD if good else BAD)
        rows.append(
            {
                "text": f"The {thing} in {chance.choice(PLACES)} was {word}, {chance.choice(PEOPLE)}.",
                "label": "good" if good else "bad",
                "labels": ("good" if good else "bad") + (";very" if word in VERY else ""),
                "stars": 4.5 if good else 1.5,
            }
        )
    return rows


def pairs(n: int = 40, seed: int = 0) -> list[dict[str, Any]]:
    """Two texts, of which the second says the same of a thing or the contrary."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        same = i % 2 == 0
        rows.append(
            {
                "sentence1": f"The {chance.choice(THINGS)} was {chance.choice(GOOD)}.",
                "sentence2": f"It was {chance.choice(GOOD if same else BAD)}.",
                "label": "same" if same else "other",
                "score": 5.0 if same else 0.0,
            }
        )
    return rows


def entities(n: int = 40, seed: int = 0) -> list[dict[str, Any]]:
    """Texts with people and places."""
    chance = random.Random(seed)
    rows = []
    for _ in range(n):
        person, place = chance.choice(PEOPLE), chance.choice(PLACES)
        text = f"{person} saw a {chance.choice(THINGS)} in {place} ."
        at = text.index(place)
        rows.append(
            {
                "text": text,
                "entities": [
                    {"name": person, "span": [0, len(person)], "type": "person"},
                    {"name": place, "span": [at, at + len(place)], "type": "place"},
                ],
            }
        )
    return rows


def questions(n: int = 40, seed: int = 0, none: bool = False) -> list[dict[str, Any]]:
    """Passages with a question each; with `none`, every fourth has no answer."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        person, place, thing = chance.choice(PEOPLE), chance.choice(PLACES), chance.choice(THINGS)
        context = f"{person} lives in {place} and likes the {thing}."
        row = {"id": str(i), "context": context, "question": "Where?", "answer": place}
        row["start"] = context.index(place)  # type: ignore[assignment]
        if none and i % 4 == 0:
            row |= {"question": "How old?", "answer": "", "start": None}  # type: ignore[dict-item]
        rows.append(row)
    return rows


def squad(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same as a SQuAD file."""
    paragraphs = [
        {
            "context": row["context"],
            "qas": [
                {
                    "id": row["id"],
                    "question": row["question"],
                    "is_impossible": not row["answer"],
                    "answers": [{"text": row["answer"], "answer_start": row["start"]}]
                    if row["answer"]
                    else [],
                }
            ],
        }
        for row in rows
    ]
    return {"version": "2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}


def choices(n: int = 40, seed: int = 0) -> list[dict[str, Any]]:
    """Questions with three choices, one of which is good."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        right = i % 3
        row: dict[str, Any] = {"q_id": i, "question": f"What about the {chance.choice(THINGS)}?"}
        for k in range(3):
            row[f"choice{k}"] = chance.choice(GOOD if k == right else BAD)
        rows.append(row | {"label": right})
    return rows


@cache
def tokenizer(family: str) -> Tokenizer:
    """A tokenizer that knows these texts."""
    texts = [row["text"] for row in reviews()] + [row["text"] for row in entities()]
    texts += [row["sentence2"] for row in pairs()]
    texts += [f"{row['question']} {row['context']}" for row in questions(none=True)]
    kinds = {"roberta": "byte-bpe"}
    options: dict[str, Any] = {"family": "roberta" if family == "roberta" else "bert"}
    size = 330 if family == "roberta" else 160
    if family != "roberta":
        options["lower"] = False
    return train_tokenizer(texts, kinds.get(family, "wordpiece"), size, **options)


def make_start(family: str, folder: Path, **changes: Any) -> Path:
    """A folder of an untrained model with noise on every weight, and its tokenizer."""
    pieces = tokenizer(family)
    size, small = SIZES[family]
    model = new_model(
        size,
        head="base",
        vocabulary=pieces.vocab_size,
        changes={**small, "pad_token_id": pieces.pad_id, **changes},
        seed=3,
    )
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    model.save(folder)
    pieces.save(folder)
    return folder


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """JSON lines."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path
