"""What the tests of word analysis share: texts, and slow ways to the same numbers."""

from hypothesis import strategies as st

from bunsan.text.analyze import Analyzer
from bunsan.text.words import Analysis, WordSettings

LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"

_JAPANESE = (
    "部屋から海が見える。 引越し！ ？ 、 「 」 （ ） ｗｗ 湯畑 客室露天風呂 朝食 １２ 3.5 1,234円 "
    "ｶﾞｷﾞ すごーーーい 漢字（かんじ） 国家公務員 髙島屋"
)
_PARTS = [
    *_JAPANESE.split(),
    *("the", "hotel", "Wi-Fi", "don't", "Mr.", "U.S.", "OK!", "ＡＢＣ"),
    *(" ", "\n", "\r\n", "\t", "\u3000", "\u2028", "\x85", "\xa0", "\v"),
    *(
        "😀",
        "👍🏻",
        "👨\u200d👩\u200d👧",
        "𠮷",
        "か\u3099",
        "é",
        "e\u0301",
        "\ud800",
        "\udc00",
        "\0",
    ),
    *("㍿", "ﷺ", "①②", "½", "ー", "〜", "・", "…", "\ufeff", "\u200b", "नमस्ते", "안녕", "123abc"),
]
wild_text = st.lists(st.sampled_from(_PARTS) | st.text(max_size=3), max_size=14).map("".join)
wild_batch = st.lists(wild_text, max_size=5)


def tokens_of(analysis: Analysis, texts: list[str]) -> list[list[tuple[int, str, str, str]]]:
    """For each document (start, surface, form, part of speech) of each token."""
    found = []
    for d, text in enumerate(texts):
        rows = []
        for i in range(int(analysis.document[d]), int(analysis.document[d + 1])):
            start, entry = int(analysis.start[i]), int(analysis.entry[i])
            surface = text[start : start + int(analysis.length[i])]
            rows.append((start, surface, analysis.forms[entry], analysis.pos[entry]))
        found.append(rows)
    return found


def words(text: str, settings: WordSettings | Analyzer) -> list[tuple[str, str]]:
    """(form, part of speech) of each token of one text."""
    analyzer = settings if isinstance(settings, Analyzer) else Analyzer(settings)
    return [token[2:] for token in tokens_of(analyzer.analyze([text]), [text])[0]]


def surfaces(text: str, settings: WordSettings | Analyzer) -> list[str]:
    analyzer = settings if isinstance(settings, Analyzer) else Analyzer(settings)
    return [token[1] for token in tokens_of(analyzer.analyze([text]), [text])[0]]


def unit_begins(texts: list[str], ends: list[list[int]], starts: list[list[int]]) -> list[int]:
    """Token at which each unit begins, then the number of tokens; one token after the other.

    `ends` are the offsets at which units end in each text, `starts` those of its tokens.
    """
    found = []
    n = 0
    for text_ends, text_starts in zip(ends, starts, strict=True):
        unit = None
        for start in text_starts:
            now = sum(end <= start for end in text_ends)
            if now != unit:
                found.append(n)
                unit = now
            n += 1
    return [*found, n] if n else [0]
