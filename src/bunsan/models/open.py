"""Open a model that somebody published or bunsan saved, or make a new one of a published size.

This is the only file that knows all families.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.hub import local_folder
from bunsan.base.language import tr
from bunsan.models.checks import Part, check_depth, check_shapes
from bunsan.models.opened import OpenedModel
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.nn.initial import initialise, materialise, without_memory
from bunsan.nn.table import Table
from bunsan.nn.weights import read_config, read_weights

FAMILIES = {
    "bert": "bert",
    "roberta": "bert",
    "xlm-roberta": "bert",
    "camembert": "bert",
    "distilbert": "bert",
    "electra": "electra",
    "gpt2": "gpt2",
    "t5": "t5",
    "mt5": "t5",
    "bart": "bart",
    "mbart": "bart",
    "marian": "marian",
    "vit": "vit",
    "clip": "clip",
    "clip_text_model": "clip",
    "clip_vision_model": "clip",
    "vision-text-dual-encoder": "dual_encoder",
    "cloob": "dual_encoder",
}
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}
WRITING = ("causal-words", "sequence-to-sequence")  # heads that go on with a text
FRESH = ("head.", "pooler.", "backbone.pooler.")  # what a new head may bring along


def open_model(
    name_or_folder: str | Path,
    *,
    head: str | None = None,
    new_head: bool = False,
    new_labels: Sequence[str] | None = None,
    dtype: str = "float32",
    device: str | torch.device | None = None,
    changes: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> OpenedModel:
    """A model from a folder with config.json and weights, or from the hub by name.

    Weights stay in the file, mapped, where their dtype is the one asked for, until they are changed.

    Parameters
    ----------
    head : which head the model is to have, one of the family's `HEADS` ("base" is none; "states" is
        none, and no pooler either); None: the one that `architectures` in config.json names.
    new_head : make the head afresh, for training, with first values as published; `seed` decides them.
    new_labels : names of the classes of a new head.
    dtype : float32, bfloat16, float16 or float64.
    device : where the parameters are put; None: they stay in memory.
    changes : values of config.json to replace.

    Raises
    ------
    Missing : the model is not here and cannot be fetched.
    BadInput : config.json or the weights are damaged, contradict each other, or mean something that
        bunsan cannot do; the file lacks the head.
    """
    folder = local_folder(name_or_folder)
    config = {**read_config(folder), **(changes or {})}
    settings = Settings(config, folder / "config.json")
    module, kind = family_module(settings)
    weights = read_weights(folder)
    file = str(weights.files[0])
    settle = getattr(module, "settle", None)
    if settle is not None:
        settings = settle(settings, weights)
    head = _head_to_open(settings, module, kind, head)
    if new_labels is not None:
        if not new_head:
            raise BadInput(
                tr("New labels need a new head.", "新しいラベルには新しいヘッドが要ります。"),
                remedy=tr("Give new_head=True.", "new_head=True を指定してください。"),
            )
        settings = with_labels(settings, new_labels)
    parts: list[Part] = module.parts(settings)
    for part in parts:
        check_depth(part, weights)
    head = _without_pooler(settings, module, kind, head, weights)
    table: Table = module.table(settings, head)
    fresh = _fresh(settings, head, table, weights, new_head)
    model = _build(settings, module, head)
    unused = set().union(*(module.table(settings, one).names() for one in module.HEADS[kind]))
    if new_head and new_labels is not None:
        unused |= table.names()
    wanted = table.without(fresh) if fresh else table
    values = wanted.read(weights, unused=unused, file=file)
    theirs = {ours: one.theirs for one in table.rows for ours in one.ours}
    for part in parts:
        check_shapes(part, model, values, theirs)
    wanted_dtype = _dtype(dtype)
    values = {
        name: value.to(wanted_dtype) if value.is_floating_point() else value
        for name, value in values.items()
    }
    model.load_state_dict(values, strict=False, assign=True)
    if fresh:
        _make_fresh(settings, model, seed)
        model.to(wanted_dtype)
    if device is not None:
        model.to(device)
    return OpenedModel(
        model.eval(), settings.values, kind, head, module.HEADS[kind][head], folder, table
    )


def new_model(
    size: str,
    *,
    head: str | None = None,
    vocabulary: int | None = None,
    labels: Sequence[str] | None = None,
    dtype: str = "float32",
    device: str | torch.device | None = None,
    changes: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> OpenedModel:
    """An untrained model of a published size, with first values as published.

    Parameters
    ----------
    size : one of `sizes()`.
    head : what it is to be trained for; None: the head that the size was published with.
    vocabulary : number of token ids, where it is not the published one.
    changes : values of config.json to replace.

    Raises
    ------
    BadInput : there is no such size or head.
    """
    known = sizes()
    if size not in known:
        raise BadInput(
            tr(f"There is no size named {size}.", f"{size} というサイズはありません。"),
            remedy=tr(f"Choose from: {', '.join(known)}.", f"次から選べます: {', '.join(known)}。"),
        )
    settings = Settings({**known[size].config, **(changes or {})}, size)
    if vocabulary is not None:
        settings = settings.replaced(vocab_size=vocabulary)
    if labels is not None:
        settings = with_labels(settings, labels)
    module, kind = family_module(settings)
    head = _known_head(settings, module, kind, head or known[size].head)
    model = _build(settings, module, head)
    materialise(model)
    generator = torch.Generator().manual_seed(seed)
    own = getattr(module, "initialise", None)
    if own is None:
        initialise(model, settings.number("initializer_range", 0.02), generator)
    else:
        own(model, settings, generator)
    model.to(_dtype(dtype))
    if device is not None:
        model.to(device)
    table: Table = module.table(settings, head)
    return OpenedModel(
        model.eval(), settings.values, kind, head, module.HEADS[kind][head], None, table
    )


def sizes() -> dict[str, Size]:
    """Every published size by name."""
    found: dict[str, Size] = {}
    for name in dict.fromkeys(FAMILIES.values()):
        found.update(import_module(f"bunsan.models.{name}").SIZES)
    return found


def family_module(settings: Settings) -> tuple[ModuleType, str]:
    """The file of a family and the `model_type` that led to it.

    Raises
    ------
    BadInput : config.json names no family, or one that is not here.
    """
    kind = settings.get("model_type")
    if kind is None:
        raise BadInput(
            tr("model_type is missing.", "model_type がありません。"),
            remedy=tr(
                'Add it, for example "model_type": "bert", if you know what the model is.',
                'モデルの種類が分かるなら "model_type": "bert" のように書き加えてください。',
            ),
            file=settings.file,
        )
    if kind not in FAMILIES:
        raise settings.unsupported("model_type", ", ".join(FAMILIES))
    name = FAMILIES[kind]
    if kind == "clip":  # Japanese CLIP calls itself so too
        towers = [settings.get(part) for part in ("text_config", "vision_config")]
        named = [tower.get("model_type") for tower in towers if isinstance(tower, Mapping)]
        if not set(named) <= {None, "clip_text_model", "clip_vision_model"}:
            name = "dual_encoder"
    return import_module(f"bunsan.models.{name}"), str(kind)


def writes_text(folder: str | Path) -> bool:
    """Whether the model in a folder has an output layer to write text with, by its config.json.

    Raises
    ------
    BadInput : config.json is damaged, or of a family that is not here.
    """
    settings = Settings(read_config(folder), Path(folder) / "config.json")
    module, kind = family_module(settings)
    return _head_to_open(settings, module, kind, None) in WRITING


def with_labels(settings: Settings, labels: Sequence[str]) -> Settings:
    """The same with other names of classes."""
    names = [str(label) for label in labels]
    if not names or len(set(names)) != len(names):
        raise BadInput(
            tr("Labels must differ from each other.", "ラベルは互いに異なる名前にしてください。")
        )
    return settings.replaced(
        id2label={str(i): name for i, name in enumerate(names)},
        label2id={name: i for i, name in enumerate(names)},
        num_labels=None,
    )


def _build(settings: Settings, module: ModuleType, head: str) -> nn.Module:
    """The model without memory for its parameters."""
    try:
        with without_memory():
            model: nn.Module = module.build(settings, head)
    except ValueError as error:  # dimensions that do not go together
        raise BadInput(
            tr(f"The dimensions do not fit: {error}.", f"寸法が合っていません: {error}。"),
            remedy=tr("Get the model's config.json again.", "config.json を取り直してください。"),
            file=settings.file,
        ) from error
    return model


def _dtype(name: str) -> torch.dtype:
    if name not in DTYPES:
        raise BadInput(
            tr(f"There is no dtype {name} here.", f"dtype {name} は使えません。"),
            remedy=tr(
                f"Choose from: {', '.join(DTYPES)}.", f"次から選べます: {', '.join(DTYPES)}。"
            ),
        )
    return DTYPES[name]


def _head_to_open(settings: Settings, module: ModuleType, kind: str, head: str | None) -> str:
    if head is not None:
        return _known_head(settings, module, kind, head)
    named = settings.get("architectures") or [None]
    name = named[0] if isinstance(named, list) else named
    if name is None:
        return "base"
    for known, architecture in module.HEADS[kind].items():
        if architecture == name:
            return str(known)
    raise settings.unsupported("architectures", ", ".join(module.HEADS[kind].values()))


def _known_head(settings: Settings, module: ModuleType, kind: str, head: str) -> str:
    if head not in module.HEADS[kind]:
        known = ", ".join(module.HEADS[kind])
        raise BadInput(
            tr(
                f"A {kind} model has no head named {head}.",
                f"{kind} に {head} というヘッドはありません。",
            ),
            remedy=tr(f"Choose from: {known}.", f"次から選べます: {known}。"),
            file=settings.file,
        )
    return head


def _without_pooler(
    settings: Settings, module: ModuleType, kind: str, head: str, weights: Mapping[str, Tensor]
) -> str:
    """ "states" for "base" where the file has no pooler: many a published encoder was trained without."""
    if head != "base" or "states" not in module.HEADS[kind]:
        return head
    missing = [row.ours[0] for row in module.table(settings, "base").missing(weights)]
    pooler = [name for name in missing if name.startswith("pooler.")]
    whole = [
        row for row in module.table(settings, "base").rows if row.ours[0].startswith("pooler.")
    ]
    return "states" if len(pooler) == len(whole) == len(missing) else head


def _fresh(
    settings: Settings,
    head: str,
    table: Table,
    weights: Mapping[str, Tensor],
    new_head: bool,
) -> tuple[str, ...]:
    """Beginnings of the names of parameters that get first values and are not read."""
    missing = {row.ours[0] for row in table.missing(weights)}
    lacking = {prefix for prefix in FRESH if any(name.startswith(prefix) for name in missing)}
    if new_head:
        return tuple(lacking | {"head."})
    of_head = {row.ours[0] for row in table.rows if row.ours[0].startswith("head.")}
    if of_head and of_head <= missing and all(name.startswith(FRESH) for name in missing):
        raise BadInput(
            tr(
                f"The checkpoint has no {head} head.",
                f"このチェックポイントに {head} のヘッドはありません。",
            ),
            remedy=tr(
                "Give new_head=True to train a fresh one, or open a checkpoint that has it.",
                "new_head=True で新しいヘッドを学習するか、それを持つモデルを開いてください。",
            ),
            file=settings.file,
        )
    return ()


def _make_fresh(settings: Settings, model: nn.Module, seed: int) -> None:
    """First values for what the file did not give: a head, a pooler."""
    std = settings.number("initializer_range", settings.number("init_std", 0.02))
    generator = torch.Generator().manual_seed(seed)
    lacking = [
        part
        for part in model.modules()
        if any(value.is_meta for value in part.parameters(recurse=False))
        or any(value.is_meta for value in part.buffers(recurse=False))
    ]
    materialise(model)
    for part in lacking:
        initialise(part, std, generator)
