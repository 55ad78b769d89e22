"""Libraries that are wanted for one thing only and need not be installed."""

from importlib import import_module
from typing import Any

from bunsan.base.errors import Missing
from bunsan.base.language import tr


def optional(module: str, package: str, extra: str, *, en: str, ja: str) -> Any:
    """A module of an optional package.

    Parameters
    ----------
    extra : the extra of bunsan that installs it. en, ja : what it is for.

    Raises
    ------
    Missing : it is not installed; the remedy is the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise Missing(
            tr(f"{en} needs the package {package}.", f"{ja}には {package} が必要です。"),
            remedy=tr(
                f"Install it: pip install 'bunsan[{extra}]'",
                f"pip install 'bunsan[{extra}]' で入れてください。",
            ),
        ) from error


def needs_models(*, en: str, ja: str) -> None:
    """Refuse where the libraries of the extra `models` are not installed.

    Raises
    ------
    Missing : one of them is not.
    """
    for package in ("torch", "tokenizers", "safetensors"):
        optional(package, package, "models", en=en, ja=ja)
