"""A text tower of the BERT family beside an image tower (Zhai et al. 2022, "LiT: Zero-Shot Transfer with
Locked-image text Tuning"), as Japanese CLIP has them, and Japanese CLOOB (Fürst et al. 2022, "CLOOB:
Modern Hopfield Networks with InfoLOOB Outperform CLIP").

The published Japanese models call themselves "clip" and "cloob" and take the first state of either
tower as it is; their RoBERTa counts positions from the first row, over padding too. Models of the type
"vision-text-dual-encoder" take what the towers pool.
"""

from types import ModuleType

import torch
from torch import nn

from bunsan.models import bert, clip, vit
from bunsan.models.checks import Part
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.two_towers import DualEncoder, Projected
from bunsan.nn.heads import FirstState, FirstStatePooler
from bunsan.nn.initial import initialise as initialise_all
from bunsan.nn.table import Row, Table, into, linear, row, under

HEADS = {
    "vision-text-dual-encoder": {"base": "VisionTextDualEncoderModel"},
    "clip": {"base": "CLIPModel"},
    "cloob": {"base": "CLOOBModel"},
}


def _text(s: Settings) -> Settings:
    part = s.part("text_config")
    kind = part.get("model_type")
    if kind not in ("bert", *bert.ROBERTAS):
        raise part.unsupported("model_type", ", ".join(("bert", *bert.ROBERTAS)))
    if not _pooled(s) and kind != "bert":
        return part.replaced(position_offset=0)
    return part


def _image(s: Settings) -> Settings:
    part = s.part("vision_config")
    kind = part.get("model_type")
    if kind == "cloob_vision_model":  # the same under another name
        part = part.replaced(model_type="clip_vision_model")
    elif kind not in ("vit", "clip_vision_model"):
        raise part.unsupported("model_type", "vit, clip_vision_model")
    return clip.image_settings(part) if part.get("model_type") == "clip_vision_model" else part


def _pooled(s: Settings) -> bool:
    return s.get("model_type") == "vision-text-dual-encoder"


def _image_file(s: Settings) -> ModuleType:
    return vit if s.get("model_type") == "vit" else clip


def build(s: Settings, head: str) -> nn.Module:
    """The model, its parameters not yet set."""
    text, image, projection = _text(s), _image(s), s.size("projection_dim", 512)
    read = bert.text_model(text, bert.stack_config(text), pooled=_pooled(s))
    width = image.size("hidden_size")
    if not _pooled(s):
        read.pooler = FirstState()
        seen = _image_file(image).image_model(image, FirstState())
    elif _image_file(image) is vit:
        pooler = FirstStatePooler(width, image.activation("pooler_act", "tanh"))
        seen = vit.image_model(image, pooler)
    else:
        seen = clip.image_model(image)
    return DualEncoder(
        Projected(read, text.size("hidden_size"), projection),
        Projected(seen, width, projection),
        s.number("init_inv_tau", 30.0) if s.get("model_type") == "cloob" else None,
    )


def initialise(module: nn.Module, s: Settings, generator: torch.Generator) -> None:
    """First values; towers are usually ones that were trained before."""
    initialise_all(module, _text(s).number("initializer_range", 0.02), generator)
    if isinstance(module, DualEncoder) and module.log_scale is not None:
        with torch.no_grad():
            module.log_scale.fill_(s.number("logit_scale_init_value", 2.6592))


def _image_rows(s: Settings, image: Settings) -> tuple[list[Row], dict[str, str]]:
    rows, older = _image_file(image).image_rows(image), {}
    if _image_file(image) is vit:
        if _pooled(s):
            rows += linear("pooler.dense", "pooler.dense")
    else:
        older = {f"vision_model.{one.theirs}": one.theirs for one in rows}
    return rows, older


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    text, image = _text(s), _image(s)
    text_rows = bert.backbone_rows(text, pooled=_pooled(s))
    older = {f"text_model.{a}": f"text_model.{b}" for a, b in bert.older_gammas(text_rows).items()}
    image_rows, image_older = _image_rows(s, image)
    older |= {f"vision_model.{a}": f"vision_model.{b}" for a, b in image_older.items()}
    rows = [
        *under("text_model.", into("text.model.", text_rows)),
        *under("vision_model.", into("image.model.", image_rows)),
        row("text_projection.weight", "text.projection.weight"),
        row("visual_projection.weight", "image.projection.weight"),
    ]
    copies: dict[str, str | None] = {
        f"{prefix}embeddings.{name}": None
        for prefix in ("text_model.", "vision_model.", "vision_model.vision_model.")
        for name in ("position_ids", "token_type_ids")
    }
    if s.get("model_type") != "cloob":
        rows.append(row("logit_scale", "log_scale"))
    if not _pooled(s) and _image_file(image) is clip:
        # The norm of a pooled vector that these models do not take.
        norm = [one for one in rows if one.theirs.startswith("vision_model.post_layernorm")]
        rows = [one for one in rows if one not in norm]
        copies |= {one.theirs: None for one in norm}
    return Table(rows, copies, older)


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    text, image = _text(s), _image(s)
    blocks = "encoder.layer.{}." if _image_file(image) is vit else "encoder.layers.{}."
    depth = "num_hidden_layers"
    return [
        Part(text, bert.BERT_KEYS, "text_model.encoder.layer.{}.", depth, "text.model."),
        Part(image, vit.IMAGE_KEYS, f"vision_model.{blocks}", depth, "image.model."),
        Part(s, {"projection": "projection_dim", "width": "projection_dim"}, "", "", ""),
    ]


SIZES = {
    # The text tower is Japanese RoBERTa base, the image tower ViT-B/16.
    "clip-japanese-vit-b-16": Size(
        {
            "model_type": "clip",
            "projection_dim": 512,
            "text_config": bert.SIZES["roberta-base-japanese"].config,
            "vision_config": vit.SIZES["vit-base-patch16-224"].config,
        },
        196_612_609,
    ),
}
