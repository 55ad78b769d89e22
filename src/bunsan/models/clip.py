"""CLIP (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision")."""

from collections.abc import Mapping

import torch
from torch import nn

from bunsan.models.checks import Part
from bunsan.models.image import ImageModel, ImageModelWithHead
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import TextModel
from bunsan.models.two_towers import DualEncoder, Projected
from bunsan.models.vit import IMAGE_KEYS, side
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import PatchEmbeddings, TokenEmbeddings
from bunsan.nn.heads import EndStatePooler, FirstStateNorm, VectorHead
from bunsan.nn.initial import initialise as initialise_all
from bunsan.nn.table import Row, Table, into, linear, per_block, row, under
from bunsan.nn.transformer import Stack

HEADS = {
    "clip": {"base": "CLIPModel", "image-classification": "CLIPForImageClassification"},
    "clip_text_model": {"base": "CLIPTextModel", "projected": "CLIPTextModelWithProjection"},
    "clip_vision_model": {"base": "CLIPVisionModel", "projected": "CLIPVisionModelWithProjection"},
}
# What a part's config.json leaves out where it is as the first CLIP's.
TEXT_DEFAULTS = {
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
}
IMAGE_DEFAULTS = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 32,
}


def text_settings(s: Settings) -> Settings:
    """The text tower's configuration, with what it leaves out."""
    return _tower(s, "text_config", TEXT_DEFAULTS)


def image_settings(s: Settings) -> Settings:
    """The image tower's configuration, with what it leaves out."""
    return _tower(s, "vision_config", IMAGE_DEFAULTS)


def _tower(s: Settings, key: str, defaults: Mapping[str, object]) -> Settings:
    if s.get("model_type") != "clip":
        part = s
    elif f"{key}_dict" in s:  # older files give a tower twice, and this one counts
        part = s.part(f"{key}_dict")
    else:
        part = s.part(key)
    return Settings({**defaults, **_given(part)}, part.file, part.inside)


def _given(s: Settings) -> dict[str, object]:
    return {key: value for key, value in s.values.items() if value is not None}


def _stack_config(s: Settings, *, causal: bool, final_norm: bool) -> StackConfig:
    return StackConfig(
        width=s.size("hidden_size"),
        depth=s.size("num_hidden_layers"),
        heads=s.size("num_attention_heads"),
        inner=s.size("intermediate_size"),
        activation=s.activation("hidden_act", "quick_gelu"),
        norm_eps=s.number("layer_norm_eps", 1e-5),
        final_norm=final_norm,
        causal=causal,
        attention_dropout=s.rate("attention_dropout", 0.0),
    )


def text_model(s: Settings) -> TextModel:
    """The text tower, whose pooled vector is the state at the end of the text."""
    config = _stack_config(s, causal=True, final_norm=True)
    embeddings = TokenEmbeddings(
        s.size("vocab_size"), config.width, positions=s.size("max_position_embeddings")
    )
    end = s.index("eos_token_id", 49407)
    # Configurations of before 2023 say 2, which is not the end's id; the end's id is the highest.
    pooler = EndStatePooler(None if end == 2 else end)
    return TextModel(embeddings, Stack(config), pooler)


def image_model(s: Settings, pooler: nn.Module | None = None) -> ImageModel:
    """The image tower, whose pooled vector is the first state, normed."""
    config = _stack_config(s, causal=False, final_norm=False)
    patches = PatchEmbeddings(
        config.width,
        side(s, "image_size", 224),
        side(s, "patch_size", 32),
        channels=s.size("num_channels", 3),
        bias=False,
        norm_eps=config.norm_eps,
    )
    return ImageModel(
        patches, Stack(config), pooler or FirstStateNorm(config.width, config.norm_eps)
    )


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    kind, projection = s.get("model_type"), s.size("projection_dim", 512)
    text, image = text_settings(s), image_settings(s)
    if kind == "clip_text_model":
        model = text_model(text)
        return model if head == "base" else Projected(model, text.size("hidden_size"), projection)
    if kind == "clip_vision_model":
        seen = image_model(image)
        return seen if head == "base" else Projected(seen, image.size("hidden_size"), projection)
    if head == "image-classification":
        read = VectorHead(image.size("hidden_size"), len(s.labels()), vector="patches")
        return ImageModelWithHead(image_model(image), read)
    return DualEncoder(
        Projected(text_model(text), text.size("hidden_size"), projection),
        Projected(image_model(image), image.size("hidden_size"), projection),
    )


def initialise(module: nn.Module, s: Settings, generator: torch.Generator) -> None:
    """First values; the deeper a stack, the smaller its maps start."""
    factor = s.number("initializer_factor", 1.0)
    initialise_all(module, factor * 0.02, generator)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, TextModel | ImageModel):
                _initialise_tower(part, factor, generator)
            elif isinstance(part, Projected):
                std = factor * part.projection.in_features**-0.5
                nn.init.normal_(part.projection.weight, std=std, generator=generator)
            elif isinstance(part, DualEncoder) and part.log_scale is not None:
                part.log_scale.fill_(s.number("logit_scale_init_value", 2.6592))


def _initialise_tower(tower: TextModel | ImageModel, factor: float, g: torch.Generator) -> None:
    width, depth = tower.stack.config.width, tower.stack.config.depth
    inward = factor * width**-0.5 * (2 * depth) ** -0.5
    if isinstance(tower, ImageModel):
        nn.init.normal_(tower.embeddings.first, std=factor * width**-0.5, generator=g)
    for name, parameter in tower.stack.named_parameters():
        if name.endswith(("query.weight", "key.weight", "value.weight", "down.weight")):
            nn.init.normal_(parameter, std=inward, generator=g)
        elif name.endswith("self_attention.output.weight"):
            nn.init.normal_(parameter, std=factor * width**-0.5, generator=g)
        elif name.endswith("up.weight"):
            nn.init.normal_(parameter, std=factor * (2 * width) ** -0.5, generator=g)


def _stack_rows(depth: int) -> list[Row]:
    theirs, ours = "encoder.layers.{}", "stack.blocks.{}"
    names = {
        "self_attn.q_proj": "self_attention.query",
        "self_attn.k_proj": "self_attention.key",
        "self_attn.v_proj": "self_attention.value",
        "self_attn.out_proj": "self_attention.output",
        "layer_norm1": "self_attention_norm",
        "mlp.fc1": "feed_forward.up",
        "mlp.fc2": "feed_forward.down",
        "layer_norm2": "feed_forward_norm",
    }
    rows = [one for a, b in names.items() for one in linear(f"{theirs}.{a}", f"{ours}.{b}")]
    return per_block(rows, depth)


def text_rows(s: Settings) -> list[Row]:
    """The text tower, in the names it has when it stands alone."""
    return [
        row("embeddings.token_embedding.weight", "embeddings.tokens.weight"),
        row("embeddings.position_embedding.weight", "embeddings.positions.weight"),
        *_stack_rows(s.size("num_hidden_layers")),
        *linear("final_layer_norm", "stack.norm"),
    ]


def image_rows(s: Settings) -> list[Row]:
    """The image tower, in the names it has when it stands alone."""
    return [
        row("embeddings.class_embedding", "embeddings.first"),
        row("embeddings.patch_embedding.weight", "embeddings.patches.weight"),
        row("embeddings.position_embedding.weight", "embeddings.positions"),
        *linear("pre_layrnorm", "embeddings.norm"),  # misspelt for ever
        *_stack_rows(s.size("num_hidden_layers")),
        *linear("post_layernorm", "pooler.norm"),
    ]


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    kind = s.get("model_type")
    buffers: dict[str, str | None] = {
        f"{prefix}embeddings.position_ids": None for prefix in ("", "text_model.", "vision_model.")
    }
    if kind in ("clip_text_model", "clip_vision_model"):
        of_text = kind == "clip_text_model"
        rows = text_rows(text_settings(s)) if of_text else image_rows(image_settings(s))
        prefix = "text_model." if of_text else "vision_model."
        if head == "base":
            return Table(rows, buffers, {prefix + one.theirs: one.theirs for one in rows})
        name = "text_projection" if of_text else "visual_projection"
        rows = [*under(prefix, into("model.", rows)), row(f"{name}.weight", "projection.weight")]
        return Table(rows, buffers)
    image = under("vision_model.", image_rows(image_settings(s)))
    if head == "image-classification":
        return Table(into("backbone.", image) + linear("classifier", "head.output"), buffers)
    text = under("text_model.", text_rows(text_settings(s)))
    rows = [
        *into("text.model.", text),
        *into("image.model.", image),
        row("text_projection.weight", "text.projection.weight"),
        row("visual_projection.weight", "image.projection.weight"),
        row("logit_scale", "log_scale"),
    ]
    return Table(rows, buffers)


TEXT_KEYS = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "width": "hidden_size",
    "inner": "intermediate_size",
}


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    both = {"projection": "projection_dim", "width": "projection_dim"}
    text = Part(text_settings(s), TEXT_KEYS, "encoder.layers.{}.", "num_hidden_layers", "")
    image = Part(image_settings(s), IMAGE_KEYS, "encoder.layers.{}.", "num_hidden_layers", "")
    if s.get("model_type") == "clip_text_model":
        return [text]
    if s.get("model_type") == "clip_vision_model":
        return [image]
    blocks = "encoder.layers.{}."
    return [
        Part(text.settings, TEXT_KEYS, f"text_model.{blocks}", text.depth, "text.model."),
        Part(image.settings, IMAGE_KEYS, f"vision_model.{blocks}", image.depth, "image.model."),
        Part(image.settings, IMAGE_KEYS, f"vision_model.{blocks}", image.depth, "backbone."),
        Part(s, both, f"vision_model.{blocks}", "", ""),
    ]


def _clip(
    text: tuple[int, int, int], image: tuple[int, int, int], patch: int, side: int, projection: int
) -> dict[str, object]:
    def part(width: int, depth: int, heads: int) -> dict[str, object]:
        return {
            "hidden_size": width,
            "num_hidden_layers": depth,
            "num_attention_heads": heads,
            "intermediate_size": 4 * width,
        }

    return {
        "model_type": "clip",
        "projection_dim": projection,
        "text_config": {**TEXT_DEFAULTS, **part(*text), "model_type": "clip_text_model"},
        "vision_config": {
            **IMAGE_DEFAULTS,
            **part(*image),
            "model_type": "clip_vision_model",
            "image_size": side,
            "patch_size": patch,
        },
    }


_BASE = (512, 12, 8)
SIZES = {
    "clip-vit-base-patch32": Size(_clip(_BASE, (768, 12, 12), 32, 224, 512), 151_277_313),
    "clip-vit-base-patch16": Size(_clip(_BASE, (768, 12, 12), 16, 224, 512), 149_620_737),
    "clip-vit-large-patch14": Size(_clip((768, 12, 12), (1024, 24, 16), 14, 224, 768), 427_616_513),
    "clip-vit-large-patch14-336": Size(
        _clip((768, 12, 12), (1024, 24, 16), 14, 336, 768), 427_944_193
    ),
}
