"""The page around an interactive figure: one file that needs nothing else, online or off.

Plotly's script is written into the page, and a content security policy forbids every request, so
that opening it tells nobody anything. All text that comes from data is JSON in a script element
that is never run; the scripts write it as text, not as markup.
"""

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from plotly.offline import get_plotlyjs

from bunsan.base.files import atomic_write
from bunsan.base.language import language, tr
from bunsan.figures.fonts import web_face

# Key: the ids of one word or of two. Value: file, row, sentence, and where in it the words stand.
Sentence = tuple[str, int, str, Sequence[tuple[int, int]]]
Evidence = Mapping[tuple[int, ...], Sequence[Sentence]]

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
)


def write_page(
    path: str | Path,
    script: Literal["network", "map", "groups", "chart"],
    data: Mapping[str, Any],
    *,
    title: str,
    note: str,
    text: Mapping[str, str],
) -> None:
    """Write the page.

    Parameters
    ----------
    script : which figure; its script gets `data` and, as `data.text`, the words of the interface.
    note : a line beside the title: what was counted.
    """
    words = {
        "close": tr("Close", "閉じる"),
        "sentences": tr("Sentences", "文"),
        "nothing": tr("No sentences were kept for this.", "文は保存されていません。"),
        "found": tr("{n} found", "{n} 件"),
        **text,
    }
    content = {**data, "text": words, "language": language()}
    search = html.escape(tr("Find a word", "語を探す"))
    zoom = [
        ("in", "+", tr("Zoom in", "拡大")),
        ("out", "−", tr("Zoom out", "縮小")),
        ("fit", "⤢", tr("Show all", "全体を表示")),
    ]
    buttons = "\n".join(
        f'<button type="button" id="{name}" title="{label}" aria-label="{label}">{sign}</button>'
        for name, sign, label in zoom
    )
    embedded, scripts = embed(content), _asset("page.js") + _asset(script + ".js")
    face = web_face("bunsan-page", "".join((embedded, scripts, title, note, search)))
    page = f"""<!DOCTYPE html>
<html lang="{language()}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{html.escape(title)}</title>
<style>
{face}
{_asset("page.css")}</style>
<script>{get_plotlyjs()}</script>
</head>
<body>
<header>
<h1>{html.escape(title)}</h1>
<p>{html.escape(note)}</p>
<form role="search"><output id="found" for="query"></output>
<input type="search" id="query" list="words" autocomplete="off"
 placeholder="{search}" aria-label="{search}">
<datalist id="words"></datalist></form>
<div id="zoom">
{buttons}
</div>
</header>
<main>
<div id="stage"><div id="plot" role="img" aria-label="{html.escape(title)}"></div></div>
<div id="side"><section id="panel" aria-live="polite" hidden></section><section id="home"></section>
</div>
</main>
<script type="application/json" id="data">{embedded}</script>
<script>
{scripts}</script>
</body>
</html>
"""
    with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(page)


def embed(data: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element.

    Raises
    ------
    ValueError : a number is infinite or NaN, which JSON has no word for.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":  # none of them occurs in JSON outside strings
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def sentences(evidence: Evidence, key: tuple[int, ...]) -> list[list[Any]]:
    """What the panel lists for one key: [file, row, [plain, marked, plain, …]]."""
    found = []
    for source, row, sentence, marks in evidence.get(key, ()):
        pieces, at = [], 0
        for begin, end in sorted(marks):
            if begin >= at:  # marks that overlap an earlier one add nothing
                pieces += [sentence[at:begin], sentence[begin:end]]
                at = end
        found.append([source, row, [*pieces, sentence[at:]]])
    return found


def finite(value: float | None) -> float | None:
    """`value`, or None where JSON could not say it."""
    return value if value is not None and abs(value) < float("inf") else None


def _asset(name: str) -> str:
    return (files("bunsan.figures") / name).read_text(encoding="utf-8")
