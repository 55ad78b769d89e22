"""GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners")."""

import torch
from torch import nn

from bunsan.models.checks import Part
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import TextModel, TextModelWithHead
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.heads import CausalWords, PositionHead, VectorHead, WordScores
from bunsan.nn.initial import initialise as initialise_all
from bunsan.nn.initial import residual_std
from bunsan.nn.table import (
    THREE,
    THREE_TRANSPOSED,
    TRANSPOSED,
    Row,
    Table,
    into,
    linear,
    per_block,
    row,
    under,
)
from bunsan.nn.transformer import Stack

HEADS = {
    "gpt2": {
        "base": "GPT2Model",
        "causal-words": "GPT2LMHeadModel",
        "classification": "GPT2ForSequenceClassification",
        "labels": "GPT2ForTokenClassification",
        "spans": "GPT2ForQuestionAnswering",
    }
}


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    s.demand(
        scale_attn_by_inverse_layer_idx=False,
        add_cross_attention=False,
        pruned_heads={},
    )
    # reorder_and_upcast_attn changes the order of rounding, not the model.
    width = s.size("n_embd")
    config = StackConfig(
        width=width,
        depth=s.size("n_layer"),
        heads=s.size("n_head"),
        inner=s.size("n_inner", 4 * width),
        activation=s.activation("activation_function", "gelu_new"),
        norm_eps=s.number("layer_norm_epsilon", 1e-5),
        scale_scores=s.flag("scale_attn_weights", True),
        causal=True,
        dropout=s.rate("resid_pdrop", 0.1),
        attention_dropout=s.rate("attn_pdrop", 0.1),
    )
    embeddings = TokenEmbeddings(
        s.size("vocab_size"),
        width,
        positions=s.size("n_positions", 1024),
        dropout=s.rate("embd_pdrop", 0.1),
    )
    model = TextModel(embeddings, Stack(config), places_from_mask=True)
    if head == "base":
        return model
    heads: dict[str, nn.Module] = {
        "causal-words": CausalWords(
            WordScores(width, s.size("vocab_size"), own=not s.flag("tie_word_embeddings", True))
        ),
        "classification": VectorHead(width, len(s.labels()), vector="last", bias=False),
        "labels": PositionHead(width, len(s.labels()), s.rate("classifier_dropout", 0.1)),
        "spans": PositionHead(width, 2),
    }
    return TextModelWithHead(model, heads[head])


def initialise(module: nn.Module, s: Settings, generator: torch.Generator) -> None:
    """First values; the maps that end in a residual start smaller (§2.3)."""
    std = s.number("initializer_range", 0.02)
    initialise_all(module, std, generator)
    for name, parameter in module.named_parameters():
        if name.endswith(("self_attention.output.weight", "feed_forward.down.weight")):
            nn.init.normal_(
                parameter, std=residual_std(std, s.size("n_layer")), generator=generator
            )


def _rows(s: Settings) -> list[Row]:
    def three(part: str) -> list[str]:
        names = ("query", "key", "value")
        return [f"stack.blocks.{{}}.self_attention.{name}.{part}" for name in names]

    theirs, ours = "h.{}", "stack.blocks.{}"
    block = [
        *linear(f"{theirs}.ln_1", f"{ours}.self_attention_norm"),
        row(f"{theirs}.attn.c_attn.weight", three("weight"), THREE_TRANSPOSED),
        row(f"{theirs}.attn.c_attn.bias", three("bias"), THREE),
        *_transposed(f"{theirs}.attn.c_proj", f"{ours}.self_attention.output"),
        *linear(f"{theirs}.ln_2", f"{ours}.feed_forward_norm"),
        *_transposed(f"{theirs}.mlp.c_fc", f"{ours}.feed_forward.up"),
        *_transposed(f"{theirs}.mlp.c_proj", f"{ours}.feed_forward.down"),
    ]
    return [
        row("wte.weight", "embeddings.tokens.weight"),
        row("wpe.weight", "embeddings.positions.weight"),
        *per_block(block, s.size("n_layer")),
        *linear("ln_f", "stack.norm"),
    ]


def _transposed(theirs: str, ours: str) -> list[Row]:
    return [
        row(f"{theirs}.weight", f"{ours}.weight", TRANSPOSED),
        row(f"{theirs}.bias", f"{ours}.bias"),
    ]


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    rows, prefix = _rows(s), "transformer."
    depth = s.size("n_layer")
    masks = [f"h.{i}.attn.{name}" for i in range(depth) for name in ("bias", "masked_bias")]
    copies: dict[str, str | None] = {f"{p}{name}": None for name in masks for p in ("", prefix)}
    if head == "base":
        return Table(rows, copies, {prefix + one.theirs: one.theirs for one in rows})
    rows = under(prefix, into("backbone.", rows))
    aliases = {one.theirs.removeprefix(prefix): one.theirs for one in rows}
    if head == "causal-words":
        if s.flag("tie_word_embeddings", True):
            copies["lm_head.weight"] = "transformer.wte.weight"
        else:
            rows.append(row("lm_head.weight", "head.scores.weight"))
    elif head == "classification":
        rows.append(row("score.weight", "head.output.weight"))
    else:
        rows += linear("classifier" if head == "labels" else "qa_outputs", "head.output")
    return Table(rows, copies, aliases)


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    keys = {
        "vocabulary": "vocab_size",
        "positions": "n_positions",
        "width": "n_embd",
        "inner": "n_inner",
        "outputs": "id2label",
    }
    return [Part(s, keys, "h.{}.", "n_layer")]


def _gpt2(
    width: int, depth: int, heads: int, vocabulary: int = 50257, inner: int | None = None
) -> dict[str, object]:
    return {
        "model_type": "gpt2",
        "vocab_size": vocabulary,
        "n_embd": width,
        "n_layer": depth,
        "n_head": heads,
        "n_inner": inner,
        "n_positions": 1024,
    }


SIZES = {
    "gpt2": Size(_gpt2(768, 12, 12), 124_439_808, "causal-words"),
    "gpt2-medium": Size(_gpt2(1024, 24, 16), 354_823_168, "causal-words"),
    "gpt2-large": Size(_gpt2(1280, 36, 20), 774_030_080, "causal-words"),
    "gpt2-xl": Size(_gpt2(1600, 48, 25), 1_557_611_200, "causal-words"),
    "gpt2-small-japanese": Size(_gpt2(768, 12, 12, 32000), 110_418_432, "causal-words"),
    "gpt2-medium-japanese": Size(_gpt2(1024, 24, 16, 32000), 336_128_000, "causal-words"),
}
