"""What is decided before a studio opens."""

from dataclasses import dataclass

from bunsan.base.language import Language

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """Everything that is decided before a studio opens.

    Parameters
    ----------
    collection : the folder of a collection that every visitor finds open; None: none.
    models : folders or names of models to offer.
    language : of the page; None: the browser's.
    path : where the studio lies on its server, without a slash at the end.
    own_machine : visitors sit at this machine: they may name folders of it, to open and to keep.
    """

    collection: str | None = None
    models: tuple[str, ...] = ()
    language: Language | None = None
    path: str = "/studio"
    own_machine: bool = True
