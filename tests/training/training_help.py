"""Small texts, tokenizers and models for tests of training."""

import random
import socket
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bunsan.models.open import new_model
from bunsan.models.opened import OpenedModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.text.subwords.training import train_tokenizer
from bunsan.training.objectives.span_corruption import SENTINELS
from bunsan.training.tokens import SENTENCE, WORD, TokenCorpus, TokenWriter
from bunsan.training.windows import Window

NOUNS = [
    "cat",
    "dog",
    "bird",
    "horse",
    "river",
    "mountain",
    "teacher",
    "student",
    "garden",
    "winter",
]
VERBS = ["sees", "follows", "remembers", "crosses", "paints", "forgets", "answers"]


def documents(n: int = 120, seed: int = 0) -> list[str]:
    """Texts of one to six sentences with some order in them."""
    chance = random.Random(seed)
    found = []
    for _ in range(n):
        sentences = []
        for _ in range(chance.randint(1, 6)):
            subject = chance.randrange(len(NOUNS))
            verb = VERBS[subject % len(VERBS)]  # a noun has its verb
            more = "".join(f" and {chance.choice(NOUNS)}" for _ in range(chance.randint(0, 4)))
            sentences.append(f"The {NOUNS[subject]} {verb} the {chance.choice(NOUNS)}{more}.")
        found.append(" ".join(sentences))
    return found


@cache
def tokenizer(kind: str) -> Tokenizer:
    """ "bert", "roberta", "gpt2" or "t5", learned from `documents()`."""
    kinds = {"bert": "wordpiece", "roberta": "byte-bpe", "gpt2": "byte-bpe", "t5": "unigram"}
    size = {"bert": 90, "roberta": 300, "gpt2": 300, "t5": 190}[kind]
    options: dict[str, Any] = (
        {"family": kind, "lower": True} if kind == "bert" else {"family": kind}
    )
    if kind == "t5":
        options["special_tokens"] = SENTINELS[:20]
    return train_tokenizer(documents(), kinds[kind], size, **options)


BERT = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
}
TINY: dict[str, dict[str, Any]] = {
    "bert-base-japanese": BERT,
    "roberta-base-japanese": BERT | {"max_position_embeddings": 66},
    "electra-small-discriminator": BERT | {"embedding_size": 12},
    "electra-small-generator": BERT | {"hidden_size": 8, "embedding_size": 12},
    "distilbert-base-japanese": {
        "dim": 16,
        "n_layers": 1,
        "n_heads": 2,
        "hidden_dim": 24,
        "max_position_embeddings": 64,
    },
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64},
    "t5-v1_1-small": {
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 24,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "num_heads": 2,
        "relative_attention_num_buckets": 8,
        "decoder_start_token_id": 0,
    },
    "bart-base": {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        "max_position_embeddings": 64,
    },
}
NO_DROPOUT = {
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "dropout": 0.0,
    "attention_dropout": 0.0,
    "dropout_rate": 0.0,
    "embd_pdrop": 0.0,
    "resid_pdrop": 0.0,
    "attn_pdrop": 0.0,
}


def tiny(size: str, head: str, pieces: Tokenizer, *, seed: int = 0, **changes: Any) -> OpenedModel:
    """A tiny model with noise on every weight, so that two swapped norms would be seen."""
    changes = {**TINY[size], **NO_DROPOUT, **changes}
    pad = 0 if pieces.pad_id is None else pieces.pad_id
    changes = {"pad_token_id": pad} | changes
    made = new_model(size, head=head, vocabulary=pieces.vocab_size, changes=changes, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in made.module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return made


def corpus(folder: Path, pieces: Tokenizer, texts: list[str] | None = None) -> TokenCorpus:
    """A corpus with words and sentences told."""
    from bunsan.training.tokenizing import tokenize_corpus

    return tokenize_corpus(texts or documents(), pieces, folder, sentences=True)


def numbers(folder: Path, lengths: list[int], **options: Any) -> TokenCorpus:
    """Documents of these lengths whose tokens are counted through."""
    writer = TokenWriter(folder, 70_000, "numbers", words=True, sentences=True, **options)
    at = 0
    for length in lengths:
        flags = np.full(length, WORD, np.uint8)
        flags[:1] |= SENTENCE
        writer.add(np.arange(at, at + length), flags)
        at += length
    return writer.finish()


def window(
    ids: list[int], flags: list[int] | None = None, key: int = 0, document: int = 0
) -> Window:
    marks = np.array([WORD] * len(ids) if flags is None else flags, np.uint8)
    return Window(np.array(ids, np.int64), marks, document, 0, True, True, key)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
