"""Tiny noisy checkpoints of the peer, and the same in our core."""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch
import transformers

from bunsan.models.generating import language_model
from bunsan.models.open import open_model
from bunsan.nn.generation.model import StackModel

torch.set_num_threads(1)  # models this small are only slowed down by more

V = 60
END, PAD = 2, 1
_SEQ = {
    "vocab_size": V,
    "d_model": 24,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 3,
    "decoder_attention_heads": 3,
    "encoder_ffn_dim": 40,
    "decoder_ffn_dim": 40,
    "max_position_embeddings": 64,
    "pad_token_id": PAD,
    "eos_token_id": END,
    "bos_token_id": 0,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": None,
}


def _peer(kind: str) -> Any:
    if kind == "gpt2":
        return transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=V, n_embd=24, n_layer=2, n_head=3, n_positions=64,
                bos_token_id=0, eos_token_id=END, pad_token_id=PAD,
            )
        )  # fmt: skip
    if kind == "t5":
        return transformers.T5ForConditionalGeneration(
            transformers.T5Config(
                vocab_size=V, d_model=24, d_kv=8, d_ff=40, num_layers=2, num_decoder_layers=2,
                num_heads=3, feed_forward_proj="gated-gelu", relative_attention_num_buckets=8,
                relative_attention_max_distance=16, pad_token_id=PAD, eos_token_id=END,
                decoder_start_token_id=PAD,
            )
        )  # fmt: skip
    if kind == "bart":
        return transformers.BartForConditionalGeneration(transformers.BartConfig(**_SEQ))
    return transformers.MarianMTModel(
        transformers.MarianConfig(
            **{**_SEQ, "decoder_start_token_id": PAD, "scale_embedding": True}
        )
    )


@cache
def checkpoint(kind: str, seed: int = 0) -> tuple[Any, Path]:
    """The peer's model with noise on every weight, and its folder."""
    torch.manual_seed(seed)
    peer = _peer(kind).eval()
    with torch.no_grad():
        for name, weight in peer.named_parameters():
            if "embed_positions" not in name or kind != "marian":
                weight.add_(torch.randn_like(weight) * (0.25 if weight.dim() > 1 else 0.1))
        for name, buffer in peer.named_buffers():
            if name == "final_logits_bias":
                buffer.add_(torch.randn_like(buffer) * 0.1)
    folder = Path(mkdtemp(prefix=f"tiny-{kind}-"))
    peer.save_pretrained(folder)
    return peer, folder


@cache
def models(kind: str, seed: int = 0) -> tuple[Any, StackModel]:
    """The peer's model and ours, of the same weights."""
    peer, folder = checkpoint(kind, seed)
    model = language_model(open_model(folder))
    model.prepare()
    return peer, model


def prompts(n: int, *, seed: int = 1, low: int = 3, high: int = 12) -> list[list[int]]:
    """Some rows of ids of different lengths, without special ones."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(low, high, (n,), generator=generator).tolist()
    return [torch.randint(3, V, (k,), generator=generator).tolist() for k in lengths]


def start(kind: str) -> int:
    """What the decoder begins with."""
    return json.loads((checkpoint(kind)[1] / "config.json").read_text())["decoder_start_token_id"]


def peer_generate(kind: str, rows: list[list[int]], seed: int = 0, **settings: Any) -> Any:
    """`generate` of the peer on a padded batch: scores and sequences without prompt and start."""
    peer, _ = models(kind, seed)
    width = max(len(row) for row in rows)
    left = kind == "gpt2"
    pad = [[PAD] * (width - len(row)) for row in rows]
    ids = [p + row if left else row + p for p, row in zip(pad, rows, strict=True)]
    mask = [[0] * len(p) + [1] * len(r) if left else [1] * len(r) + [0] * len(p)
            for p, r in zip(pad, rows, strict=True)]  # fmt: skip
    out = peer.generate(
        torch.tensor(ids),
        attention_mask=torch.tensor(mask),
        return_dict_in_generate=True,
        output_scores=True,
        output_logits=True,
        **settings,
    )
    skip = width if left else 1
    return out, [_cut(row[skip:]) for row in out.sequences.tolist()]


def _cut(row: list[int]) -> list[int]:
    return row[: row.index(END) + 1] if END in row else row
