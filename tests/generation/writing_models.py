"""A tiny GPT-2 that knows a text by heart, with a byte-level tokenizer trained on the spot."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from bunsan.models.open import new_model
from bunsan.tasks.complete import TextGenerator, open_generator
from bunsan.text.subwords.training import train_tokenizer

torch.set_num_threads(1)
END = "<|endoftext|>"
KNOWN = [
    "春はあけぼの。夏は夜。秋は夕暮れ。冬はつとめて。",
    "感想: よい\n判定: 肯定",
    "感想: わるい\n判定: 否定",
    "感想: よい\n判定: 肯定\n\n感想: わるい\n判定: 否定",
    "吉野家の𠮷は土に口と書く。the quick brown fox jumps.",
]
POSITIONS = 160


@cache
def folder() -> Path:
    """Where the model is."""
    place = Path(mkdtemp(prefix="tiny-writer-"))
    tokenizer = train_tokenizer(KNOWN * 5, "byte-bpe", 300, max_length=POSITIONS)
    end = tokenizer.token_to_id(END)
    assert end is not None
    changes = {
        "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS,
        "eos_token_id": end, "bos_token_id": end, "resid_pdrop": 0.0,
    }  # fmt: skip
    opened = new_model("gpt2", vocabulary=tokenizer.vocab_size, changes=changes, seed=1)
    module = opened.module
    rows = [[*tokenizer.encode(t, add_special_tokens=False).ids.tolist(), end] for t in KNOWN]
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
    for _ in range(300):
        loss = torch.zeros(())
        for row in rows:
            ids = torch.tensor([row[:POSITIONS]])
            logits = module(ids[:, :-1]).logits
            loss = loss + torch.nn.functional.cross_entropy(logits[0], ids[0, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    opened.save(place)
    tokenizer.save(place)
    return place


@cache
def writer() -> TextGenerator:
    """The model, opened."""
    return open_generator(folder())
