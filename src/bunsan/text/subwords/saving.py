"""A tokenizer as a folder that we and transformers open."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bunsan.text.subwords.tokenizer import Tokenizer


def save_tokenizer(tokenizer: "Tokenizer", folder: Path) -> Path:
    """Write a tokenizer's files into `folder`, which may hold a model's other files.

    All are written beside the folder first and then moved in, so that an error leaves it as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        tokenizer.segmenter.save(beside, settings_of(tokenizer))
        folder.mkdir(exist_ok=True)
        for file in sorted(beside.iterdir()):
            file.replace(folder / file.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def settings_of(tokenizer: "Tokenizer") -> dict[str, Any]:
    """What tokenizer_config.json says of every kind of tokenizer."""
    special = tokenizer.special
    settings: dict[str, Any] = {
        f"{role}_token": token for role, token in sorted(special.roles.items())
    }
    named = set(special.roles.values())
    more = [tokenizer.id_to_token(i) for i in sorted(special.ids)]
    extra = [token for token in more if token and token not in named]
    if extra:
        settings["extra_special_tokens"] = extra
    general = getattr(tokenizer.segmenter, "class_name", "") == "PreTrainedTokenizerFast"
    told = "cls" in special.roles and any(kind for _, kind in tokenizer.template.pair)
    if general and told:
        # transformers' general class tells two texts apart only where it is told to, and a model
        # that knows no such thing (GPT-2) must not be told.
        settings["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
    settings["model_max_length"] = special.max_length or int(1e30)
    if tokenizer.template.side == "left":
        settings["truncation_side"] = "left"
    return settings
