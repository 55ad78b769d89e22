"""T5 (Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
Transformer"), its version 1.1 (Shazeer 2020, "GLU Variants Improve Transformer") and mT5 (Xue et al.
2021, "mT5: A Massively Multilingual Pre-trained Text-to-Text Transformer").

Version 1.1 gates its feed-forward networks and has an output layer of its own.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from bunsan.models.checks import Part
from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import TextModel
from bunsan.nn.config import Activation, StackConfig
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.heads import WordScores
from bunsan.nn.initial import fill
from bunsan.nn.table import Row, Table, per_block, row
from bunsan.nn.transformer import Stack


def _architectures(name: str) -> dict[str, str]:
    return {
        "sequence-to-sequence": f"{name}ForConditionalGeneration",
        "base": f"{name}Model",
        "encoder": f"{name}EncoderModel",
    }


HEADS = {"t5": _architectures("T5"), "mt5": _architectures("MT5")}


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    kind, gated = _feed_forward(s)
    dropout = s.rate("dropout_rate", 0.1)
    config = StackConfig(
        width=s.size("d_model"),
        depth=s.size("num_layers"),
        heads=s.size("num_heads"),
        inner=s.size("d_ff"),
        head_width=s.size("d_kv"),
        activation=kind,
        gated=gated,
        norm="rms",
        norm_eps=s.number("layer_norm_epsilon", 1e-6),
        bias=False,
        scale_scores=False,
        relative_buckets=s.size("relative_attention_num_buckets", 32),
        relative_max_distance=s.size("relative_attention_max_distance", 128),
        dropout=dropout,
        attention_dropout=dropout,
        inner_dropout=dropout,
        final_dropout=dropout,
    )
    embeddings = TokenEmbeddings(s.size("vocab_size"), config.width, dropout=dropout)
    encoder = TextModel(embeddings, Stack(config))
    if head == "encoder":
        return encoder
    depth = s.size("num_decoder_layers", config.depth)
    decoder = TextModel(embeddings, Stack(replace(config, depth=depth, causal=True, cross=True)))
    if head == "base":
        return EncoderDecoder(encoder, decoder)
    scores = WordScores(
        config.width,
        s.size("vocab_size"),
        own=not _tied(s),
        scale=config.width**-0.5 if _scaled(s) else 1.0,
    )
    return EncoderDecoder(encoder, decoder, scores)


def _feed_forward(s: Settings) -> tuple[Activation, bool]:
    usual = "gated-gelu" if s.get("model_type") == "mt5" else "relu"
    name = str(s.get("feed_forward_proj", usual))
    kind = name.removeprefix("gated-")
    if name == "gated-gelu":  # published before there were names for the two
        kind = "gelu_new"
    return s.replaced(feed_forward_proj=kind).activation("feed_forward_proj"), name != kind


def _tied(s: Settings) -> bool:
    return s.flag("tie_word_embeddings", s.get("model_type") != "mt5")


def _scaled(s: Settings) -> bool:
    """States are scaled before the output layer in version 1.0, whose output layer is the table of
    tokens. Newer files say so themselves, in a key of its own."""
    return s.flag("scale_decoder_outputs", _tied(s))


def settle(s: Settings, weights: Mapping[str, Tensor]) -> Settings:
    """Newer files claim a tied output layer of version 1.1 too; whether it is, the weights tell."""
    if "scale_decoder_outputs" not in s or not _tied(s) or "lm_head.weight" not in weights:
        return s
    if "shared.weight" in weights and torch.equal(
        weights["lm_head.weight"], weights["shared.weight"]
    ):
        return s
    return s.replaced(tie_word_embeddings=False)


def initialise(module: nn.Module, s: Settings, generator: torch.Generator) -> None:
    """First values; queries start small, as their scores are not scaled (appendix of the code)."""
    factor = s.number("initializer_factor", 1.0)
    width, inner = s.size("d_model"), s.size("d_ff")
    head, heads = s.size("d_kv"), s.size("num_heads")
    spread = {
        "tokens.weight": factor,
        "query.weight": factor * (width * head) ** -0.5,
        "key.weight": factor * width**-0.5,
        "value.weight": factor * width**-0.5,
        "output.weight": factor * (heads * head) ** -0.5,
        "up.weight": factor * width**-0.5,
        "gate.weight": factor * width**-0.5,
        "down.weight": factor * inner**-0.5,
        "table.weight": factor * width**-0.5,
        "scores.weight": factor,
    }
    fill(module, nn.init.zeros_)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            for end, std in spread.items():
                if name.endswith(end):
                    nn.init.normal_(parameter, std=std, generator=generator)


def _attention(theirs: str, ours: str) -> list[Row]:
    names = zip("qkvo", ("query", "key", "value", "output"), strict=True)
    return [row(f"{theirs}.{a}.weight", f"{ours}.{b}.weight") for a, b in names]


def _stack_rows(s: Settings, theirs: str, ours: str, depth: int, cross: bool) -> list[Row]:
    block, last = f"{theirs}.block.{{}}.layer", 2 if cross else 1
    mine = f"{ours}.stack.blocks.{{}}" if ours else "stack.blocks.{}"
    stack = f"{ours}.stack" if ours else "stack"
    dense = f"{block}.{last}.DenseReluDense"
    rows = [
        row(f"{block}.0.layer_norm.weight", f"{mine}.self_attention_norm.weight"),
        *_attention(f"{block}.0.SelfAttention", f"{mine}.self_attention"),
    ]
    if cross:
        rows.append(row(f"{block}.1.layer_norm.weight", f"{mine}.cross_attention_norm.weight"))
        rows += _attention(f"{block}.1.EncDecAttention", f"{mine}.cross_attention")
    rows.append(row(f"{block}.{last}.layer_norm.weight", f"{mine}.feed_forward_norm.weight"))
    if _feed_forward(s)[1]:
        rows.append(row(f"{dense}.wi_0.weight", f"{mine}.feed_forward.gate.weight"))
        rows.append(row(f"{dense}.wi_1.weight", f"{mine}.feed_forward.up.weight"))
    else:
        rows.append(row(f"{dense}.wi.weight", f"{mine}.feed_forward.up.weight"))
    rows.append(row(f"{dense}.wo.weight", f"{mine}.feed_forward.down.weight"))
    bias = f"{theirs}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    return [
        *per_block(rows, depth),
        row(bias, f"{stack}.relative_bias.table.weight"),
        row(f"{theirs}.final_layer_norm.weight", f"{stack}.norm.weight"),
    ]


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    depth = s.size("num_layers")
    copies: dict[str, str | None] = {"encoder.embed_tokens.weight": "shared.weight"}
    if head == "encoder":
        rows = [row("shared.weight", "embeddings.tokens.weight")]
        return Table(rows + _stack_rows(s, "encoder", "", depth, cross=False), copies)
    copies["decoder.embed_tokens.weight"] = "shared.weight"
    # Some files of version 1.0 hold a bias of distances between the two texts that nothing reads.
    copies["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = None
    rows = [
        row("shared.weight", "encoder.embeddings.tokens.weight"),
        *_stack_rows(s, "encoder", "encoder", depth, cross=False),
        *_stack_rows(s, "decoder", "decoder", s.size("num_decoder_layers", depth), cross=True),
    ]
    if head == "sequence-to-sequence":
        if _tied(s):
            copies["lm_head.weight"] = "shared.weight"
        else:
            rows.append(row("lm_head.weight", "scores.weight"))
    return Table(rows, copies)


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    keys = {
        "vocabulary": "vocab_size",
        "width": "d_model",
        "inner": "d_ff",
        "buckets": "relative_attention_num_buckets",
        "heads": "num_heads",
        "attention": "d_kv",
    }
    found = [Part(s, keys, "encoder.block.{}.", "num_layers")]
    if "num_decoder_layers" in s:
        found.append(Part(s, keys, "decoder.block.{}.", "num_decoder_layers"))
    return found


def _t5(
    width: int, inner: int, depth: int, heads: int, new: bool = False, vocabulary: int = 32128
) -> dict[str, object]:
    return {
        "model_type": "t5",
        "vocab_size": vocabulary,
        "d_model": width,
        "d_kv": 64,
        "d_ff": inner,
        "num_layers": depth,
        "num_decoder_layers": depth,
        "num_heads": heads,
        "feed_forward_proj": "gated-gelu" if new else "relu",
        "tie_word_embeddings": not new,
        "is_encoder_decoder": True,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }


_S2S = "sequence-to-sequence"
SIZES = {
    "t5-small": Size(_t5(512, 2048, 6, 8), 60_506_624, _S2S),
    "t5-base": Size(_t5(768, 3072, 12, 12), 222_903_552, _S2S),
    "t5-large": Size(_t5(1024, 4096, 24, 16), 737_668_096, _S2S),
    "t5-v1_1-small": Size(_t5(512, 1024, 8, 6, new=True), 76_961_152, _S2S),
    "t5-v1_1-base": Size(_t5(768, 2048, 12, 12, new=True), 247_577_856, _S2S),
    "t5-v1_1-large": Size(_t5(1024, 2816, 24, 16, new=True), 783_150_080, _S2S),
    "t5-base-japanese": Size(_t5(768, 2048, 12, 12, new=True, vocabulary=32000), 247_381_248, _S2S),
}
