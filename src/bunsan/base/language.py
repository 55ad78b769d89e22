"""Which language people are spoken to in: Japanese or English.

Every sentence a person reads is written in both languages side by side, `tr(en, ja)`, so that
neither can be forgotten when the other changes.
"""

import locale
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Language = Literal["ja", "en"]

_chosen: Language | None = None
_here: ContextVar[Language | None] = ContextVar("language", default=None)


def language() -> Language:
    """The language of messages: that of `speaking`, else what `use_language` chose, else
    `BUNSAN_LANG`, else the locale."""
    here = _here.get()
    if here is not None:
        return here
    if _chosen is not None:
        return _chosen
    for name in ("BUNSAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ja" if value.lower().startswith("ja") else "en"
    try:  # Windows and macOS set none of these for programs started by a click
        value = locale.getlocale()[0]
    except ValueError:
        value = None
    return "ja" if value and value.lower().startswith(("ja", "japanese")) else "en"


def use_language(code: Language | None) -> None:
    """Speak `code` from now on in this process; None goes back to the environment's."""
    global _chosen
    _chosen = code


@contextmanager
def speaking(code: Language) -> Iterator[None]:
    """Speak `code` within this block, in this thread or task only: a server has many readers."""
    token = _here.set(code)
    try:
        yield
    finally:
        _here.reset(token)


def tr(en: str, ja: str) -> str:
    """The one of two sentences that the reader understands."""
    return ja if language() == "ja" else en
