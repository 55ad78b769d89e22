"""ViT (Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words: Transformers for Image Recognition at
Scale").
"""

import torch
from torch import Tensor, nn

from bunsan.models.checks import Part
from bunsan.models.image import ImageModel, ImageModelWithHead
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import PatchEmbeddings
from bunsan.nn.heads import FirstStatePooler, VectorHead
from bunsan.nn.initial import fill
from bunsan.nn.table import FIRST, FLAT, Row, Table, into, linear, per_block, row, under
from bunsan.nn.transformer import Stack

HEADS = {
    "vit": {
        "base": "ViTModel",
        "states": "ViTModel",  # without the pooler
        "image-classification": "ViTForImageClassification",
    }
}


def image_model(s: Settings, pooler: nn.Module | None = None) -> ImageModel:
    """Patches and a stack."""
    s.demand(qkv_bias=True, pruned_heads={})
    config = StackConfig(
        width=s.size("hidden_size"),
        depth=s.size("num_hidden_layers"),
        heads=s.size("num_attention_heads"),
        inner=s.size("intermediate_size"),
        activation=s.activation("hidden_act", "gelu"),
        norm_eps=s.number("layer_norm_eps", 1e-12),
        dropout=s.rate("hidden_dropout_prob", 0.0),
        attention_dropout=s.rate("attention_probs_dropout_prob", 0.0),
    )
    patches = PatchEmbeddings(
        config.width,
        side(s, "image_size", 224),
        side(s, "patch_size", 16),
        channels=s.size("num_channels", 3),
        dropout=config.dropout,
    )
    return ImageModel(patches, Stack(config), pooler)


def side(s: Settings, key: str, default: int) -> int:
    """Height and width of an image or a patch, which must be the same."""
    value = s.get(key, default)
    if isinstance(value, list) and len(value) == 2 and value[0] == value[1]:
        s = s.replaced(**{key: value[0]})
    elif isinstance(value, list):
        raise s.unsupported(key, "N, [N, N]")
    return s.size(key, default)


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    if head == "base":
        s.demand(pooler_output_size=s.size("hidden_size"))
        pooler = FirstStatePooler(s.size("hidden_size"), s.activation("pooler_act", "tanh"))
        return image_model(s, pooler)
    model = image_model(s)
    if head == "states":
        return model
    return ImageModelWithHead(
        model, VectorHead(s.size("hidden_size"), len(s.labels()), vector="first")
    )


def initialise(module: nn.Module, s: Settings, generator: torch.Generator) -> None:
    """First values, from a normal distribution whose tails are cut off."""
    std = s.number("initializer_range", 0.02)

    def draw(weight: Tensor) -> None:
        nn.init.trunc_normal_(weight, std=std, generator=generator)

    fill(module, draw)


def image_rows(s: Settings) -> list[Row]:
    """The image model, in the names it has when it stands alone."""
    theirs, ours = "encoder.layer.{}", "stack.blocks.{}"
    rows = [
        *linear(f"{theirs}.attention.attention.query", f"{ours}.self_attention.query"),
        *linear(f"{theirs}.attention.attention.key", f"{ours}.self_attention.key"),
        *linear(f"{theirs}.attention.attention.value", f"{ours}.self_attention.value"),
        *linear(f"{theirs}.attention.output.dense", f"{ours}.self_attention.output"),
        *linear(f"{theirs}.layernorm_before", f"{ours}.self_attention_norm"),
        *linear(f"{theirs}.intermediate.dense", f"{ours}.feed_forward.up"),
        *linear(f"{theirs}.output.dense", f"{ours}.feed_forward.down"),
        *linear(f"{theirs}.layernorm_after", f"{ours}.feed_forward_norm"),
    ]
    return [
        row("embeddings.cls_token", "embeddings.first", FLAT),
        row("embeddings.position_embeddings", "embeddings.positions", FIRST),
        *linear("embeddings.patch_embeddings.projection", "embeddings.patches"),
        *per_block(rows, s.size("num_hidden_layers")),
        *linear("layernorm", "stack.norm"),
    ]


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    rows = image_rows(s)
    if head in ("base", "states"):
        if head == "base":
            rows += linear("pooler.dense", "pooler.dense")
        return Table(rows, aliases={f"vit.{one.theirs}": one.theirs for one in rows})
    rows = under("vit.", into("backbone.", rows))
    aliases = {one.theirs.removeprefix("vit."): one.theirs for one in rows}
    return Table(rows + linear("classifier", "head.output"), aliases=aliases)


IMAGE_KEYS = {
    "patches": "image_size",
    "patch": "patch_size",
    "width": "hidden_size",
    "inner": "intermediate_size",
    "outputs": "id2label",
}


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    return [Part(s, IMAGE_KEYS, "encoder.layer.{}.", "num_hidden_layers")]


def _vit(width: int, depth: int, heads: int, patch: int) -> dict[str, object]:
    return {
        "model_type": "vit",
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "image_size": 224,
        "patch_size": patch,
    }


SIZES = {
    "vit-base-patch16-224": Size(_vit(768, 12, 12, 16), 86_389_248),
    "vit-base-patch32-224": Size(_vit(768, 12, 12, 32), 88_045_824),
    "vit-large-patch16-224": Size(_vit(1024, 24, 16, 16), 304_351_232),
    "vit-huge-patch14-224": Size(_vit(1280, 32, 16, 14), 632_404_480),
}
