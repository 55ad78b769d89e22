"""Opened models as generation sees them, and how their makers meant them to generate.

Letters in shapes:  b batch · n positions · m positions of the source · d width · v vocabulary
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object
from bunsan.models.decoding.kernels import CompiledKernels, has_kernels
from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.encoding.engines import has_bfloat16
from bunsan.models.opened import OpenedModel
from bunsan.models.text import TextModelWithHead
from bunsan.nn.generation.decoding import Decoding
from bunsan.nn.generation.fast import Weights
from bunsan.nn.generation.model import StackModel
from bunsan.nn.heads import CausalWords, WordScores


def language_model(opened: OpenedModel) -> StackModel:
    """The model for generation.

    Raises
    ------
    BadInput : it has no output layer for the next word.
    """
    module = opened.module
    if isinstance(module, EncoderDecoder) and module.scores is not None:
        return _encoder_decoder(module, module.scores)
    if isinstance(module, TextModelWithHead) and isinstance(module.head, CausalWords):
        text = module.backbone
        return StackModel(text.embeddings, text.stack, module.head.scores, kernels=_kernels())
    raise BadInput(
        tr(
            f"A {opened.family} model with the head {opened.head} writes no text.",
            f"{opened.family}(ヘッド {opened.head})は文章を生成できません。",
        ),
        remedy=tr(
            "Use a GPT-2, T5, BART or translation model with its output layer.",
            "出力層をもつ GPT-2、T5、BART、または翻訳モデルを使ってください。",
        ),
        file=opened.folder,
    )


def _encoder_decoder(module: EncoderDecoder, scores: WordScores) -> StackModel:
    def encode(ids: Tensor, mask: Tensor) -> Tensor:
        states: Tensor = module.encoder(ids, None if bool(mask.all()) else mask).states
        return states

    return StackModel(
        module.decoder.embeddings,
        module.decoder.stack,
        scores,
        encoder=encode,
        max_source=module.encoder.embeddings.max_positions,
        kernels=_kernels(),
    )


def _kernels() -> CompiledKernels | None:
    return CompiledKernels() if has_kernels() else None


def weights_for(precision: str, device: str | None) -> tuple[str, Weights]:
    """As what a model is opened, and how its weights are kept then, for a precision.

    bfloat16 is PyTorch's where the processor multiplies it. Elsewhere only the weights are rounded,
    and what is computed is float32: half the bytes to read, and not slower for it.
    """
    if precision in ("float16", "int8"):
        return "float32", "float16" if precision == "float16" else "int8"
    if precision != "bfloat16":
        return precision, "same"
    on_processor = device is None or torch.device(device).type == "cpu"
    narrow = on_processor and has_kernels() and not has_bfloat16()
    return ("float32", "bfloat16") if narrow else ("bfloat16", "same")


@dataclass(frozen=True)
class Habits:
    """How a model's maker meant it to generate.

    Attributes
    ----------
    decoding : settings from generation_config.json, or from config.json of older models.
    start : id that an encoder-decoder's decoder begins with; None for decoders.
    pad, begin : ids of padding and of the beginning of a text, if any.
    """

    decoding: Decoding
    start: int | None
    pad: int | None
    begin: int | None


# Their name -> ours, where the two mean the same.
_SAME = {
    "repetition_penalty": "repetition_penalty",
    "no_repeat_ngram_size": "no_repeat_ngram",
    "num_beams": "beams",
    "length_penalty": "length_penalty",
    "early_stopping": "early_stopping",
    "forced_bos_token_id": "first",
}
_DRAWN = {"temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p"}


def habits(opened: OpenedModel) -> Habits:
    """What generation_config.json says, or config.json where there is none.

    Raises
    ------
    BadInput : a value cannot be used; an encoder-decoder does not say what its decoder begins with.
    """
    config = dict(opened.config)
    path = None if opened.folder is None else opened.folder / "generation_config.json"
    source: str | Path = "config.json" if opened.folder is None else opened.folder / "config.json"
    if path is not None and path.is_file():
        config |= {k: v for k, v in read_object(path).items() if v is not None}
        source = path
    try:
        decoding = _decoding(config)
    except (TypeError, ValueError) as error:
        raise BadInput(
            tr(
                f"has a setting of generation that cannot be used ({error}).",
                f"生成の設定に使えない値があります({error})。",
            ),
            remedy=tr("Correct or remove it.", "値を直すか、その行を消してください。"),
            file=source,
        ) from error
    start = None
    if isinstance(opened.module, EncoderDecoder):
        start = _first(config, "decoder_start_token_id", "bos_token_id")
        if start is None:
            raise BadInput(
                tr("decoder_start_token_id is missing.", "decoder_start_token_id がありません。"),
                remedy=tr(
                    "Add the id that the decoder begins with.",
                    "デコーダーの最初の ID を書き加えてください。",
                ),
                file=source,
            )
    return Habits(decoding, start, _first(config, "pad_token_id"), _first(config, "bos_token_id"))


def _decoding(config: Mapping[str, Any]) -> Decoding:
    values: dict[str, Any] = {
        ours: config[theirs] for theirs, ours in _SAME.items() if config.get(theirs) is not None
    }
    if config.get("do_sample") is True:
        values["temperature"] = 1.0
        values |= {
            ours: config[theirs]
            for theirs, ours in _DRAWN.items()
            if config.get(theirs) is not None
        }
    values["end"] = _ids(config.get("eos_token_id"))
    values["last"] = _ids(config.get("forced_eos_token_id"))
    banned = {i for i in _ids(config.get("suppress_tokens")) if i >= 0}
    for word in config.get("bad_words_ids") or []:
        if len(word) == 1:  # longer ones are words, which no published model forbids
            banned |= set(_ids(word))
    values["banned"] = tuple(sorted(banned))
    numbers = {k: v for k, v in values.items() if isinstance(v, str) and k != "early_stopping"}
    if numbers:
        raise TypeError(", ".join(f"{k}={v!r}" for k, v in numbers.items()))
    decoding = Decoding(**values)
    # Lengths count what the decoder begins with, which is one token.
    if isinstance(config.get("max_length"), int) and config.get("is_encoder_decoder"):
        decoding = replace(decoding, max_tokens=max(1, config["max_length"] - 1))
    if isinstance(config.get("min_length"), int) and config.get("is_encoder_decoder"):
        decoding = replace(decoding, min_tokens=max(0, config["min_length"] - 1))
    if isinstance(config.get("max_new_tokens"), int):
        decoding = replace(decoding, max_tokens=config["max_new_tokens"])
    return decoding


def _ids(value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in values):
        raise TypeError(f"{value!r} is no id")
    return tuple(values)


def _first(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
