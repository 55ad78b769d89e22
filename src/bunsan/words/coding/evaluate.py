"""Codes for the units of a segment: which unit has which code, and which words gave it.

Numbers follow KH Coder: `lw` counts all tokens, particles and punctuation included; a string counts
the sentences that have it (a string may not reach over the end of a unit, and is found in either
case of letters, a full-width space being as good as a half-width one); distances count all tokens.
Something divided by nothing has no value: every comparison with it is false.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bunsan.words.coding.occurrences import Occurrences, UnitView, Values
from bunsan.words.coding.resolve import ResolvedRules
from bunsan.words.coding.syntax import (
    And,
    CodeIs,
    Compare,
    Near,
    Node,
    Not,
    Number,
    Or,
    Phrase,
    Product,
    String,
    Sum,
    Word,
    children,
    leaves,
)


def code_units(rules: ResolvedRules, view: UnitView) -> "Coding":
    """Give the codes to the units of one segment.

    Raises
    ------
    BadInput : a rule names a column that the data lack; names the line and the columns there are.
    """
    found = Occurrences(rules, view)
    codes = rules.rules.codes
    n_units = len(view.units) - 1
    matrix = np.zeros((n_units, len(codes)), np.bool_)
    coding = Coding(rules, matrix, found)
    for place in rules.rules.order:
        matrix[:, place] = _truth(coding.values(codes[place].condition, 0, n_units))
    return coding


class Coding:
    """The result for one segment.

    matrix : bool[U, C], whether the unit has the code.
    """

    def __init__(self, rules: ResolvedRules, matrix: NDArray[np.bool_], found: Occurrences) -> None:
        self.matrix = matrix
        self._codes = rules.rules.codes
        self._place = {code.name: i for i, code in enumerate(self._codes)}
        self._found = found

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the C codes."""
        return tuple(code.name for code in self._codes)

    def spans(self, unit: int, code: int) -> list[tuple[int, int]]:
        """Token runs (from, to; `to` not included) that gave the unit the code, in their order.

        They are the words, phrases and strings of the parts of the condition that are true, also
        those of other codes it refers to. None where the unit lacks the code, or has it by columns,
        length, number or the absence of something.
        """
        found: set[tuple[int, int]] = set()
        visited: set[int] = set()
        stack: list[Node] = [CodeIs(self._codes[code].name)]
        while stack:
            node = stack.pop()
            if isinstance(node, Not) or not _truth(self.values(node, unit, unit + 1))[0]:
                continue
            match node:
                case CodeIs(name):
                    place = self._place[name]
                    if place not in visited:
                        visited.add(place)
                        stack.append(self._codes[place].condition)
                case And() | Or():
                    stack.extend(children(node))
                case _:  # words that are counted for a comparison or a sum
                    for leaf in leaves(node):
                        if isinstance(leaf, CodeIs):
                            stack.append(leaf)
                        elif isinstance(leaf, Word | Phrase | Near | String):
                            found.update(self._found.spans(leaf, unit))
        return sorted(found)

    def values(self, node: Node, begin: int, end: int) -> Values:
        """The number that a condition has in each of the units from `begin` to `end`."""
        match node:
            case Or(parts):
                out = np.zeros(end - begin, np.bool_)
                for part in parts:
                    out |= _truth(self.values(part, begin, end))
                return out
            case And(parts):
                out = np.ones(end - begin, np.bool_)
                for part in parts:
                    out &= _truth(self.values(part, begin, end))
                return out
            case Not(part):
                return ~_truth(self.values(part, begin, end))
            case Compare(operator, left, right):
                compare = _COMPARE[operator]
                return compare(self.values(left, begin, end), self.values(right, begin, end))
            case Sum(terms):
                total = np.zeros(end - begin, np.int64)
                for plus, part in terms:
                    term = _number(self.values(part, begin, end))
                    total = total + term if plus == "+" else total - term
                return total
            case Product(factors):
                product = np.ones(end - begin, np.int64)
                for sign, part in factors:
                    factor = _number(self.values(part, begin, end))
                    product = product * factor if sign == "*" else _divide(product, factor)
                return product
            case Number(value):
                return np.full(end - begin, value)
            case CodeIs(name):
                return self.matrix[begin:end, self._place[name]]
            case _:
                return self._found.values(node, begin, end)


_COMPARE: dict[str, Callable[[Values, Values], Values]] = {
    "==": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def _truth(values: Values) -> NDArray[np.bool_]:
    """Where a number is one that is not 0."""
    if values.dtype == np.bool_:
        return values
    return (values != 0) & (values == values)


def _number(values: Values) -> Values:
    return values.astype(np.int64) if values.dtype == np.bool_ else values


def _divide(dividend: Values, divisor: Values) -> Values:
    out = np.full(len(divisor), np.nan)
    return np.divide(dividend, divisor, out=out, where=divisor != 0)
