"""Reads KH Coder's coding-rule files (コーディングルール・ファイル).

The format: a line that starts with `*` or `＊` names a code, the lines below it are its condition,
lines that start with `#` are comments. Operators bind as in KH Coder, which hands conditions to
SQL: `*` `/`, then `+` `-`, comparisons, `not`, `and`, `or`. Beyond KH Coder's own reader, a code
may refer to one that is defined later, and `*` and `＊` are the same.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from bunsan.base.errors import BadInput
from bunsan.text.encoding import DAMAGED, decoder, detect, encoding_name
from bunsan.words.coding.lexer import Lexer, Token
from bunsan.words.coding.problems import bad_rule
from bunsan.words.coding.syntax import (
    And,
    Code,
    CodeIs,
    Compare,
    Comparison,
    Node,
    Not,
    Or,
    Product,
    Rules,
    Sum,
    leaves,
)

_COMPARISONS = ("==", ">", ">=", "<", "<=")
_DEEPEST = 40  # parentheses in parentheses; each takes some frames of Python's stack


def read_rules(path: str | Path, *, encoding: str | None = None) -> Rules:
    """Read a rule file in UTF-8, CP932, EUC-JP or another encoding (found by looking when None).

    Raises
    ------
    BadInput : the file is no rule file; names the file, the line and the remedy.
    OSError : it cannot be opened.
    """
    file = str(path)
    data = Path(path).read_bytes()
    name = encoding_name(encoding) if encoding is not None else detect(data, complete=True)
    if name is None:
        raise bad_rule("not text", file, None)
    text = decoder(name).decode(data, True)
    if DAMAGED in text:
        line = text[: text.index(DAMAGED)].count("\n") + 1
        raise bad_rule("damaged", file, line, encoding=name)
    return parse_rules(text, file=file)


def parse_rules(text: str, *, file: str | None = None) -> Rules:
    """The rules that the text of a rule file says.

    Parameters
    ----------
    file : its name, for errors.

    Raises
    ------
    BadInput : something is not of the format; names the line and the remedy.
    """
    codes: list[Code] = []
    seen: dict[str, int] = {}
    for line, name, lines in _sections(text, file):
        if not name:
            raise bad_rule("no name", file, line)
        if name in seen:
            raise bad_rule("same name", file, line, name=name, first=seen[name])
        seen[name] = line
        tokens = list(Lexer(file).tokens(lines))
        if not tokens:
            raise bad_rule("no condition", file, line, name=name)
        codes.append(Code(name, _Parser(tokens, file).condition(), line))
    if not codes:
        raise bad_rule("no codes", file, None)
    return Rules(tuple(codes), _order(codes, file), file)


def _sections(text: str, file: str | None) -> Iterable[tuple[int, str, list[tuple[int, str]]]]:
    """(line of the name, name, lines of the condition) of each code."""
    found: list[tuple[int, str, list[tuple[int, str]]]] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in "*＊":
            found.append((number, line[1:].strip(), []))
        elif not found:
            raise bad_rule("before code", file, number)
        else:
            found[-1][2].append((number, line))
    return found


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, tokens: list[Token], file: str | None) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._file = file

    def condition(self) -> Node:
        node = self._or()
        if (token := self._peek()) is not None:
            if token.kind == ")":
                raise self._bad("parenthesis closed", token)
            raise self._bad(
                "two conditions", token, left=self._tokens[self._at - 1].text, right=token.text
            )
        self._check_is_condition(node, self._tokens[0])
        return node

    def _bad(self, problem: str, token: Token, **values: object) -> BadInput:
        return bad_rule(problem, self._file, token.line, **values)

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *kinds: str) -> Token | None:
        token = self._peek()
        if token is None or token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._bad("nesting", token)

    def _check_is_condition(self, node: Node, token: Token) -> None:
        """A number that depends on no document can only be a mistake."""
        if not leaves(node):
            raise self._bad("number", token)

    def _or(self) -> Node:
        parts = self._conditions(self._and, "|")
        return parts[0] if len(parts) == 1 else Or(parts)

    def _and(self) -> Node:
        parts = self._conditions(self._not, "&")
        return parts[0] if len(parts) == 1 else And(parts)

    def _conditions(self, part: Callable[[], Node], operator: str) -> tuple[Node, ...]:
        starts = [self._peek()]
        parts = [part()]
        while self._take(operator):
            starts.append(self._peek())
            parts.append(part())
        if len(parts) > 1:
            for start, node in zip(starts, parts, strict=True):
                assert start is not None  # an operand was read there
                self._check_is_condition(node, start)
        return tuple(parts)

    def _not(self) -> Node:
        token = self._take("!")
        if token is None:
            return self._comparison()
        self._deeper(token)
        start = self._peek()
        part = self._not()
        assert start is not None
        self._check_is_condition(part, start)
        self._depth -= 1
        return Not(part)

    def _comparison(self) -> Node:
        left = self._sum()
        operator = self._take(*_COMPARISONS)
        if operator is None:
            return left
        right = self._sum()
        if another := self._take(*_COMPARISONS):
            raise self._bad("comparisons", another, text=another.text)
        return Compare(cast(Comparison, operator.kind), left, right)

    def _sum(self) -> Node:
        sign = self._take("-")
        parts = [("-" if sign else "+", self._product())]
        while token := self._take("+", "-"):
            parts.append((token.kind, self._product()))
        if len(parts) == 1 and not sign:
            return parts[0][1]
        return Sum(tuple(parts))  # type: ignore[arg-type]  # the kinds taken are the two signs

    def _product(self) -> Node:
        parts = [("*", self._one())]
        while token := self._take("*", "/"):
            parts.append((token.kind, self._one()))
        if len(parts) == 1:
            return parts[0][1]
        return Product(tuple(parts))  # type: ignore[arg-type]  # likewise

    def _one(self) -> Node:
        if token := self._take("leaf"):
            assert token.leaf is not None
            return token.leaf
        if token := self._take("("):
            self._deeper(token)
            node = self._or()
            if self._take(")") is None:
                if (other := self._peek()) is not None:
                    left = self._tokens[self._at - 1].text
                    raise self._bad("two conditions", other, left=left, right=other.text)
                raise self._bad("parenthesis open", token)
            self._depth -= 1
            return node
        if (token := self._peek()) is not None:
            raise self._bad("operand", token, text=token.text)
        last = self._tokens[-1]
        raise self._bad("operand end", last, text=last.text)


def _order(codes: list[Code], file: str | None) -> tuple[int, ...]:
    """Places of the codes, each after those it refers to; unknown codes and circles are errors."""
    place = {code.name: i for i, code in enumerate(codes)}
    references: list[list[CodeIs]] = []
    for code in codes:
        references.append([leaf for leaf in leaves(code.condition) if isinstance(leaf, CodeIs)])
        for leaf in references[-1]:
            if leaf.name not in place:
                known = " ".join(f"*{name}" for name in place)
                raise bad_rule("unknown code", file, leaf.line, name=leaf.name, known=known)
    order: list[int] = []
    done: set[int] = set()
    for start in range(len(codes)):
        # Depth first with a path of our own: chains of codes may be longer than Python's stack.
        path: dict[int, list[CodeIs]] = {} if start in done else {start: references[start][::-1]}
        while path:
            top = next(reversed(path))
            if not path[top]:
                del path[top]
                done.add(top)
                order.append(top)
                continue
            leaf = path[top].pop()
            next_code = place[leaf.name]
            if next_code in path:
                walk = list(path)
                names = [codes[i].name for i in [*walk[walk.index(next_code) :], next_code]]
                circle = " → ".join(f"*{name}" for name in names)
                raise bad_rule("circle", file, leaf.line, circle=circle)
            if next_code not in done:
                path[next_code] = references[next_code][::-1]
    return tuple(order)
