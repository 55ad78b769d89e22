"""Tiny models of every kind that is served, made on the spot; and servers of them on loopback."""

import asyncio
import atexit
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from fastapi import FastAPI

import bunsan
from bunsan.models.open import new_model
from bunsan.serve.app import make_app
from bunsan.serve.running import Server, address_of, listen, make_server
from bunsan.serve.settings import ServeSettings
from bunsan.serve.untrained import make_encoder
from bunsan.tasks.complete import TextGenerator, open_generator
from bunsan.text.subwords.training import train_tokenizer

torch.set_num_threads(1)
PLACE = TemporaryDirectory(prefix="tiny-served-", ignore_cleanup_errors=True)
atexit.register(PLACE.cleanup)
END = "<|endoftext|>"
POSITIONS = 512
KNOWN = [
    "朝の港に船が戻り、市場に魚が並ぶ。𠮷野さんは鯖を二尾買った。",
    "坂の上の図書館で、子どもが本を読む。窓の外は雨🌧️だ。",
    "猫は屋根の上で眠り、犬は庭を走る。",
    "The ferry is slow, and the river is wide.",
    "User: Hello.\nAssistant: Good morning.",
]


@cache
def writer_folder() -> Path:
    """A GPT-2 that knows five texts by heart, with a byte-level tokenizer."""
    place = Path(PLACE.name) / "tiny-writer"
    tokenizer = train_tokenizer(KNOWN * 5, "byte-bpe", 320, max_length=POSITIONS)
    end = tokenizer.token_to_id(END)
    assert end is not None
    changes: dict[str, Any] = {
        "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS,
        "eos_token_id": end, "bos_token_id": end, "resid_pdrop": 0.0,
    }  # fmt: skip
    opened = new_model("gpt2", vocabulary=tokenizer.vocab_size, changes=changes, seed=1)
    module = opened.module
    rows = [[*tokenizer.encode(t, add_special_tokens=False).ids.tolist(), end] for t in KNOWN]
    width = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    wanted = torch.tensor([row + [-100] * (width - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(module.parameters(), lr=4e-3)
    for _ in range(150):
        logits = module(ids[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    opened.save(place)
    tokenizer.save(place)
    return place


@cache
def writer() -> TextGenerator:
    """The same, opened here: what a server must answer."""
    return open_generator(writer_folder())


@cache
def translator_folder() -> Path:
    """A T5 with random weights: an encoder-decoder."""
    place = Path(PLACE.name) / "tiny-t5"
    tokenizer = train_tokenizer(KNOWN * 5, "unigram", 150)
    changes: dict[str, Any] = {
        "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 2,
        "num_heads": 4, "decoder_start_token_id": tokenizer.pad_id,
        "eos_token_id": tokenizer.eos_id, "initializer_factor": 3.0,
    }  # fmt: skip
    opened = new_model("t5-small", vocabulary=tokenizer.vocab_size, changes=changes, seed=3)
    opened.save(place)
    tokenizer.save(place)
    return place


@cache
def encoder_folder() -> Path:
    """A BERT with random weights."""
    return make_encoder(Path(PLACE.name) / "tiny-encoder")


@cache
def pair_folder() -> Path:
    """A BERT with random weights and one score for two texts."""
    place = Path(PLACE.name) / "tiny-pairs"
    tokenizer = train_tokenizer(KNOWN * 5, "wordpiece", 300, min_frequency=1, max_length=64)
    changes: dict[str, Any] = {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "max_position_embeddings": 64, "initializer_range": 0.5,
    }  # fmt: skip
    opened = new_model(
        "bert-base", head="classification", labels=["fits"], vocabulary=tokenizer.vocab_size,
        changes=changes, seed=5,
    )  # fmt: skip
    opened.save(place)
    tokenizer.save(place)
    # The peer tells its two texts apart only if it is told to.
    path = place / "tokenizer_config.json"
    config = json.loads(path.read_text("utf-8"))
    names = ["input_ids", "token_type_ids", "attention_mask"]
    path.write_text(json.dumps(config | {"model_input_names": names}), encoding="utf-8")
    return place


@cache
def collection_folder() -> Path:
    """A collection of five documents, in two groups."""
    place = Path(PLACE.name) / "texts.bunsan"
    rows = {"text": KNOWN, "area": ["海", "山", "海", "山", "海"]}
    import pyarrow as pa

    bunsan.learn(pa.table(rows), text="text", by=["area"], to=place)
    return place


@dataclass
class Running:
    """A server under way."""

    url: str
    app: FastAPI
    server: Server

    def load(self, name: str = "tiny-writer") -> tuple[int, int]:
        """Answers of a model that are written, and that wait."""
        found: tuple[int, int] = self.app.state.service.found[name].worker.load
        return found


@contextmanager
def serving(**settings: Any) -> Iterator[Running]:
    """A server in a thread of its own."""
    app = make_app(ServeSettings(**settings))
    sock = listen("127.0.0.1", 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)  # a slow reader is soon felt
    up = threading.Event()
    server = make_server(app, grace_seconds=2, ready=up.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
    thread.start()
    try:
        assert up.wait(30)
        yield Running(address_of(sock), app, server)
    finally:
        server.should_exit = True
        thread.join()


ALL = {
    "models": lambda: tuple(
        str(f())
        for f in (writer_folder, translator_folder, encoder_folder, pair_folder, collection_folder)
    )
}
