"""Folders of sentence models, as the library sentence-transformers lays them out, read and written.

Reimers & Gurevych 2019, "Sentence-BERT". `modules.json` lists what follows the Transformer: pooling,
linear maps, normalising; `config_sentence_transformers.json` holds prompts.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.files import read_json, write_json
from bunsan.base.language import tr
from bunsan.models.encoding.pooling import Pooling
from bunsan.nn.weights import read_weights, write_weights

_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "Tanh": nn.Tanh,
    "Identity": nn.Identity,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
}


class Normalize(nn.Module):
    """Vectors of length 1."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, d)"""
        return nn.functional.normalize(x, dim=-1)


class Dense(nn.Module):
    """A linear map and a bend: (n, d) -> (n, d')."""

    def __init__(self, inputs: int, outputs: int, bias: bool, activation: nn.Module) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) -> (n, d')"""
        out: Tensor = self.activation(self.linear(x))
        return out


@dataclass
class SentenceLayout:
    """What a folder says beyond the Transformer itself.

    Parameters
    ----------
    transformer : the folder of the Transformer.
    pooling : None where the folder names none.
    after : what the pooled vector goes through.
    prompts : name to text that is put before every text; default_prompt : the name used unasked.
    max_length : tokens a text is cut to; None: what the tokenizer says.
    lowercase : texts are lower-cased first.
    """

    transformer: Path
    pooling: Pooling | None = None
    after: nn.Sequential = field(default_factory=nn.Sequential)
    prompts: dict[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    max_length: int | None = None
    lowercase: bool = False


def read_layout(folder: Path) -> SentenceLayout:
    """The layout of a folder; without `modules.json`, of a Transformer alone.

    Raises
    ------
    BadInput : a file is damaged, or a module is of a kind that bunsan does not know.
    """
    file = folder / "modules.json"
    if not file.is_file():
        return SentenceLayout(folder)
    modules = read_json(file)
    if not isinstance(modules, list) or not modules:
        raise _wrong(file, tr("names no modules", "モジュールがありません"))
    layout = SentenceLayout(folder)
    after: list[nn.Module] = []
    for i, module in enumerate(modules):
        kind, place = _module(module, folder, file)
        if i == 0:
            if kind != "Transformer":
                raise _unknown(file, kind)
            layout.transformer = place
            _read_transformer(layout, folder)
        elif kind == "Pooling" and layout.pooling is None:
            layout.pooling = _read_pooling(place / "config.json")
        elif kind == "Normalize":
            after.append(Normalize())
        elif kind == "Dense" and layout.pooling is not None:
            after.append(_read_dense(place))
        elif kind != "Dropout":
            raise _unknown(file, kind)
    layout.after = nn.Sequential(*after).eval()
    _read_prompts(layout, folder / "config_sentence_transformers.json")
    return layout


def write_layout(folder: Path, layout: SentenceLayout) -> None:
    """Put the files of a sentence model beside those of its Transformer, which are in `folder`."""
    package = "sentence_transformers.models"
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"}]

    def add(kind: str) -> Path:
        i = len(modules)
        name = f"{i}_{kind}"
        modules.append({"idx": i, "name": str(i), "path": name, "type": f"{package}.{kind}"})
        (folder / name).mkdir()
        return folder / name

    pooling = layout.pooling or Pooling()
    width = _width(folder)
    pooled: dict[str, Any] = {"word_embedding_dimension": width}
    pooled |= {key: mode in pooling.modes for key, mode in _MODES.items()}
    ordered = tuple(mode for mode in _MODES.values() if mode in pooling.modes)
    if ordered != pooling.modes:  # only the newer form keeps an order
        pooled = {"embedding_dimension": width, "pooling_mode": list(pooling.modes)}
    write_json(add("Pooling") / "config.json", {**pooled, "include_prompt": pooling.include_prompt})
    for module in layout.after:
        if isinstance(module, Dense):
            place = add("Dense")
            bend = type(module.activation)
            config = {
                "in_features": module.linear.in_features,
                "out_features": module.linear.out_features,
                "bias": module.linear.bias is not None,
                "activation_function": f"{bend.__module__}.{bend.__qualname__}",
            }
            write_json(place / "config.json", config)
            write_weights(place, dict(module.linear.state_dict(prefix="linear.")))
        else:
            add("Normalize")
    write_json(folder / "modules.json", modules)
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": layout.max_length, "do_lower_case": layout.lowercase},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {
            "prompts": layout.prompts,
            "default_prompt_name": layout.default_prompt,
            "similarity_fn_name": "cosine",
        },
    )


def _module(module: Any, folder: Path, file: Path) -> tuple[str, Path]:
    try:
        kind, path = str(module["type"]).rpartition(".")[2], PurePosixPath(module["path"])
    except (KeyError, TypeError) as error:
        raise _wrong(file, str(error)) from error
    if path.is_absolute() or ".." in path.parts or ":" in str(path):
        raise _wrong(
            file, tr(f"{path} leaves the folder", f"{path} がフォルダーの外を指しています")
        )
    return kind, folder.joinpath(*path.parts)


def _read_transformer(layout: SentenceLayout, folder: Path) -> None:
    names = ("sentence_bert_config.json", "sentence_roberta_config.json")
    for place in dict.fromkeys((layout.transformer, folder)):
        for file in (place / name for name in names):
            if file.is_file():
                config = _object(file)
                most = config.get("max_seq_length")
                if most is not None and (not isinstance(most, int) or most < 1):
                    raise _wrong(file, f"max_seq_length: {most}")
                layout.max_length = most
                layout.lowercase = bool(config.get("do_lower_case", False))
                return


def _read_pooling(file: Path) -> Pooling:
    config = _object(file)
    modes = config.get("pooling_mode")
    if modes is None:
        modes = [mode for key, mode in _MODES.items() if config.get(key)] or ["mean"]
    if isinstance(modes, str):
        modes = [modes]
    try:
        return Pooling(tuple(modes), bool(config.get("include_prompt", True)))
    except BadInput as error:
        raise BadInput(error.problem, remedy=error.remedy, file=file) from error


def _read_dense(place: Path) -> Dense:
    file = place / "config.json"
    config = _object(file)
    for key in ("module_input_name", "module_output_name"):
        if config.get(key) not in (None, "sentence_embedding"):
            raise _wrong(file, f"{key}: {config[key]}")
    bend = str(config.get("activation_function") or "Identity").rpartition(".")[2]
    if bend not in _ACTIVATIONS:
        raise _wrong(file, f"activation_function: {bend}")
    inputs, outputs = config.get("in_features"), config.get("out_features")
    if not (isinstance(inputs, int) and isinstance(outputs, int) and min(inputs, outputs) > 0):
        raise _wrong(file, "in_features, out_features")
    dense = Dense(inputs, outputs, bool(config.get("bias", True)), _ACTIVATIONS[bend]())
    weights = read_weights(place)
    try:
        dense.load_state_dict({name: weights[name].float() for name in weights})
    except (RuntimeError, KeyError) as error:
        raise _wrong(file, tr("does not fit its weights", "重みと合いません")) from error
    return dense


def _read_prompts(layout: SentenceLayout, file: Path) -> None:
    if not file.is_file():
        return
    config = _object(file)
    prompts = config.get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(p, str) for p in prompts.values()):
        raise _wrong(file, "prompts")
    layout.prompts = dict(prompts)
    default = config.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise _wrong(file, f"default_prompt_name: {default}")
    layout.default_prompt = default


def _width(folder: Path) -> int:
    config = _object(folder / "config.json")
    for key in ("hidden_size", "dim", "d_model"):
        if isinstance(config.get(key), int):
            return int(config[key])
    text = config.get("text_config")
    return int(text["hidden_size"]) if isinstance(text, dict) else 0


def _object(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise _wrong(file, tr("is missing", "ファイルがありません"))
    value = read_json(file)
    if not isinstance(value, dict):
        raise _wrong(file, json.dumps(value)[:60])
    return value


def _wrong(file: Path, detail: str) -> BadInput:
    return BadInput(
        tr(
            f"does not describe a sentence model ({detail}).",
            f"文ベクトルモデルの設定として読めません({detail})。",
        ),
        remedy=tr("Fetch the model's files again.", "モデルのファイルを取り直してください。"),
        file=file,
    )


def _unknown(file: Path, kind: str) -> BadInput:
    known = "Transformer, Pooling, Dense, Normalize"
    return BadInput(
        tr(f"The module {kind} is not supported.", f"モジュール {kind} には対応していません。"),
        remedy=tr(
            f"Supported: {known}. Use another model.",
            f"対応しているのは {known} です。別のモデルを使ってください。",
        ),
        file=file,
    )


def apply_after(layout: SentenceLayout, vectors: Tensor) -> Tensor:
    """(n, d) pooled vectors through what follows the pooling."""
    with torch.inference_mode():
        out: Tensor = layout.after(vectors)
    return out
