"""The model that fine-tuning begins with."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.hub import local_folder
from bunsan.base.language import tr
from bunsan.models.open import family_module, open_model
from bunsan.models.opened import OpenedModel
from bunsan.models.sentence import read_layout
from bunsan.models.settings import Settings
from bunsan.models.text import TextModelWithHead
from bunsan.nn.weights import read_config
from bunsan.tasks.finetuning.base import Task
from bunsan.tasks.finetuning.opened import fit_length
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example
from bunsan.training.low_rank import add_low_rank
from bunsan.training.partial import freeze, freeze_maps, layer_rates

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra")
# Files that say how sentences are pooled: the model that is made pools none.
_SENTENCE_FILES = (
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
)


def start_folder(model: str | Path) -> Path:
    """The folder of the Transformer: of a sentence model, the part that reads text."""
    return read_layout(local_folder(model)).transformer


def open_start(model: str | Path, task: Task, seed: int) -> tuple[OpenedModel, Tokenizer]:
    """A model with the head that a task wants, and its tokenizer.

    The head is new, unless the model was fine-tuned for the same labels before.

    Raises
    ------
    Missing : the model is not here. BadInput : it is of a kind that cannot be fine-tuned so.
    """
    folder = start_folder(model)
    config = read_config(folder)
    family = str(config.get("model_type"))
    if family not in FAMILIES:
        raise BadInput(
            tr(
                f"A model of the kind {family} cannot be fine-tuned for a task.",
                f"{family} は課題用にファインチューニングできません。",
            ),
            remedy=tr(f"Kinds: {', '.join(FAMILIES)}.", f"使える種類: {'、'.join(FAMILIES)}。"),
            file=folder / "config.json",
        )
    changes = {"problem_type": None} | task.changes()
    if _is_same(config, task, folder):
        opened = open_model(folder, head=task.head, changes=changes, seed=seed)
    else:
        opened = open_model(
            folder,
            head=task.head,
            new_head=True,
            new_labels=task.labels,
            changes=changes,
            seed=seed,
        )
    try:
        tokenizer = open_tokenizer(folder)
    except BadInput:
        raise
    except Exception as error:
        root = local_folder(model)
        if root == folder:
            raise
        try:
            tokenizer = open_tokenizer(root)
        except Exception:
            raise error from None
    _fits(opened, tokenizer)
    fit_length(task, opened, tokenizer)
    return opened, tokenizer


def _is_same(config: dict[str, Any], task: Task, folder: Path) -> bool:
    """Whether the model has the head of the task with the same labels already."""
    settings = Settings(config, folder / "config.json")
    module, kind = family_module(settings)
    named = (config.get("architectures") or [None])[0]
    if named != module.HEADS[kind][task.head]:
        return False
    if task.labels is None:
        return True
    before = settings.problem()
    after = task.changes().get("problem_type", before)
    # A regression's scale is another one every time.
    return before == after != "regression" and list(settings.labels()) == task.labels


def _fits(model: OpenedModel, tokenizer: Tokenizer) -> None:
    module: Any = model.module
    rows = module.backbone.embeddings.tokens.num_embeddings
    if tokenizer.vocab_size > rows:
        raise BadInput(
            tr(
                f"The tokenizer has {tokenizer.vocab_size:,} tokens, the model {rows:,}.",
                f"トークナイザーの語彙は {tokenizer.vocab_size:,}、モデルは {rows:,} です。",
            ),
            remedy=tr("Get the model's files again.", "モデルのファイルを取り直してください。"),
            file=model.folder,
        )
    if tokenizer.pad_id is None:
        raise BadInput(
            tr(
                "The tokenizer has no token for padding.",
                "トークナイザーにパディング用のトークンがありません。",
            ),
            remedy=tr("Use another model.", "別のモデルを使ってください。"),
            file=model.folder,
        )


def limit_learning(
    module: TextModelWithHead,
    *,
    frozen: int | Literal["all"] | None,
    rank: int | None,
    decay: float,
    seed: int,
) -> dict[str, float]:
    """Freeze what is not to learn, put low-rank maps where they are wanted; the rates of what learns.

    Raises
    ------
    BadInput : there are not so many layers; the rank or the decay is no such number.
    """
    if not 0 < decay <= 1:
        raise BadInput(
            tr(f"The layer decay cannot be {decay}.", f"層ごとの減衰 {decay} は使えません。"),
            remedy=tr("Give 0.65 to 1.", "0.65 から 1 を指定してください。"),
        )
    if rank is not None:
        if rank < 1 or frozen not in (None, 0):
            raise BadInput(
                tr("--lora takes a rank of at least 1.", "--lora には 1 以上の階数を指定します。")
                if rank < 1
                else tr(
                    "--lora freezes the model itself.", "--lora は元のモデルをすべて固定します。"
                ),
                remedy=tr("Leave out --freeze.", "--freeze を外してください。"),
            )
        freeze_maps(module)
        add_low_rank(module, rank, seed=seed)
    elif frozen is not None:
        freeze(module, frozen)
    return {} if decay == 1 else layer_rates(module, decay)


def save_start(model: OpenedModel, tokenizer: Tokenizer, folder: Path) -> None:
    """Write model and tokenizer into a folder that does not exist yet."""
    model.save(folder)
    for name in _SENTENCE_FILES:
        (folder / name).unlink(missing_ok=True)
    for place in folder.iterdir():
        if place.is_dir() and place.name[:1].isdigit():
            shutil.rmtree(place)
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model", "vocab.json")
    if not any((folder / name).is_file() for name in names):
        tokenizer.save(folder)


def training_mark(start: Path, about: Any, examples: Sequence[Example]) -> str:
    """A short name for a training: differs when its data, the model or what it is about differs.

    Parameters
    ----------
    start : folder of the model it begins with. about : settings and the like, as JSON can hold them.
    """
    found = hashlib.blake2b(digest_size=8)
    files = sorted([*start.glob("*.safetensors"), *start.glob("*.bin"), start / "config.json"])
    known = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]
    values = [about, str(start.resolve()), known]
    found.update(json.dumps(values, sort_keys=True, default=str).encode())
    for example in examples:
        for row in example.rows:
            found.update(row.tobytes())
        if example.target is not None:
            found.update(np.asarray(example.target).tobytes())
    return found.hexdigest()
