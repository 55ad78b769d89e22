"""What a coding rule says, as a tree, and the tree written as a rule again.

A coding-rule file gives codes (`*name`) to documents by conditions on words, phrases, neighbouring
words, text, columns, length and number of the document. Every condition has a number for every unit
(how often a word occurs, 1 or 0 for yes and no); a unit gets the code where it is not 0.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Comparison = Literal["==", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Word:
    """`愛`, `米-->地名`, `買う->未然形`, `買う=>買わ`: tokens of a word. Counts its occurrences."""

    text: str
    pos: str | None = None  # as typed
    inflection: str | None = None  # name of a conjugation form
    surface: str | None = None  # as it stands in the text
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`卒業+論文`: words directly one after the other. Counts its occurrences."""

    words: tuple[str, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Near:
    """`near(先生-奥さん)[b10]`, or `seq(…)` where the words come in this order. Counts its places.

    Each word is within `distance` tokens of the one found before it (0: however far), all in one
    unit, sentence or paragraph.
    """

    words: tuple[str, ...]
    ordered: bool = False
    distance: int = 10
    within: Literal["unit", "sentence", "paragraph"] = "unit"
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class String:
    """`'多ければ'`: characters of the text as it is. Counts the sentences that have them."""

    text: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CodeIs:
    """`<*other code>`: 1 where the unit has that code."""

    name: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnIs:
    """`<>性別-->女性`: 1 where the column of the document has that value."""

    column: str
    value: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnPositive:
    """`<>得点<>`: 1 where the column of the document is a number above 0."""

    column: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class HeadingIs:
    """`<>見出し1-->上`: 1 where the heading of that level over the document is that text."""

    level: int
    value: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Length:
    """`lw`, `lc`: how many tokens, how many characters in them the unit has."""

    of: Literal["words", "characters"]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class UnitNumber:
    """`No.`: which unit of the whole collection this is, from 1."""

    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """`3`"""

    value: float
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`! a`, `not a`"""

    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """`a & b`, `a and b`"""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a | b`, `a or b`"""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """`愛 >= 2`"""

    operator: Comparison
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Sum:
    """`愛 + 恋 - 死`: each part with its sign."""

    parts: tuple[tuple[Literal["+", "-"], "Node"], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """`愛 * 100 / lw`: each part with its operator; the first has `*`."""

    parts: tuple[tuple[Literal["*", "/"], "Node"], ...]


Leaf = (
    Word
    | Phrase
    | Near
    | String
    | CodeIs
    | ColumnIs
    | ColumnPositive
    | HeadingIs
    | Length
    | UnitNumber
)
Node = Leaf | Number | Not | And | Or | Compare | Sum | Product


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its name (without the asterisk), its condition and the line of its name."""

    name: str
    condition: Node
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """A rule file: its codes in the order of the file.

    `order` are the places of the codes in an order in which every code comes after the ones that
    its condition refers to.
    """

    codes: tuple[Code, ...]
    order: tuple[int, ...]
    file: str | None = field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the codes."""
        return tuple(code.name for code in self.codes)


def children(node: Node) -> tuple[Node, ...]:
    """The conditions directly inside a condition."""
    match node:
        case Not(part):
            return (part,)
        case And(parts) | Or(parts):
            return parts
        case Compare(_, left, right):
            return (left, right)
        case Sum() | Product():
            return tuple(part for _, part in node.parts)
        case _:
            return ()


def leaves(node: Node) -> list[Leaf]:
    """All leaves of a condition, from left to right."""
    found: list[Leaf] = []
    stack: list[Node] = [node]
    while stack:
        top = stack.pop()
        inside = children(top)
        if not inside and not isinstance(top, Number):
            found.append(top)  # type: ignore[arg-type]  # a node with nothing inside is a leaf
        stack.extend(reversed(inside))
    return found


def format_rules(rules: Rules) -> str:
    """The rule file again: reading it gives equal rules. Comments and lay-out are not kept."""
    return "".join(f"*{code.name}\n{format_condition(code.condition)}\n\n" for code in rules.codes)


def format_condition(node: Node) -> str:
    """A condition as it is written in a rule file, on one line."""
    return _format(node, 0)


# How tightly operators bind, loosest first: or, and, not, comparison, sum, product, one thing.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _ONE = range(7)


def _format(node: Node, need: int) -> str:
    """`node` as text that may stand where something at least as tight as `need` is wanted."""
    match node:
        case Or(parts):
            text, level = " | ".join(_format(part, _AND) for part in parts), _OR
        case And(parts):
            text, level = " & ".join(_format(part, _NOT) for part in parts), _AND
        case Not(part):
            text, level = f"! {_format(part, _NOT)}", _NOT
        case Compare(operator, left, right):
            text = f"{_format(left, _SUM)} {operator} {_format(right, _SUM)}"
            level = _COMPARE
        case Sum(parts):
            text, level = _join([(s, _format(part, _PRODUCT)) for s, part in parts]), _SUM
        case Product(parts):
            text, level = _join([(s, _format(part, _ONE)) for s, part in parts]), _PRODUCT
        case _:
            text, level = _format_leaf(node), _ONE
    return text if level >= need else f"( {text} )"


def _join(parts: list[tuple[str, str]]) -> str:
    first = f"- {parts[0][1]}" if parts[0][0] == "-" else parts[0][1]
    return " ".join([first, *(f"{sign} {text}" for sign, text in parts[1:])])


def _format_leaf(node: Node) -> str:
    match node:
        case Word(text, pos, inflection, surface):
            if pos is None and inflection is None and surface is None:
                return _bare_or_quoted(text)
            return (
                text
                + (f"-->{pos}" if pos is not None else "")
                + (f"->{inflection}" if inflection is not None else "")
                + (f"=>{surface}" if surface is not None else "")
            )
        case Phrase(words):
            return "+".join(words)
        case Near(words, ordered, distance, within):
            letter = {"unit": "", "sentence": "b", "paragraph": "d"}[within]
            return f"{'seq' if ordered else 'near'}({'-'.join(words)})[{letter}{distance}]"
        case String(text):
            return "'" + text.replace("'", "''") + "'"
        case CodeIs(name):
            return f"<*{name}>"
        case ColumnIs(column, value):
            return _quoted(f"<>{column}-->{value}")
        case ColumnPositive(column):
            return _quoted(f"<>{column}<>")
        case HeadingIs(level, value):
            return _quoted(f"<>heading{level}-->{value}")
        case Length(of):
            return "lw" if of == "words" else "lc"
        case UnitNumber():
            return "No."
        case Number(value):
            return format(Decimal(repr(value)).normalize(), "f")
    raise TypeError(node)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_PLAIN_WORD = re.compile(r"[^\W\d_]+")


def _bare_or_quoted(text: str) -> str:
    keyword = text.lower() in ("and", "or", "not", "lw", "lc", "near", "seq")
    return text if _PLAIN_WORD.fullmatch(text) and not keyword else _quoted(text)
