"""A small generative grammar: templates with slots and choices, filled from lists of words.

`{name}` stands for one entry of the list `name` (which may hold slots itself), `[a|b]` for one of
the parts between the bars.
"""

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T", bound=Hashable)
Scope = Mapping[str, tuple[str, ...]]  # the lists of words that slots are filled from

_MARKS = re.compile(r"(\{\w+\}|[\[\]|])")


class Slot(str):
    """The name of a list to draw from."""

    __slots__ = ()


class Choice(tuple["Sequence[Node]", ...]):
    """Parts of which one is written."""

    __slots__ = ()


Node = str | Slot | Choice


@cache
def parse(template: str) -> tuple[Node, ...]:
    """The nodes of a template, in order. Raises ValueError where the brackets do not match."""
    pieces = [piece for piece in _MARKS.split(template) if piece]
    nodes, end = _parse(pieces, 0, nested=False)
    if end != len(pieces):
        raise ValueError(f"unmatched bracket in {template!r}")
    return tuple(nodes)


def _parse(pieces: list[str], at: int, *, nested: bool) -> tuple[list[Node], int]:
    nodes: list[Node] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece == "[":
            parts: list[Sequence[Node]] = []
            while piece != "]":
                part, at = _parse(pieces, at + 1, nested=True)
                if at == len(pieces):
                    raise ValueError(f"a bracket is not closed in {''.join(pieces)!r}")
                parts.append(part)
                piece = pieces[at]
            nodes.append(Choice(parts))
        elif piece in "]|":
            if not nested:
                raise ValueError(f"{piece!r} stands outside brackets in {''.join(pieces)!r}")
            return nodes, at
        elif piece.startswith("{"):
            nodes.append(Slot(piece[1:-1]))
        else:
            nodes.append(piece)
        at += 1
    return nodes, at


class Writer:
    """Fills templates, drawing from each list as from a shuffled pack of cards.

    A list is used up before any entry comes again, so every entry occurs equally often (words with
    the same part to play get equally good vectors) and sentences seldom repeat.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._packs: dict[tuple[Any, ...], list[Any]] = {}

    def draw(self, options: tuple[T, ...], without: Collection[T] = ()) -> T:
        """One of `options`, and none of `without` unless there is no other."""
        if without and all(option in without for option in options):
            without = ()
        pack: list[T] = self._packs.setdefault(options, [])
        if all(option in without for option in pack):
            order = self._rng.permutation(len(options)).tolist()
            pack[:0] = [options[i] for i in order]
        place = next(i for i in reversed(range(len(pack))) if pack[i] not in without)
        return pack.pop(place)

    def draw_different(self, options: tuple[T, ...], count: int) -> list[T]:
        """`count` of `options`, no two alike as long as there are others."""
        drawn: list[T] = []
        for _ in range(count):
            drawn.append(self.draw(options, drawn))
        return drawn

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return bool(self._rng.random() < probability)

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self._rng.integers(low, high + 1))

    def write(self, template: str, scope: Scope) -> str:
        """The template with every slot filled from `scope`, the same slot differently each time.

        Raises KeyError for an unknown slot.
        """
        return self._fill(parse(template), scope, {})

    def _fill(self, nodes: Sequence[Node], scope: Scope, used: dict[str, list[str]]) -> str:
        written = []
        for node in nodes:
            if isinstance(node, Slot):
                before = used.setdefault(node, [])
                option = self.draw(scope[node], before)
                before.append(option)
                written.append(self._fill(parse(option), scope, used))
            elif isinstance(node, Choice):
                written.append(self._fill(node[self.number(0, len(node) - 1)], scope, used))
            else:
                written.append(node)
        return "".join(written)
