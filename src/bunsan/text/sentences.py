"""Where sentences and paragraphs end, and pieces of text small enough for an analyzer.

One compiled pattern walks over the text and stops only at brackets, line breaks and end marks.

- A line break ends sentence and paragraph.
- 。！？!?．｡ and their runs end a sentence, with the closing brackets, emoji, ♪, ｗ and （笑）
  after them; not when the sentence goes on (……！と思った, ……。って).
- Inside a pair of brackets nothing ends: 彼は「行く。今すぐ。」と言った。 A quotation whose last
  character is an end mark ends the sentence itself, unless a particle or comma takes it up. A
  bracket without its partner in the same line (or further than some hundred characters) is an
  ordinary character.
- A full stop of Latin script ends a sentence before white space and a capital letter or Japanese,
  but not after an abbreviation (Mr., e.g.), an initial or the number of a list item; so neither 3.5
  nor an address on the web is cut. People who type half-width stops in Japanese (よかった.また来る)
  are understood. Half-width ! and ? end a sentence when no Latin letter or digit follows.
- Yahoo! and モーニング娘。 are names.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence

LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"

_PAIRS = ("「」", "『』", "（）", "()", "【】", "《》", "〈〉", "“”", "〔〕", "［］", "[]")
_CLOSERS = "」』）)】》〉”〕］\\]"
_HARD = "。｡！？‼⁇⁈⁉"
_MARKS = _HARD + "!?．."
_JAPANESE = "ぁ-ヿｦ-ﾟ々〆㐀-䶿一-鿿\uf900-\ufaff"
_LATIN_OR_DIGIT = "0-9A-Za-zＡ-Ｚａ-ｚ０-９"
_CAPITAL = "A-ZÀ-ÖØ-ÞΑ-ΩА-ЯЁ"
_EMOJI = "\u200d\ufe0e\ufe0f\u2600-\u27bf\U0001f000-\U0001faff"
_REACH = 300  # characters between one bracket and the next of its kind

_ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Jr Sr Rev Gen Col Lt Sgt Capt Hon Gov Sen Rep Pres Mt Ft vs Vs "
    "cf Cf etc al e.g E.g i.e I.e a.k.a No no Nos Fig fig Figs Eq eq Sec sec Vol vol Ch ch "
    "p pp ed eds Inc Ltd Co Corp Bros Dept dept Univ approx Approx est Est Ave Blvd Rd "
    "Ph.D Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec U.S U.K E.U D.C"
)


def _group(pair: str) -> str:
    left, right = map(re.escape, pair)
    plain = f"[^{left}{right}{LINE_BREAKS}]{{0,{_REACH}}}+"
    return f"(?<={left}){plain}(?:{left}{plain}{right}{plain}){{0,9}}+{right}"


_GROUP = "(?:" + "|".join(map(_group, _PAIRS)) + ")"
# What may trail behind an end mark and still belongs to its sentence.
_TRAIL = (
    f"(?:[…‥・〜～♪♫♬♡♥☆★{_EMOJI}]|[wｗ]++(?![{_LATIN_OR_DIGIT}])|"
    "[（(][笑泣汗爆苦怒涙驚喜照嬉悲哀謎死]{1,3}[）)])*+"
)
# The sentence goes on behind an end mark, behind a quotation.
_GOES_ON = (
    "、|，|って|と(?:思|おも|言|云|い[うえおっわ]|感|かん|聞|き[いかく]|叫|書|の|か|驚|喜|答|考|話|述|申|呼|"
    f"され|し[てた])|[{_CLOSERS}]"
)
_TAKEN_UP = (
    "(?!はい|とても|もう|もっと|なかなか|のんびり)"
    f"(?:[とはがのをにへでもやなだ、，,・…{_MARKS}{_CLOSERS}]|"
    "って|から|まで|より|ほど|くらい|ぐらい)"
)
_NAMES = "(?<!モーニング娘。)(?<![Yy]ahoo[!！])(?<!YAHOO[!！])(?<!Ｙａｈｏｏ！)"
_NOT_ABBREVIATED = "".join(rf"(?<!\b{re.escape(word)}\.)" for word in _ABBREVIATIONS.split())
_NOT_LISTED = r"(?<![\s。．！？][0-9０-９][.．])(?<![\s。．！？][0-9０-９][0-9０-９][.．])"

# Every match begins with one character of a class, which lets the search leap from one to the next;
# what it was is asked by looking behind. A run of marks is looked at from its first mark only. An
# empty group at the end of an alternative says that a sentence ends there; a match without it only
# passes over text.
_SCAN = re.compile(
    f"[{LINE_BREAKS}{_MARKS}{re.escape(''.join(pair[0] for pair in _PAIRS))}](?:"
    + "|".join(
        [
            f"(?<=[{_HARD}])(?<![{_HARD}][{_HARD}]){_NAMES}[{_MARKS}…‥]*+"
            f"[{_CLOSERS}]*+{_TRAIL}(?!{_GOES_ON})()",
            f"(?<=[{LINE_BREAKS}])[{LINE_BREAKS}]*+()",
            f"{_GROUP}(?:(?<=[{_MARKS}…♪☆][{_CLOSERS}]){_TRAIL}(?!{_TAKEN_UP})())?",
            f"(?<=[!?])(?<![!?][!?]){_NAMES}[{_MARKS}…‥]*+(?![0-9A-Za-z=&/_%#+-])"
            rf"""(?:[{_CLOSERS}]|["'’](?=\s))*+{_TRAIL}(?!(?<=["'”’])\s+[a-z])(?!{_GOES_ON})()""",
            f"(?<=．)(?<!．．){_NOT_LISTED}．*+(?![{_LATIN_OR_DIGIT}])[{_CLOSERS}]*+{_TRAIL}"
            f"(?!{_GOES_ON})()",
            rf"(?<=[{_JAPANESE}]\.)\.*+(?![{_LATIN_OR_DIGIT}])[{_CLOSERS}]*+{_TRAIL}(?!{_GOES_ON})()",
            rf"(?<=\.)(?<!\.\.){_NOT_ABBREVIATED}{_NOT_LISTED}(?<!\b[A-Z]\.)\.*+[\"'”’)\]]*+"
            rf"(?=\s+[\"'“‘(\[「『]*+[{_CAPITAL}{_JAPANESE}])()",
        ]
    )
    + ")"
)
_PARAGRAPH = re.compile(f"[^{LINE_BREAKS}]+")


def sentence_ends(text: str) -> list[int]:
    """Offsets at which a sentence ends, ascending, white space and line breaks behind it included
    or not; the end of the text is not among them unless a mark or line break stands there.

    Every line break is covered by an end, so that ends of texts joined with line breaks are the
    ends of each text.
    """
    # The pattern looks behind the first character for the number of a list item.
    return [match.end() - 1 for match in _SCAN.finditer("\n" + text) if match.lastindex][1:]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence without the white space around it; white space alone is
    none."""
    spans = []
    begin = 0
    for end in [*sentence_ends(text), len(text)]:
        if (span := _stripped(text, begin, end)) is not None:
            spans.append(span)
        begin = end
    return spans


def paragraph_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each paragraph (line) without the white space around it; empty ones are
    none."""
    found = (_stripped(text, match.start(), match.end()) for match in _PARAGRAPH.finditer(text))
    return [span for span in found if span is not None]


def _stripped(text: str, begin: int, end: int) -> tuple[int, int] | None:
    part = text[begin:end]
    length = len(part.strip())
    if not length:
        return None
    begin += len(part) - len(part.lstrip())
    return begin, begin + length


def pieces(
    text: str, begin: int, end: int, ends: Sequence[int], size: int, limit: int
) -> Iterator[tuple[int, int]]:
    """Consecutive parts of `text[begin:end]`, of about `size` and at most `limit` code points.

    Lines (of `\\n`) are kept whole and collected until `size` is reached; a line longer than
    `limit` is cut at the last sentence end (`ends`, ascending offsets) that fits, else behind the
    last comma or space, else between two characters. Where a line is cut depends on the line alone.
    """
    while begin < end:
        if end - begin <= size:
            yield begin, end
            return
        cut = text.rfind("\n", begin, begin + size) + 1
        if cut <= begin:
            cut = text.find("\n", begin + size, min(end, begin + limit)) + 1
        if cut <= begin:
            cut = end if end - begin <= limit else _cut(text, begin, begin + limit, ends)
        yield begin, cut
        begin = cut


def _cut(text: str, begin: int, latest: int, ends: Sequence[int]) -> int:
    at = bisect_right(ends, latest) - 1
    if at >= 0 and ends[at] > begin:
        return ends[at]
    at = max(text.rfind(mark, begin, latest) for mark in "、，,，; \u3000")
    if at > begin:
        return at + 1
    at = latest
    while at > begin and (unicodedata.combining(text[at]) or text[at] in "\u200d\ufe0e\ufe0fﾞﾟ"):
        at -= 1
    return at if at > begin else latest
