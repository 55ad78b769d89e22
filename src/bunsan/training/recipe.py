"""Recipes: TOML files that say which model is trained for what, and how. This is the only file of the
floor that knows all objectives.

A recipe has the tables [model] (size, head, changes), [objective] (name and its options), [training]
(see `TrainingSettings`) and, where they are needed, [generator], [tokenizer] and [text].
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.models.open import new_model, open_model
from bunsan.models.opened import OpenedModel
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.objective import Objective
from bunsan.training.objectives.causal_words import CausalWords
from bunsan.training.objectives.contrast import Contrast
from bunsan.training.objectives.denoising import Denoising
from bunsan.training.objectives.distillation import Distillation
from bunsan.training.objectives.masked_words import MaskedWords
from bunsan.training.objectives.replaced_tokens import ReplacedTokens
from bunsan.training.objectives.span_corruption import SENTINELS, SpanCorruption
from bunsan.training.settings import TrainingSettings, settings_from

FOLDER = Path(__file__).with_name("recipes")
OBJECTIVES: dict[str, type[Any]] = {
    "masked-words": MaskedWords,
    "replaced-tokens": ReplacedTokens,
    "causal-words": CausalWords,
    "span-corruption": SpanCorruption,
    "denoising": Denoising,
    "distillation": Distillation,
    "contrast": Contrast,
}
HEADS = {
    "masked-words": "masked-words",
    "replaced-tokens": "replaced-tokens",
    "causal-words": "causal-words",
    "span-corruption": "sequence-to-sequence",
    "denoising": "sequence-to-sequence",
    "distillation": "masked-words",
    "contrast": "base",
}
TOKENS = ("random", "skip-gram")  # how embeddings of tokens begin
_GIVEN = ("self", "model", "tokenizer", "discriminator", "generator", "student", "teacher")
_TABLES = {
    "model": ("size", "head", "changes", "tokens"),
    "generator": ("size", "changes"),
    "objective": None,
    "training": None,
    "tokenizer": ("kind", "vocab_size", "words", "lower", "family", "special_tokens"),
    "text": ("unit",),
}


@dataclass(frozen=True)
class Recipe:
    """What a recipe file says.

    Attributes
    ----------
    name, file : what it is called, where it is. size, head, changes : of the model. objective,
    options : by name. generator : (size, changes). tokenizer : what `train_tokenizer` is told where
    none is given. unit : what a document is in plain text. tokens : "skip-gram" where the embeddings of
    tokens begin as word vectors learned from the corpus, else "random".
    """

    name: str
    file: Path
    size: str
    head: str
    changes: Mapping[str, Any]
    objective: str
    options: Mapping[str, Any]
    training: TrainingSettings
    generator: tuple[str, Mapping[str, Any]] | None
    tokenizer: Mapping[str, Any] | None
    unit: str
    tokens: str = "random"

    def with_training(self, **changes: Any) -> "Recipe":
        """The same with other settings; one of two that exclude each other puts the other one out."""
        given = {name: value for name, value in changes.items() if value is not None}
        for a, b in (("steps", "minutes"), ("batch_tokens", "batch_sequences")):
            if a in given:
                given.setdefault(b, None)
            elif b in given:
                given.setdefault(a, None)
        return replace(self, training=settings_from({**asdict(self.training), **given}))

    def tokenizer_options(self) -> dict[str, Any] | None:
        """What a tokenizer is learned with; None where the recipe does not say."""
        if self.tokenizer is None:
            return None
        special = SENTINELS if self.objective == "span-corruption" else ()
        given = {"special_tokens": special, "max_length": self.training.max_length}
        return given | dict(self.tokenizer)

    def about(self) -> dict[str, Any]:
        """What decides the result, as plain values."""
        return {
            "size": self.size,
            "head": self.head,
            "changes": dict(self.changes),
            "objective": self.objective,
            "options": dict(self.options),
            "generator": None if self.generator is None else list(self.generator),
            "tokens": self.tokens,
        }


def recipes() -> list[str]:
    """Names of the recipes that come with bunsan."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_recipe(name: str | Path) -> Recipe:
    """The recipe of a name, or in a file.

    Raises
    ------
    Missing : there is none. BadInput : it is no TOML, or says what no recipe can say; file, row and
        remedy are named.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise Missing(
            tr(f"There is no recipe {name}.", f"{name} というレシピはありません。"),
            remedy=tr(
                f"Give a .toml file, or one of: {', '.join(recipes())}.",
                f".toml ファイルか、次のどれかを指定してください: {', '.join(recipes())}。",
            ),
        )
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            tr(f"is no TOML ({error}).", f"TOML として読めません({error})。"), file=path
        ) from error
    for name_, keys in tables.items():
        if name_ not in _TABLES or not isinstance(keys, dict):
            raise _unknown(path, f"[{name_}]", [f"[{table}]" for table in _TABLES])
        allowed = _TABLES[name_]
        for key in keys:
            if allowed is not None and key not in allowed:
                raise _unknown(path, f"[{name_}] {key}", list(allowed))
    model, objective = tables.get("model", {}), dict(tables.get("objective", {}))
    kind = objective.pop("name", None)
    if kind not in OBJECTIVES:
        raise _unknown(path, f"[objective] name = {kind!r}", list(OBJECTIVES))
    options = [o for o in signature(OBJECTIVES[kind].__init__).parameters if o not in _GIVEN]
    for key in objective:
        if key not in options:
            raise _unknown(path, f"[objective] {key}", options)
    tokens = model.get("tokens", "random")
    if tokens not in TOKENS:
        raise _unknown(path, f"[model] tokens = {tokens!r}", list(TOKENS))
    generator = tables.get("generator")
    return Recipe(
        name=path.stem,
        file=path,
        size=str(model.get("size", "")),
        head=str(model.get("head", HEADS[kind])),
        changes=model.get("changes", {}),
        objective=kind,
        options=objective,
        training=settings_from(tables.get("training", {}), str(path)),
        generator=None
        if generator is None
        else (str(generator.get("size", "")), generator.get("changes", {})),
        tokenizer=tables.get("tokenizer"),
        unit=str(tables.get("text", {}).get("unit", "auto")),
        tokens=tokens,
    )


def make_objective(
    recipe: Recipe,
    tokenizer: Tokenizer,
    *,
    start: OpenedModel | None = None,
    teacher: OpenedModel | None = None,
) -> Objective:
    """The models of a recipe and what they are trained for.

    Parameters
    ----------
    start : the model to go on from; None: a new one. teacher : for a distillation.

    Raises
    ------
    BadInput : the tokenizer lacks a special token, or the recipe's parts do not fit together.
    """
    seed = recipe.training.seed
    model = start or _new(recipe, recipe.size, recipe.changes, recipe.head, tokenizer, seed)
    _fits(recipe, model, tokenizer)
    others: list[OpenedModel] = []
    if recipe.objective == "replaced-tokens":
        if recipe.generator is None:
            raise _unknown(recipe.file, "[generator]", ["size", "changes"])
        size, changes = recipe.generator
        others = [_new(recipe, size, changes, "masked-words", tokenizer, seed + 1)]
    elif recipe.objective == "distillation":
        if teacher is None:
            raise BadInput(
                tr("A distillation needs a teacher.", "蒸留には教師モデルが必要です。"),
                remedy=tr(
                    "Name one: --teacher MODEL.", "--teacher で教師モデルを指定してください。"
                ),
            )
        others = [teacher]
    try:
        made: Objective = OBJECTIVES[recipe.objective](model, *others, tokenizer, **recipe.options)
    except (TypeError, ValueError) as error:
        raise BadInput(
            tr(
                f"The recipe does not fit together ({error}).",
                f"レシピの内容が合いません({error})。",
            ),
            file=recipe.file,
        ) from error
    return made


def open_start(recipe: Recipe, name: str | Path) -> OpenedModel:
    """A model to go on from, with the head that the recipe's objective wants, made afresh where the
    model lacks it."""
    try:
        # Pooled vectors are not trained where none is asked for.
        return open_model(name, head="states" if recipe.head == "base" else recipe.head)
    except BadInput:
        return open_model(name, head=recipe.head, new_head=recipe.head != "base")


def _new(
    recipe: Recipe,
    size: str,
    changes: Mapping[str, Any],
    head: str,
    tokenizer: Tokenizer,
    seed: int,
) -> OpenedModel:
    ids = {
        f"{role}_token_id": found
        for role in ("pad", "bos", "eos")
        if (found := getattr(tokenizer, f"{role}_id")) is not None
    }
    if recipe.objective == "span-corruption":
        ids["decoder_start_token_id"] = ids.get("pad_token_id", 0)
    elif recipe.objective == "denoising":
        ends = ids.get("eos_token_id", tokenizer.sep_id)
        ids |= {} if ends is None else {"decoder_start_token_id": ends, "eos_token_id": ends}
    return new_model(
        size, head=head, vocabulary=tokenizer.vocab_size, changes={**ids, **changes}, seed=seed
    )


def _fits(recipe: Recipe, model: OpenedModel, tokenizer: Tokenizer) -> None:
    """Whether the model has a row for every token and every position."""
    module: Any = model.module
    part = getattr(module, "backbone", getattr(module, "encoder", module))
    embeddings = part.embeddings
    rows = embeddings.tokens.num_embeddings
    if tokenizer.vocab_size > rows:
        raise BadInput(
            tr(
                f"The tokenizer has {tokenizer.vocab_size:,} tokens, the model {rows:,}.",
                f"トークナイザーの語彙は {tokenizer.vocab_size:,}、モデルは {rows:,} です。",
            ),
            remedy=tr(
                "Use the tokenizer that the model was made with.",
                "そのモデルのトークナイザーを使ってください。",
            ),
        )
    most = embeddings.max_positions
    if most is not None and recipe.training.max_length > most:
        raise BadInput(
            tr(
                f"max_length is {recipe.training.max_length}, but the model has {most} positions.",
                f"max_length が {recipe.training.max_length} ですが、モデルの位置は {most} までです。",
            ),
            remedy=tr(
                "Lower max_length, or change the number of positions.",
                "max_length を下げるか、位置の数を変えてください。",
            ),
            file=recipe.file,
        )


def _unknown(file: Path, what: str, known: list[str]) -> BadInput:
    return BadInput(
        tr(f"{what} means nothing here.", f"{what} は解釈できません。"),
        remedy=tr(f"Known: {', '.join(known)}.", f"使えるのは {', '.join(known)} です。"),
        file=file,
    )
