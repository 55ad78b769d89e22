"""How a model is trained: the numbers that a recipe states."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

Decay = Literal["linear", "cosine", "root", "constant"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Settings of the loop; none of them knows a model.

    Parameters
    ----------
    steps : updates of the weights.
    minutes : instead of `steps`, as many as fit in this time: the number is settled once, when some
        steps have been timed, and is part of every checkpoint from then on.
    batch_tokens, batch_sequences : what a step reads, by tokens or by windows; one of them.
    memory_tokens : tokens, padding included, that go through the model at once. A step is cut into
        as many batches as that takes; gradients add up to those of the whole step.
    rate : highest learning rate. warm_up : steps of rising to it from 0. decay : how it falls from
        there to `rate * floor`; "root" falls with the root of the step (Raffel et al. 2020, §3.1.2).
    weight_decay : of matrices; norms and biases have none. beta1, beta2, epsilon : of AdamW
        (Loshchilov & Hutter 2019).
    clip : largest norm of the gradient, None for any.
    precision : of the forward pass; "bfloat16" is autocast, weights stay float32.
    checkpointing : recompute blocks in the backward pass, for less memory.
    ema : an average of the weights that keeps this share of itself every step is what is evaluated
        and saved; None: the weights themselves.
    held_out : share of the documents kept for evaluation. evaluate_every : steps between two.
    evaluate_windows : windows looked at each time.
    patience : evaluations in a row without a better one before training ends, with the best weights
        as the result; None: never, and the last weights are the result.
    save_seconds : time between checkpoints, stretched so that they take a twentieth of all time at
        most; 0: after every step.
    seed : of all chance. max_length : tokens of a window with its special tokens.
    """

    steps: int | None = None
    minutes: float | None = None
    batch_tokens: int | None = None
    batch_sequences: int | None = None
    memory_tokens: int = 16384
    max_length: int = 512
    rate: float = 5e-4
    warm_up: int = 0
    decay: Decay = "linear"
    floor: float = 0.0
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    clip: float | None = 1.0
    precision: Precision = "float32"
    checkpointing: bool = False
    ema: float | None = None
    held_out: float = 0.0
    evaluate_every: int = 1000
    evaluate_windows: int = 1024
    patience: int | None = None
    save_seconds: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise _bad("steps, minutes", tr("Give one of the two.", "どちらか一つを指定します。"))
        if (self.batch_tokens is None) == (self.batch_sequences is None):
            raise _bad(
                "batch_tokens, batch_sequences",
                tr("Give one of the two.", "どちらか一つを指定します。"),
            )
        for name in ("decay", "precision"):
            allowed = get_args({"decay": Decay, "precision": Precision}[name])
            if getattr(self, name) not in allowed:
                raise _bad(name, ", ".join(allowed))
        positive = (
            "steps minutes batch_tokens batch_sequences memory_tokens rate epsilon clip "
            "evaluate_every evaluate_windows patience"
        )
        for name in positive.split():
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise _bad(name, tr("It must be above 0.", "0より大きくします。"))
        for name in ("warm_up", "weight_decay", "save_seconds"):
            if not getattr(self, name) >= 0:
                raise _bad(name, tr("It must be at least 0.", "0以上にします。"))
        for name in ("floor", "held_out", "beta1", "beta2", "ema"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise _bad(name, tr("It must be from 0 to below 1.", "0以上1未満にします。"))
        if self.max_length < 8:
            raise _bad("max_length", tr("It must be at least 8.", "8以上にします。"))
        if self.patience is not None and not self.held_out:
            raise _bad(
                "patience",
                tr(
                    "Stopping early needs held_out texts to evaluate on.",
                    "早期終了には評価用のテキスト(held_out)が要ります。",
                ),
            )


def settings_from(values: dict[str, Any], file: str | None = None) -> TrainingSettings:
    """The settings that a table of a recipe holds.

    Raises
    ------
    BadInput : a name or a value that is no setting.
    """
    known = get_type_hints(TrainingSettings)
    for name, value in values.items():
        if name not in known:
            raise _bad(name, tr("There is no such setting.", "そのような設定はありません。"), file)
        kinds = set(get_args(known[name])) or {known[name]}
        if kinds & {*get_args(Decay), *get_args(Precision)}:
            kinds = {str}  # which strings, the settings know themselves
        wanted = {type(None): "None", str: "a name", bool: "true or false"}
        wanted |= {int: "a whole number", float: "a number"}
        if type(value) not in kinds and not (type(value) is int and float in kinds):
            allowed = tr(" or ", " または ").join(wanted[kind] for kind in kinds if kind in wanted)
            raise _bad(name, tr(f"{value!r} is not {allowed}.", f"{value!r} は使えません。"), file)
    try:
        return TrainingSettings(**values)
    except BadInput as error:
        error.file = file
        raise


def _bad(name: str, remedy: str, file: str | None = None) -> BadInput:
    return BadInput(
        tr(f"The setting {name} cannot be used.", f"設定 {name} が正しくありません。"),
        remedy=remedy,
        file=file,
    )
