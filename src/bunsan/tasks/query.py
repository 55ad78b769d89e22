"""What a person types into a search box, taken apart: words, "phrases", -exclusions."""

import re
import unicodedata
from dataclasses import dataclass

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

_QUOTED = re.compile(r'(?P<minus>(?:^|(?<=\s))-)?(?:"(?P<a>[^"]*)"|“(?P<b>[^”]*)”)')
_EXCLUDED = re.compile(r"(?:^|(?<=\s))-(?P<word>\S+)")


@dataclass(frozen=True)
class Query:
    """The parts of a query.

    `text` is ranked word by word (phrases included); every one of `phrases` must occur as it stands;
    none of `excluded` may.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def parse_query(typed: str) -> Query:
    """Read a query: `海 "露天 風呂" -混雑`. Full-width quotes and spaces count as the plain ones.

    Raises
    ------
    BadInput : nothing is left to search for, or a quotation mark has no partner.
    """
    typed = typed.replace("\u3000", " ").replace("＂", '"').strip()
    phrases: list[str] = []
    excluded: list[str] = []

    def take_quoted(match: re.Match[str]) -> str:
        inner = (match["a"] or match["b"] or "").strip()
        if not inner:
            return " "
        if match["minus"]:
            excluded.append(inner)
            return " "
        phrases.append(inner)
        return f" {inner} "

    def take_excluded(match: re.Match[str]) -> str:
        excluded.append(match["word"])
        return " "

    rest = _QUOTED.sub(take_quoted, typed)
    if '"' in rest:
        raise BadInput(
            tr("A quotation mark has no partner.", "引用符が閉じていません。"),
            remedy=tr('Write phrases as "two words".', '句は "二つの語" のように囲んでください。'),
        )
    text = " ".join(_EXCLUDED.sub(take_excluded, rest).split())
    if not any(unicodedata.category(c)[0] in "LNS" for c in text):
        raise BadInput(tr("There is nothing to search for.", "検索する語がありません。"))
    return Query(text, tuple(phrases), tuple(excluded))
