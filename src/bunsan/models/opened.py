"""A model in memory, and how it is written so that other libraries open it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from bunsan.base.errors import BadInput
from bunsan.base.files import replaced_folder, write_json
from bunsan.base.language import tr
from bunsan.models.settings import Settings
from bunsan.nn.table import Table
from bunsan.nn.weights import write_weights

# Files beside the weights that belong to a model: its tokenizer, how it generates, how images are
# prepared, how sentences are pooled.
COMPANIONS = (
    "added_tokens.json",
    "bpe.codes",
    "chat_template.jinja",
    "config_sentence_transformers.json",
    "dict.txt",
    "generation_config.json",
    "merges.txt",
    "modules.json",
    "preprocessor_config.json",
    "sentence_bert_config.json",
    "sentencepiece.bpe.model",
    "source.spm",
    "special_tokens_map.json",
    "spiece.model",
    "spm.model",
    "target.spm",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
_MODULES = (
    "Pooling",
    "Normalize",
    "Dense",
)  # folders of a sentence model, named 1_Pooling and so on


@dataclass
class OpenedModel:
    """A model, and what is known about it.

    Parameters
    ----------
    module : called with ids and a mask (or images), it gives an `Output`.
    config : its config.json.
    family : its `model_type`. head : its head. architecture : what other libraries call the two.
    folder : where it was read from; None for a new one.
    table : how its parameters are called in files.
    """

    module: nn.Module
    config: dict[str, Any]
    family: str
    head: str
    architecture: str
    folder: Path | None
    table: Table

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the scores."""
        return Settings(self.config).labels()

    @property
    def problem(self) -> str:
        """How scores of a classification are meant: see `nn.heads.scores_to_answers`."""
        return Settings(self.config).problem()

    @property
    def parameters(self) -> int:
        """How many numbers it has learned."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def save(self, folder: str | Path, *, max_shard_bytes: float = 5e9) -> None:
        """Write config.json, model.safetensors and the files beside them, whole or not at all.

        A model that stands in `folder` is replaced; a folder of other things is not.

        Raises
        ------
        BadInput : the folder holds something else.
        """
        folder = Path(folder)
        check_replaceable(folder)
        with replaced_folder(folder) as beside:
            beside.mkdir()
            tensors = self.table.write(self.module.state_dict())
            write_weights(beside, tensors, max_shard_bytes=max_shard_bytes)
            write_json(beside / "config.json", self._config())
            if self.folder is not None and self.folder.is_dir():
                _copy_companions(self.folder, beside)

    def _config(self) -> dict[str, Any]:
        dtype = next(self.module.parameters()).dtype
        config = {key: value for key, value in self.config.items() if key != "torch_dtype"}
        if config.get("num_labels") is None:
            config.pop("num_labels", None)
        return config | {
            "architectures": [self.architecture],
            "dtype": str(dtype).removeprefix("torch."),
        }


def check_replaceable(folder: Path) -> None:
    """Refuse a place where something other than a model stands.

    Raises
    ------
    BadInput : the folder is no model's and not empty, or a file.
    """
    if not folder.exists():
        return
    if folder.is_dir() and ((folder / "config.json").is_file() or not any(folder.iterdir())):
        return
    raise BadInput(
        tr("is no folder of a model.", "はモデルのフォルダーではありません。"),
        remedy=tr("Give the name of a new folder.", "新しいフォルダー名を指定してください。"),
        file=folder,
    )


def _copy_companions(source: Path, target: Path) -> None:
    for name in COMPANIONS:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    for folder in sorted(source.iterdir()):
        number, _, module = folder.name.partition("_")
        if folder.is_dir() and number.isdigit() and module in _MODULES:
            shutil.copytree(folder, target / folder.name)
