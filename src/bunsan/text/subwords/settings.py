"""What the small JSON files beside a vocabulary say: which tokens are special, how long inputs are.

Read are tokenizer_config.json, special_tokens_map.json, added_tokens.json, and of config.json the
two names that say which kind of model it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.subwords.vocab_files import read_model_json

ROLES = ("pad", "unk", "cls", "sep", "mask", "bos", "eos")
_NO_LIMIT = 10**9  # older files say "no limit" with 10^30

_BERT = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
_FAIRSEQ = {
    "bos": "<s>",
    "eos": "</s>",
    "sep": "</s>",
    "cls": "<s>",
    "unk": "<unk>",
    "pad": "<pad>",
    "mask": "<mask>",
}
_GPT2 = dict.fromkeys(("bos", "eos", "unk"), "<|endoftext|>")
_T5 = {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"}
_ALBERT = {
    "bos": "[CLS]",
    "eos": "[SEP]",
    "unk": "<unk>",
    "sep": "[SEP]",
    "pad": "<pad>",
    "cls": "[CLS]",
    "mask": "[MASK]",
}
# Family of a tokenizer's class or of a model's type, both without "Tokenizer", "Fast", "-" and "_".
_FAMILIES = {
    "bert": "bert",
    "bertjapanese": "bert",
    "bertsudachipy": "bert",
    "electrasudachipy": "bert",
    "distilbert": "bert",
    "electra": "bert",
    "roberta": "roberta",
    "longformer": "roberta",
    "bart": "roberta",
    "gpt2": "gpt2",
    "openaigpt": "gpt",
    "gpt": "gpt",
    "t5": "t5",
    "mt5": "t5",
    "xlmroberta": "xlm-roberta",
    "camembert": "xlm-roberta",
    "mbart": "mbart",
    "mbart50": "mbart",
    "barthez": "xlm-roberta",
    "albert": "albert",
    "marian": "marian",
}
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "bert": _BERT,
    "roberta": _FAIRSEQ,
    "xlm-roberta": _FAIRSEQ,
    "mbart": _FAIRSEQ,
    "gpt2": _GPT2,
    "gpt": {"unk": "<unk>"},
    "t5": _T5,
    "marian": _T5,
    "albert": _ALBERT,
}


@dataclass(frozen=True)
class AddedToken:
    """A token that is looked for in the text before all else."""

    content: str
    special: bool = True
    normalized: bool = False
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False


@dataclass(frozen=True)
class Settings:
    """What a folder says about its tokenizer.

    family : "bert", "roberta", "gpt2", "t5", ...; "" where the files do not tell.
    class_name : the class that the files name, without "Fast"; "" without one.
    tokens : roles to the tokens that the files name, None for a role they say nobody has.
    special : more special tokens.
    added : ids to tokens that are looked for first.
    raw : all of tokenizer_config.json.
    """

    folder: Path
    family: str = ""
    class_name: str = ""
    tokens: Mapping[str, str | None] = field(default_factory=dict)
    special: tuple[str, ...] = ()
    added: Mapping[int, AddedToken] = field(default_factory=dict)
    max_length: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    def roles(self, family: str = "") -> dict[str, str]:
        """Roles to tokens, with what is usual in the family where the files are silent."""
        usual = DEFAULTS.get(self.family or family, {})
        named = {**usual, **self.tokens}
        return {role: token for role, token in named.items() if token is not None}

    def get(self, name: str, default: Any = None) -> Any:
        """A setting of tokenizer_config.json."""
        return self.raw.get(name, default)


def read_settings(folder: Path) -> Settings:
    """The settings of a folder; files that are absent say nothing.

    Raises
    ------
    BadInput : one of the files is not JSON, or not an object.
    """
    raw = _object(folder / "tokenizer_config.json")
    config = _object(folder / "config.json")
    tokens: dict[str, str | None] = {}
    special: list[str] = []
    for file in (_object(folder / "special_tokens_map.json"), raw):
        for role in ROLES:
            if f"{role}_token" in file:
                tokens[role] = _content(file[f"{role}_token"])
        for name in ("additional_special_tokens", "extra_special_tokens"):
            more = file.get(name) or []
            more = list(more.values()) if isinstance(more, dict) else more
            if isinstance(more, list):
                special += [token for token in map(_content, more) if token]
    class_name = _string(raw.get("tokenizer_class")) or _string(config.get("tokenizer_class"))
    class_name = class_name.removesuffix("Fast")
    family = _family(class_name.removesuffix("Tokenizer"))
    if not family and class_name in ("", "PreTrainedTokenizer", "AutoTokenizer"):
        family = _family(_string(config.get("model_type")))
    return Settings(
        folder,
        family,
        class_name,
        tokens,
        tuple(dict.fromkeys(special)),
        _added(folder, raw),
        _max_length(raw),
        raw,
    )


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    value = read_model_json(path)
    if not isinstance(value, dict):
        raise BadInput(
            tr("is not a JSON object.", "JSON のオブジェクトではありません。"),
            file=path,
            remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
        )
    return value


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(value: Any) -> str | None:
    """A token is written as a string or as an object."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _family(name: str) -> str:
    return _FAMILIES.get(name.lower().replace("-", "").replace("_", ""), "")


def _max_length(raw: Mapping[str, Any]) -> int | None:
    value = raw.get("model_max_length", raw.get("max_len"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value < _NO_LIMIT else None


def _added(folder: Path, raw: Mapping[str, Any]) -> dict[int, AddedToken]:
    found: dict[int, AddedToken] = {}
    path = folder / "added_tokens.json"
    for content, i in _object(path).items():
        if isinstance(i, bool) or not isinstance(i, int) or i < 0:
            raise _no_id(path, content)
        found[i] = AddedToken(content)
    named = raw.get("added_tokens_decoder")
    for key, value in (named if isinstance(named, dict) else {}).items():
        token = _content(value)
        if not key.isdecimal() or token is None:
            raise _no_id(folder / "tokenizer_config.json", key)
        flags = value if isinstance(value, dict) else {}
        found[int(key)] = AddedToken(
            token,
            bool(flags.get("special", True)),
            bool(flags.get("normalized", False)),
            bool(flags.get("lstrip", False)),
            bool(flags.get("rstrip", False)),
            bool(flags.get("single_word", False)),
        )
    return found


def _no_id(path: Path, name: str) -> BadInput:
    return BadInput(
        tr(
            f"gives the added token “{name}” no usable id.",
            f"追加トークン「{name}」の番号が正しくありません。",
        ),
        file=path,
        remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
    )
