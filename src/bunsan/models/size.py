"""Published sizes: the dimensions a name stands for, and how many parameters that makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Size:
    """One published model.

    Parameters
    ----------
    config : its config.json, as far as it differs from one model to the next.
    parameters : how many it has, counted with `head`.
    """

    config: Mapping[str, Any]
    parameters: int
    head: str = "base"
