"""Where sentences end, in Japanese and in languages that write spaces.

A line break always ends a sentence. 。 ！ ？ end one, with the closing brackets after them, unless an open
bracket shows that the sentence goes on around it (「もう来ない。」と言った). A full stop, ! or ? of the Latin
script ends one where a space follows, except after an abbreviation or an initial; directly before
Japanese text ! and ? end one as well.
"""

import re
from collections.abc import Iterator

# SudachiPy refuses a text of more than 49,149 UTF-8 bytes; no character takes more than four.
LONGEST = 12_000

_OPEN = "「『（(【［[〈《“"
_CLOSE = "」』）)】］]〉》”"
_MARK = re.compile(
    rf"(?P<open>[{re.escape(_OPEN)}])|(?P<close>[{re.escape(_CLOSE)}])|(?P<end>[。！？!?．.｡]+)"
)
_CLOSING = re.compile(rf"[{re.escape(_CLOSE)}\"'’]+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|No|Fig|Vol|cf|al|etc|Inc|Ltd|Co|approx)|\b[A-Za-z]|\b(?:[A-Za-z]\.)+[A-Za-z])$"
)
_BREAK = re.compile(r"[、，,　\s]")
_FULL = frozenset("。！？｡")
# A bracket that is not closed within so many characters is a smiley or a slip.
_LONGEST_BRACKET = 400
_PARTNER = dict(zip(_OPEN, _CLOSE, strict=True))

Span = tuple[int, int]


def paragraphs(text: str) -> Iterator[Span]:
    """Spans of the lines of a text."""
    begin = 0
    while begin <= len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        if end > begin:
            yield begin, end
        begin = end + 1


def sentences(text: str, begin: int = 0, end: int | None = None) -> list[Span]:
    """Spans of the sentences of one line, from `begin` to `end`; together they cover it.

    Stretches longer than `LONGEST` without a sentence end are cut at a comma or a space, else
    anywhere.
    """
    end = len(text) if end is None else end
    spans: list[Span] = []
    opened: list[int] = []
    start = begin
    skip_to = begin
    for mark in _MARK.finditer(text, begin, end):
        at = mark.start()
        if at < skip_to:
            continue
        if mark["open"]:
            # Only a bracket that is closed in this line holds its sentences together.
            if text.find(_PARTNER[mark["open"]], at, min(end, at + _LONGEST_BRACKET)) >= 0:
                opened.append(at)
        elif mark["close"]:
            if opened:
                opened.pop()
        else:
            stop = mark.end()
            closing = _CLOSING.match(text, stop, end)
            if closing:
                depth = len(opened) - sum(c in _CLOSE for c in closing[0])
                stop = closing.end()
            else:
                depth = len(opened)
            if depth > 0:
                continue
            if _ends(text, start, mark, stop, end, bool(closing)):
                spans.append((start, stop))
                start = skip_to = stop
                opened.clear()
    if start < end:
        spans.append((start, end))
    return [piece for span in spans for piece in _pieces(text, *span)]


def _ends(text: str, start: int, mark: re.Match[str], stop: int, end: int, closed: bool) -> bool:
    run = mark["end"]
    following = text[stop] if stop < end else ""
    if any(c in _FULL for c in run):
        # 「本当？」と聞いた: a quotation that the sentence goes on after.
        return not (closed and following and following in "とってなだでのはがを、")
    if run == "．":
        return not (following.isdigit() and text[mark.start() - 1 : mark.start()].isdigit())
    if not following:
        return True
    if run.strip("."):  # has ! or ?
        return following.isspace() or ord(following) > 0x2E7F
    if not following.isspace():
        return False
    return len(run) > 1 or not _ABBREVIATION.search(text, start, mark.start())


def _pieces(text: str, begin: int, end: int) -> Iterator[Span]:
    while end - begin > LONGEST:
        cut = begin + LONGEST
        for found in _BREAK.finditer(text, begin + LONGEST // 2, cut):
            cut = found.end()
        yield begin, cut
        begin = cut
    yield begin, end
