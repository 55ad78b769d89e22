"""The small Japanese models that come with the package: found by name or by kind, with no network.

Each is a folder below `bunsan/shipped` with a card, README.md, that says what it was trained on, how, for how long,
what it reaches and what it cannot do.
"""

from pathlib import Path
from typing import Literal, get_args

Kind = Literal["encoder", "decoder", "words"]

_FOLDER = Path(__file__).resolve().parents[1] / "shipped"
_PREFIX = "bunsan-ja-"


def shipped_models() -> dict[str, Path]:
    """Names of the models that are there, and their folders."""
    named = {f"{_PREFIX}{kind}": _FOLDER / f"{_PREFIX}{kind}" for kind in get_args(Kind)}
    return {name: folder for name, folder in named.items() if (folder / "README.md").is_file()}


def shipped_model(kind: Kind) -> Path | None:
    """The folder of the encoder (of sentences), the decoder or the word vectors; None if the package has none."""
    return shipped_models().get(f"{_PREFIX}{kind}")
