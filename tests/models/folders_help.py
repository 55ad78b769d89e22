"""Folders of tiny models, and ways to spoil them."""

import json
from pathlib import Path
from typing import Any

import transformers as peer
from parity_help import BERT, GPT2, T5, VIT, in_folder, noisy
from safetensors.torch import load_file, save_file

MAKERS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "bert": (peer.BertForMaskedLM, peer.BertConfig, BERT),
    "gpt2": (peer.GPT2LMHeadModel, peer.GPT2Config, GPT2),
    "t5": (peer.T5ForConditionalGeneration, peer.T5Config, T5),
    "vit": (peer.ViTForImageClassification, peer.ViTConfig, VIT),
}


def make(kind: str, folder: Path) -> Path:
    model, config, values = MAKERS[kind]
    return in_folder(noisy(model, config(**values)), folder)


def bert(head: str, folder: Path, **values: Any) -> tuple[Any, Path]:
    model = noisy(getattr(peer, f"Bert{head}"), peer.BertConfig(**{**BERT, **values}))
    return model, in_folder(model, folder)


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for key, value in changes.items():
        config[key] = value
    path.write_text(json.dumps(config))


def retensor(folder: Path, change: Any) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    save_file(change(tensors), path, {"format": "pt"})
