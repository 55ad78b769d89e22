"""A condition of a coding rule cut into operators, parentheses and leaves.

In the format everything is set apart by white space. What can mean only one thing is also read
without it, and in full width: `(愛｜恋)`. What can mean two things is an error that says so.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bunsan.base.errors import BadInput
from bunsan.words.coding.names import inflections, is_inflection, part_of_speech, parts_of_speech
from bunsan.words.coding.problems import bad_rule
from bunsan.words.coding.syntax import (
    CodeIs,
    ColumnIs,
    ColumnPositive,
    HeadingIs,
    Leaf,
    Length,
    Near,
    Number,
    Phrase,
    String,
    UnitNumber,
    Word,
)

_OPEN, _CLOSE, _OR, _AND, _NOT = "(（", ")）", "|｜", "&＆", "!！"
_ENDS = _OPEN + _CLOSE + _OR + _AND + _NOT
_WORD_OPERATORS = {"and": "&", "or": "|", "not": "!"}
_SIGNS = frozenset(["+", "-", "*", "/", "==", ">", ">=", "<", "<="])
_NEAR = re.compile(
    r"(?P<name>near|seq)\s*[(（](?P<words>[^)）]*)"
    r"(?:(?P<closed>[)）])(?:\s*[\[［](?P<option>[^\]］]*)[\]］])?)?",
    re.I,
)
_NEAR_OPTION = re.compile(r"(?=.)([bd]?)(\d{0,9})", re.I)
_WITHIN: dict[str, Literal["unit", "sentence", "paragraph"]] = {
    "": "unit",
    "b": "sentence",
    "d": "paragraph",
}
_CODE = re.compile(r"<\s*[*＊](.+?)>(?=[\s()（）|｜&＆!！]|$)")
_HEADING = re.compile(r"(?:見出し|heading|h)([1-5])", re.I)
_ARROWS = re.compile(r"(.+?)(?:-->(.+?))?(?:->(.+)|=>(.+))?")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
_ONLY_SIGNS = re.compile(r"[=<>!&|+\-*/^~\[\]{}\\]+")
_ALNUM = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: an operator as written in half width, "(", ")" or "leaf" (then `leaf` is set)."""

    kind: str
    text: str
    line: int
    leaf: Leaf | Number | None = None


class Lexer:
    """Cuts the lines of one code's condition; errors name the file and the line."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._line = 0
        self._text = ""

    def tokens(self, lines: Iterable[tuple[int, str]]) -> Iterator[Token]:
        """The tokens of (line number, text) pairs."""
        for self._line, self._text in lines:
            at = 0
            while at < len(self._text):
                if self._text[at].isspace():
                    at += 1
                    continue
                token, at = self._next(at)
                yield token

    def _bad(self, problem: str, **values: object) -> BadInput:
        return bad_rule(problem, self._file, self._line, **values)

    def _leaf(self, text: str, leaf: Leaf | Number) -> Token:
        return Token("leaf", text, self._line, leaf)

    def _next(self, at: int) -> tuple[Token, int]:
        text, first = self._text, self._text[at]
        for kind, signs in (("(", _OPEN), (")", _CLOSE), ("|", _OR), ("&", _AND)):
            if first in signs:
                return Token(kind, first, self._line), at + 1
        if first in _NOT and text[at + 1 : at + 2] not in ("=", "＝"):
            return Token("!", first, self._line), at + 1
        if first in "'\"":
            return self._quoted(at)
        if first in "‘’“”＇＂`":
            raise self._bad("quote sign", mark=first)
        if text.startswith("<>", at):
            return self._column(at)
        if first == "<" and not re.match(r"<=?(?:\s|$)", text[at:]):
            return self._code(at)
        if near := _NEAR.match(text, at):
            return self._near(near), near.end()
        end = self._end_of_word(at)
        return self._bare(text[at:end]), end

    def _joined(self, end: int) -> str:
        """The sign that stands where white space or an operator should, or nothing."""
        sign = self._text[end : end + 1]
        return "" if not sign or sign.isspace() or sign in _ENDS else sign

    # What is set in quotation marks

    def _quoted(self, at: int) -> tuple[Token, int]:
        mark = self._text[at]
        found = re.compile(f"{mark}((?:[^{mark}]|{mark}{mark})*){mark}").match(self._text, at)
        if found is None:
            raise self._bad("quote open", mark=mark)
        if sign := self._joined(found.end()):
            raise self._bad("quote joined", text=found[0], next=sign, mark=mark)
        inside = found[1].replace(mark * 2, mark)
        if not inside.strip():
            raise self._bad("quote empty")
        if mark == "'":
            return self._leaf(found[0], String(inside, self._line)), found.end()
        if inside.startswith("<>"):
            return self._column_token(inside), found.end()
        return self._leaf(found[0], Word(inside, line=self._line)), found.end()

    # <>column-->value and <*code>

    def _column(self, at: int) -> tuple[Token, int]:
        """Everything up to white space, or to a parenthesis that closes one opened before."""
        end, depth = at, 0
        while end < len(self._text) and not self._text[end].isspace():
            depth += (self._text[end] in _OPEN) - (self._text[end] in _CLOSE)
            if depth < 0:
                break
            end += 1
        return self._column_token(self._text[at:end]), end

    def _column_token(self, text: str) -> Token:
        column, arrow, value = (part.strip() for part in text[2:].rpartition("-->"))
        if arrow and column and value:
            if heading := _HEADING.fullmatch(column):
                return self._leaf(text, HeadingIs(int(heading[1]), value, self._line))
            return self._leaf(text, ColumnIs(column, value, self._line))
        if not arrow and text.endswith("<>") and text[2:-2].strip():
            return self._leaf(text, ColumnPositive(text[2:-2].strip(), self._line))
        raise self._bad("column", text=text)

    def _code(self, at: int) -> tuple[Token, int]:
        if (found := _CODE.match(self._text, at)) and found[1].strip():
            return self._leaf(found[0], CodeIs(found[1].strip(), self._line)), found.end()
        raise self._bad("code", text=self._text[at:].split()[0])

    # near( ) and seq( )

    def _near(self, found: re.Match[str]) -> Token:
        text, name = found[0], found["name"].lower()
        if found["closed"] is None:
            raise self._bad("near open", name=name)
        if sign := self._joined(found.end()):
            raise self._bad("near joined", text=text, next=sign, name=name)
        words = tuple(word.strip() for word in re.split("[-－]", found["words"]))
        wrong = any(not w or re.search(r"[\s'\"<>=+＋|｜]", w) for w in words)
        if len(words) < 2 or wrong:
            raise self._bad("near words", text=text, name=name)
        if len(set(words)) < len(words):
            raise self._bad("near twice", text=text)
        distance, letter = 10, ""
        if found["option"] is not None:
            plain = unicodedata.normalize("NFKC", found["option"]).strip()
            option = _NEAR_OPTION.fullmatch(plain)
            if option is None:
                raise self._bad("near option", text=found["option"], name=name)
            letter = option[1].lower()
            distance = int(option[2]) if option[2] else distance
        near = Near(words, name == "seq", distance, _WITHIN[letter], self._line)
        return self._leaf(text, near)

    # Bare words

    def _end_of_word(self, at: int) -> int:
        """Where a word ends: at white space or an operator that cannot be part of it."""
        text, end, depth = self._text, at, 0
        while end < len(text) and not text[end].isspace():
            sign = text[end]
            operator = sign in _OR or (sign in _AND and not self._inside_name(end))
            if sign in _OPEN:
                if text[at:end].lower() in _WORD_OPERATORS:
                    break
                depth += 1  # as in 形容詞（非自立）
            elif sign in _CLOSE:
                if not depth:
                    break
                depth -= 1
            elif operator:
                break
            end += 1
        if depth:
            raise self._bad("parenthesis inside", text=text[at:end])
        return end

    def _inside_name(self, at: int) -> bool:
        """Whether this & is one as in R&D and Q&A."""
        around = self._text[at - 1 : at], self._text[at + 1 : at + 2]
        return all(_ALNUM.fullmatch(sign) for sign in around)

    def _bare(self, text: str) -> Token:
        plain = unicodedata.normalize("NFKC", text)
        lower = plain.lower()
        if lower in _WORD_OPERATORS:
            return Token(_WORD_OPERATORS[lower], text, self._line)
        if plain in _SIGNS:
            return Token(plain, text, self._line)
        if lower in ("lw", "lc"):
            return self._leaf(text, Length("words" if lower == "lw" else "characters", self._line))
        if lower == "no.":
            return self._leaf(text, UnitNumber(self._line))
        if _NUMBER.fullmatch(plain):
            return self._leaf(text, Number(float(plain), self._line))
        if text[0] in "*＊":
            raise self._bad("asterisk", text=text)
        if _ONLY_SIGNS.fullmatch(plain):
            raise self._bad("sign", text=text)
        if "->" in text or "=>" in text:
            return self._with_arrows(text)
        if re.search("[<>=＜＞＝]", text):
            raise self._bad("sign", text=text)
        if re.search("[+＋]", text):
            words = tuple(re.split("[+＋]", text))
            if any(not word or re.search("['\"]", word) for word in words):
                raise self._bad("phrase", text=text)
            return self._leaf(text, Phrase(words, self._line))
        return self._leaf(text, Word(text, line=self._line))

    def _with_arrows(self, text: str) -> Token:
        found = _ARROWS.fullmatch(text)
        assert found is not None  # its first group alone matches any text
        parts = [part for part in found.groups() if part is not None]
        if len(parts) < 2 or any(re.search("[<>=+＋'\"]|-$", part) for part in parts):
            raise self._bad("arrow", text=text)
        word, pos, inflection, surface = found.groups()
        if pos is not None and part_of_speech(pos) is None:
            raise self._bad("part of speech", text=pos, known=" ".join(parts_of_speech()))
        if inflection is not None and not is_inflection(inflection):
            raise self._bad("inflection", text=inflection, known=" ".join(inflections()))
        return self._leaf(text, Word(word, pos, inflection, surface, self._line))
