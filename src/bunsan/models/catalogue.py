"""The catalogue of published models for Japanese: what they are, who made them, what each needs to be opened.

The facts are in catalogue.toml beside this file, each marked there as verified or not. Nothing here loads torch.
"""

import ast
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bunsan.base.language import tr

TASKS = {
    "similar-words": ("vectors of words", "単語のベクトル"),
    "encode": ("vectors of texts", "文章のベクトル"),
    "fill-mask": ("filling in masked words", "穴埋め"),
    "detect": ("telling which words were replaced", "置き換えられた語の検出"),
    "complete": ("writing on from a beginning", "文章の続きを書く"),
    "reconstruct": ("text to text, after training", "文章から文章へ(学習後)"),
    "converse": ("answering in a conversation", "対話の応答"),
    "match-images": ("comparing pictures and texts", "画像と文章の照合"),
    "train": ("a start for training", "学習の出発点"),
}
_HERE = Path(__file__).parent
WORD_VECTORS = "word-vectors"  # the type of vectors of words, which `open_vectors` opens


@dataclass(frozen=True)
class CatalogueModel:
    """One published model; see catalogue.toml for what the fields mean.

    `called`, `by`, `corpus`, `where` and `note` are in the language of the reader. `unverified` names the fields that were
    written from memory. What is not known is None.
    """

    name: str
    called: str
    family: str
    type: str
    size: str
    on_hub: bool
    layers: int | None
    decoder_layers: int | None
    width: int | None
    heads: int | None
    vocabulary: int | None
    length: int | None
    tokenizer: str | None
    needs: tuple[str, ...]
    does: tuple[str, ...]
    licence: str | None
    by: str
    corpus: str
    where: str | None
    note: str | None
    unverified: frozenset[str]

    @property
    def opens(self) -> bool:
        """True if this version of bunsan knows the model's architecture."""
        return self.type in opened_types()

    @property
    def sure(self) -> bool:
        """False while it is not certain that the files are of this type, or how they cut words."""
        return "type" not in self.unverified and self.tokenizer is not None

    @property
    def missing(self) -> list[str]:
        """Those of `needs` that are not met on this machine; "spaces" never is, since a person has to do it."""
        return [what for need in self.needs if (what := _missing(need, self.tokenizer or ""))]


def catalogue() -> list[CatalogueModel]:
    """All models, those of a family together, in the language of the reader."""
    return [_model(entry) for entry in _entries()]


def look_up(name: str) -> CatalogueModel | None:
    """The model of this name; the part after the owner is enough if only one model ends so."""
    models = catalogue()
    low = name.lower()
    exact = [model for model in models if model.name.lower() == low]
    ends = [model for model in models if model.name.lower().rpartition("/")[2] == low]
    found = exact or (ends if len(ends) == 1 else [])
    return found[0] if found else None


def search(words: Sequence[str]) -> list[CatalogueModel]:
    """Models in whose facts, in either language, every one of `words` occurs (large or small letters)."""
    wanted = [word.lower() for word in words]
    return [
        _model(entry) for entry in _entries() if all(word in _text_of(entry) for word in wanted)
    ]


@cache
def opened_types() -> frozenset[str]:
    """`WORD_VECTORS`, and the values of `model_type` that `models.open` opens: read from its source, since importing it loads torch."""
    tree = ast.parse((_HERE / "open.py").read_text(encoding="utf-8"))
    for node in tree.body:
        named = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(named, ast.Name) and named.id == "FAMILIES":
            value: Any = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            return frozenset(value) | {WORD_VECTORS}
    return frozenset()


@cache
def _entries() -> list[dict[str, Any]]:
    with (_HERE / "catalogue.toml").open("rb") as file:
        entries: list[dict[str, Any]] = tomllib.load(file)["model"]
    return entries


def _model(entry: dict[str, Any]) -> CatalogueModel:
    def both(field: str) -> str | None:
        pair = entry.get(field)
        return None if pair is None else tr(*pair)

    facts = {key for key in entry if key not in ("verified", "on_hub", "needs", "does")}
    if not entry.get("on_hub", True):
        facts.discard("name")  # a name of our own, which nobody else has to know
    return CatalogueModel(
        name=entry["name"],
        called=both("called") or "",
        family=entry["family"],
        type=entry["type"],
        size=entry["size"],
        on_hub=entry.get("on_hub", True),
        layers=entry.get("layers"),
        decoder_layers=entry.get("decoder_layers"),
        width=entry.get("width"),
        heads=entry.get("heads"),
        vocabulary=entry.get("vocabulary"),
        length=entry.get("length"),
        tokenizer=entry.get("tokenizer"),
        needs=tuple(entry["needs"]),
        does=tuple(entry["does"]),
        licence=entry.get("licence"),
        by=both("by") or "",
        corpus=both("corpus") or "",
        where=both("where"),
        note=both("note"),
        unverified=frozenset(facts - set(entry["verified"])),
    )


def _text_of(entry: dict[str, Any]) -> str:
    parts: list[str] = []
    for key, value in entry.items():
        if key != "verified":
            parts += value if isinstance(value, list) else [str(value)]
    parts += [text for task in entry["does"] for text in TASKS[task]]
    return " ".join(parts).lower()


def _missing(need: str, tokenizer: str) -> str | None:
    if need == "mecab":
        dictionary = "unidic_lite" if "unidic" in tokenizer else "ipadic"
        here = find_spec("fugashi") is not None and find_spec(dictionary) is not None
        return None if here else "mecab"
    if need == "jumanpp":
        here = find_spec("rhoknp") is not None and shutil.which("jumanpp") is not None
        return None if here else "jumanpp"
    return need
