"""A condition of a coding rule cut into operators, parentheses and leaves.

In the format, everything is set apart by white space. What can mean only one thing is also read
without it, and in full width: `(愛｜恋)`. What can mean two things is an error that says so.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.coding.names import (
    inflections,
    is_inflection,
    part_of_speech,
    parts_of_speech,
)
from bunsan.words.coding.syntax import (
    CodeIs,
    ColumnIs,
    ColumnPositive,
    HeadingIs,
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
_NEAR = re.compile(r"(near|seq)\s*[(（]([^)）]*)(?:([)）])\s*(?:[\[［]([^\]］]*)([\]］]))?)?", re.I)
_NEAR_OPTION = re.compile(r"([bd]?)(\d{0,9})", re.I)
_CODE = re.compile(r"<\s*[*＊](.+?)>(?=[\s()（）|｜&＆!！]|$)")
_HEADING = re.compile(r"(?:見出し|heading|h)([1-5])", re.I)
_ARROWS = re.compile(r"(.+?)(?:-->(.+?))?(?:->(.+)|=>(.+))?")
_ALNUM = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: an operator as written in half width, "(", ")" or "leaf" (then `leaf` is set)."""

    kind: str
    text: str
    line: int
    leaf: (
        Word | Phrase | Near | String | CodeIs | ColumnIs | ColumnPositive | HeadingIs
        | Length | UnitNumber | Number | None
    ) = None


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

    def error(self, problem: str, remedy: str, line: int | None = None) -> NoReturn:
        raise BadInput(problem, remedy=remedy, file=self._file, row=line or self._line)

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
            self.error(
                tr(f"The quotation mark {first} is not a plain one.", f"引用符 {first} は使えません。"),
                tr("Write ' or \" in half width.", "半角の ' か \" で囲んでください。"),
            )
        if text.startswith("<>", at):
            return self._column(at)
        if first == "<" and not re.match(r"<=?(?:\s|$)", text[at:]):
            return self._code(at)
        if near := _NEAR.match(text, at):
            return self._near(near)
        end = self._end_of_word(at)
        return self._bare(text[at:end]), end

    # What is set in quotation marks

    def _quoted(self, at: int) -> tuple[Token, int]:
        mark = self._text[at]
        found = re.compile(f"{mark}((?:[^{mark}]|{mark}{mark})*){mark}").match(self._text, at)
        if found is None:
            self.error(
                tr(f"The quotation mark {mark} is not closed on this line.", f"引用符 {mark} がこの行で閉じていません。"),
                tr(f"Add {mark} at the end of the text.", f"文字列の終わりに {mark} を付けてください。"),
            )
        end = found.end()
        if end < len(self._text) and not self._text[end].isspace() and self._text[end] not in _ENDS:
            self.error(
                tr(f"{found[0]} is directly followed by {self._text[end]!r}.", f"{found[0]} の直後に「{self._text[end]}」があります。"),
                tr(
                    "A string stands alone: it is no part of +, near( ) or -->. Write the whole text in one pair of quotation marks.",
                    "文字列は単独で書きます(+、near( )、--> とは組めません)。文字列全体を一組の引用符で囲んでください。",
                ),
            )
        inside = found[1].replace(mark * 2, mark)
        if not inside.strip():
            self.error(
                tr("There is nothing between the quotation marks.", "引用符の中が空です。"),
                tr("Write the text to look for.", "探す文字列を書いてください。"),
            )
        if mark == "'":
            return self._leaf(found[0], String(inside, self._line)), end
        if inside.startswith("<>"):
            return self._column_token(inside), end
        return self._leaf(found[0], Word(inside, line=self._line)), end

    # <>column-->value and <*code>

    def _column(self, at: int) -> tuple[Token, int]:
        """Everything up to white space, or to a parenthesis that was opened before."""
        end, depth = at, 0
        while end < len(self._text) and not self._text[end].isspace():
            depth += (self._text[end] in _OPEN) - (self._text[end] in _CLOSE)
            if depth < 0:
                break
            end += 1
        return self._column_token(self._text[at:end]), end

    def _column_token(self, text: str) -> Token:
        column, arrow, value = text[2:].rpartition("-->")
        if arrow and column.strip() and value.strip():
            column, value = column.strip(), value.strip()
            if heading := _HEADING.fullmatch(column):
                return self._leaf(text, HeadingIs(int(heading[1]), value, self._line))
            return self._leaf(text, ColumnIs(column, value, self._line))
        if not arrow and text.endswith("<>") and text[2:-2].strip():
            return self._leaf(text, ColumnPositive(text[2:-2].strip(), self._line))
        self.error(
            tr(f"{text} is no condition on a column.", f"{text} は外部変数の条件になっていません。"),
            tr("Write <>column-->value, without spaces around -->.", "<>変数名-->値 の形で、--> の前後に空白を入れずに書いてください。"),
        )

    def _code(self, at: int) -> tuple[Token, int]:
        if found := _CODE.match(self._text, at):
            return self._leaf(found[0], CodeIs(found[1].strip(), self._line)), found.end()
        rest = self._text[at:].split()[0]
        self.error(
            tr(f"{rest} is no reference to a code.", f"{rest} は他のコードの指定になっていません。"),
            tr(
                "Write <*name> with the asterisk, and a space after it; for \"less than\", put spaces around <.",
                "<*コード名> のように「*」を付け、後に空白を入れてください。「より小さい」の < は前後に空白を入れてください。",
            ),
        )

    # near( ) and seq( )

    def _near(self, found: re.Match[str]) -> tuple[Token, int]:
        text = found[0]
        name = found[1].lower()
        if found[3] is None:
            self.error(
                tr(f"{name}( is not closed on this line.", f"{name}( がこの行で閉じていません。"),
                tr(f"Write {name}(A-B).", f"{name}(語A-語B) のように書いてください。"),
            )
        end = found.end()
        if end < len(self._text) and not self._text[end].isspace() and self._text[end] not in _ENDS:
            self.error(
                tr(f"{text} is directly followed by {self._text[end]!r}.", f"{text} の直後に「{self._text[end]}」があります。"),
                tr(f"Options stand in square brackets: {name}(A-B)[b10].", f"範囲は角括弧で、{name}(語A-語B)[b10] のように書いてください。"),
            )
        words = tuple(word.strip() for word in re.split("[-－]", found[2]))
        if len(words) < 2 or not all(words) or any(re.search(r"[\s'\"<>+＋=|&]", w) for w in words):
            self.error(
                tr(f"{text} needs words joined by a hyphen, and nothing else.", f"{text} の中には、ハイフンでつないだ語だけを書けます。"),
                tr(
                    f"Write {name}(A-B) with half-width hyphens; strings in quotation marks, + and --> cannot stand inside.",
                    f"{name}(語A-語B) のように半角ハイフンでつないでください。'文字列'、+、--> は中に書けません。",
                ),
            )
        if len(set(words)) < len(words):
            self.error(
                tr(f"{text} names the same word twice.", f"{text} に同じ語が二度あります。"),
                tr("Name different words; for a word that comes twice write: word >= 2.", "違う語を書いてください。同じ語が 2 回出る条件は「語 >= 2」です。"),
            )
        distance, within = 10, "unit"
        if found[5] is not None:
            option = _NEAR_OPTION.fullmatch(unicodedata.normalize("NFKC", found[4]).strip())
            if option is None or not option[0]:
                self.error(
                    tr(f"[{found[4]}] is no option of {name}( ).", f"[{found[4]}] は {name}( ) の範囲の指定ではありません。"),
                    tr(
                        "Write [20] for 20 words, [b] or [b20] within a sentence, [d] or [d20] within a paragraph; 0 is any distance.",
                        "[20] は 20 語以内、[b] [b20] は同じ文の中、[d] [d20] は同じ段落の中です。0 は語数の制限なしです。",
                    ),
                )
            distance = int(option[2]) if option[2] else 10
            within = {"": "unit", "b": "sentence", "d": "paragraph"}[option[1].lower()]
        scope: Literal["unit", "sentence", "paragraph"] = within  # type: ignore[assignment]
        return self._leaf(text, Near(words, name == "seq", distance, scope, self._line)), end

    # Bare words

    def _end_of_word(self, at: int) -> int:
        """Where a word ends: at white space or an operator that cannot be part of it."""
        text, end, depth = self._text, at, 0
        while end < len(text) and not text[end].isspace():
            sign = text[end]
            if sign in _OPEN:
                if text[at:end].lower() in _WORD_OPERATORS:
                    break
                depth += 1  # as in 形容詞（非自立）
            elif sign in _CLOSE:
                if not depth:
                    break
                depth -= 1
            elif not depth and (sign in _OR or (sign in _AND and not self._inside_name(end))):
                break
            end += 1
        if depth:
            self.error(
                tr(f"A parenthesis opens inside {text[at:end]}.", f"{text[at:end]} の中で括弧が開いたままです。"),
                tr("Put a space before the parenthesis, and an operator.", "括弧の前に空白と演算子を入れてください。"),
            )
        return end

    def _inside_name(self, at: int) -> bool:
        """The & of R&D and Q&A."""
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
        if re.fullmatch(r"\d{1,15}(\.\d{1,15})?", plain):
            return self._leaf(text, Number(float(plain), self._line))
        if text[0] in "*＊":
            self.error(
                tr(f"{text} looks like a code, but is inside a condition.", f"条件の中に、コード名らしい {text} があります。"),
                tr(
                    "The name of a code starts its line; a reference to it is written <*name>; for times put spaces around *.",
                    "コード名は行の先頭に書きます。他のコードを使うときは <*コード名>、掛け算なら * の前後に空白を入れてください。",
                ),
            )
        if re.fullmatch(r"[=<>!&|+\-*/^~\[\]{}\\]+", plain):
            self._unknown(text)
        if "->" in text or "=>" in text:
            return self._with_arrows(text)
        if re.search("[<>=＜＞＝]", text):
            self._unknown(text)
        if re.search("[+＋]", text):
            words = tuple(re.split("[+＋]", text))
            if not all(words) or any(re.search("['\"]", word) for word in words):
                self.error(
                    tr(f"{text} is no phrase: + joins words only.", f"{text} は語の連続になっていません。+ でつなげるのは語だけです。"),
                    tr(
                        "Write A+B; a string in quotation marks stands alone; a word with + in it is written \"C++\"; for plus put spaces around +.",
                        "語A+語B のように書いてください。'文字列' は単独で、+ を含む語は \"C++\" のように、足し算なら + の前後に空白を入れて書きます。",
                    ),
                )
            return self._leaf(text, Phrase(words, self._line))
        return self._leaf(text, Word(text, line=self._line))

    def _with_arrows(self, text: str) -> Token:
        found = _ARROWS.fullmatch(text)
        parts = found.groups() if found else ()
        if not parts or not any(parts[1:]) or any(
            part is not None and (re.search("[<>=+＋'\"]", part) or part[-1:] == "-") for part in parts
        ):
            self.error(
                tr(f"{text} is not written as a word with arrows.", f"{text} は品詞や活用形の指定になっていません。"),
                tr(
                    "Write word-->part of speech, word->conjugation form or word=>surface; the last two may follow a part of speech; no + or quotation marks.",
                    "語-->品詞、語->活用形、語=>表層 のように書いてください(後の二つは品詞の後にも付けられます)。+ や引用符とは組めません。",
                ),
            )
        word, pos, inflection, surface = parts
        if pos is not None and part_of_speech(pos) is None:
            self.error(
                tr(f"There is no part of speech {pos!r}.", f"「{pos}」という品詞はありません。"),
                tr("Use one of: ", "次のどれかを使ってください: ") + " ".join(parts_of_speech()),
            )
        if inflection is not None and not is_inflection(inflection):
            self.error(
                tr(f"There is no conjugation form {inflection!r}.", f"「{inflection}」という活用形はありません。"),
                tr("Use one of: ", "次のどれかを使ってください: ") + " ".join(inflections()),
            )
        return self._leaf(text, Word(word, pos, inflection, surface, self._line))

    def _unknown(self, text: str) -> NoReturn:
        self.error(
            tr(f"{text} cannot be understood.", f"{text} は読み取れません。"),
            tr(
                "The operators are | & ! ( ) + - * / == > >= < <= with spaces around them; not equal is: not ( a == b ). A word with such signs is written in \" \".",
                "使える演算子は | & ! ( ) + - * / == > >= < <= で、前後に空白を入れます。「等しくない」は not ( a == b ) です。こうした記号を含む語は \" \" で囲んでください。",
            ),
        )

    def _leaf(
        self,
        text: str,
        leaf: Word | Phrase | Near | String | CodeIs | ColumnIs | ColumnPositive | HeadingIs
        | Length | UnitNumber | Number,
    ) -> Token:
        return Token("leaf", text, self._line, leaf)
