"""Foreign JSON, read with care: a value that cannot be used is an error that names its key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.nn.config import Activation

ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "quick_gelu": "gelu_quick",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
PROBLEMS = ("single_label_classification", "multi_label_classification", "regression")
_REQUIRED = object()


class Settings:
    """A config.json: what a model file's `build` reads its dimensions from.

    Parameters
    ----------
    values : the JSON object.
    file : named in errors.
    inside : the key of the object that holds this one, for errors.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        file: str | Path = "config.json",
        inside: str | None = None,
    ) -> None:
        self.values = dict(values)
        self.file = str(file)
        self.inside = inside

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def replaced(self, **changes: Any) -> "Settings":
        """The same with other values."""
        return Settings({**self.values, **changes}, self.file, self.inside)

    def get(self, key: str, default: Any = None) -> Any:
        """The value as it is, or `default` where there is none."""
        value = self.values.get(key)
        return default if value is None else value

    def size(self, key: str, default: Any = _REQUIRED) -> int:
        """A whole number of at least 1."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.wrong(key, "is no whole number of at least 1", "は1以上の整数ではありません")
        return value

    def index(self, key: str, default: Any = _REQUIRED) -> int:
        """A whole number of at least 0."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(key, "is no whole number of at least 0", "は0以上の整数ではありません")
        return value

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        """A number of at least 0."""
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise self.wrong(key, "is no number of at least 0", "は0以上の数ではありません")
        return float(value)

    def rate(self, key: str, default: Any = _REQUIRED) -> float:
        """A share, from 0 to 1."""
        value = self.number(key, default)
        if value > 1:
            raise self.wrong(key, "is no number from 0 to 1", "は0から1までの数ではありません")
        return value

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        """True or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false", "は true でも false でもありません")
        return value

    def activation(self, key: str, default: Any = _REQUIRED) -> Activation:
        """The bend of that name."""
        value = self._value(key, default)
        if not isinstance(value, str) or value not in ACTIVATIONS:
            raise self.unsupported(key, ", ".join(ACTIVATIONS))
        return ACTIVATIONS[value]

    def part(self, key: str) -> "Settings":
        """The object under a key."""
        value = self._value(key, _REQUIRED)
        if not isinstance(value, Mapping):
            raise self.wrong(key, "is no object", "はオブジェクトではありません")
        return Settings(value, self.file, key)

    def demand(self, **wanted: Any) -> None:
        """Refuse any value but these; a key that is not there passes."""
        for key, value in wanted.items():
            allowed = value if isinstance(value, tuple) else (value,)
            if key in self and self.values[key] not in allowed:
                raise self.unsupported(key, ", ".join(_json(one) for one in allowed))

    def labels(self, default: int = 2) -> tuple[str, ...]:
        """Names of classes in their order: `id2label`, or `num_labels` of them without a name."""
        named = self.get("id2label")
        if named is None:
            return tuple(f"LABEL_{i}" for i in range(self.size("num_labels", default)))
        try:
            by_id = {int(key): str(name) for key, name in named.items()}
        except (AttributeError, TypeError, ValueError):
            by_id = {}
        if not by_id or set(by_id) != set(range(len(by_id))):
            raise self.wrong(
                "id2label",
                "does not name classes 0, 1, 2, ...",
                "が 0, 1, 2, … の名前になっていません",
            )
        return tuple(by_id[i] for i in range(len(by_id)))

    def problem(self) -> str:
        """How scores are meant: `problem_type`; without one, a single score is a regression."""
        value = self.get("problem_type")
        if value is None:
            return PROBLEMS[2] if len(self.labels()) == 1 else PROBLEMS[0]
        if value not in PROBLEMS:
            raise self.unsupported("problem_type", ", ".join(PROBLEMS))
        return str(value)

    def wrong(self, key: str, en: str, ja: str) -> BadInput:
        """The error for a value that is no value for this key."""
        name, value = self.name(key), _json(self.values.get(key))
        return BadInput(
            tr(f"{name}: {value} {en}.", f"{name}: {value} {ja}。"),
            remedy=tr(
                "Get the model's config.json again, or correct the value.",
                "config.json を取り直すか、値を直してください。",
            ),
            file=self.file,
        )

    def unsupported(self, key: str, supported: str) -> BadInput:
        """The error for a value that means something which bunsan cannot do."""
        name, value = self.name(key), _json(self.values.get(key))
        return BadInput(
            tr(
                f"{name}: {value} is not supported; supported: {supported}.",
                f"{name}: {value} には対応していません。対応しているのは {supported} です。",
            ),
            remedy=tr(
                "Use another model; changing the value would give wrong results.",
                "別のモデルを使ってください。値を書き換えると結果が誤ります。",
            ),
            file=self.file,
        )

    def name(self, key: str) -> str:
        """The key with the one that holds it."""
        return key if self.inside is None else f"{self.inside}.{key}"

    def _value(self, key: str, default: Any) -> Any:
        value = self.values.get(key)
        if value is not None:
            return value
        if default is _REQUIRED:
            raise BadInput(
                tr(f"{self.name(key)} is missing.", f"{self.name(key)} がありません。"),
                remedy=tr(
                    "Get the model's config.json again, or add the key.",
                    "config.json を取り直すか、キーを書き加えてください。",
                ),
                file=self.file,
            )
        return default


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
