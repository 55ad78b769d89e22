"""Pieces of pages: everything a person reads is escaped here, once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bunsan.base.errors import BunsanError
from bunsan.base.language import tr
from bunsan.studio.jobs import Job
from bunsan.tasks.kwic import Concordance
from bunsan.tasks.passages import Passage
from bunsan.tasks.table import Table, show

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OPTION = re.compile(r"`?--([a-z][a-z-]*)`?")


def element(name: str, *content: str, **attributes: str | None) -> str:
    """An element of markup that is safe already; underscores in attributes become hyphens."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(content)}</{name}>"


def div(look: str, *content: str, **attributes: str | None) -> str:
    """A block of a look."""
    return element("div", *content, class_=look, **attributes)


def words(text: Any) -> str:
    """Text as markup; control characters, which no font has, as what stands for the unreadable."""
    return _CONTROL.sub("\ufffd", escape(str(text)))


def heading(title: str, note: str = "") -> str:
    """A heading, with a few words beside it."""
    beside = element("small", words(note)) if note else ""
    return element("h3", words(title), beside, class_="b-heading")


def notice(text: str, more: str = "", *, look: str = "plain") -> str:
    """A message in the place where it was caused; `look` is plain, good or bad."""
    second = element("p", words(more)) if more else ""
    role = "alert" if look == "bad" else "status"
    return div(f"b-notice b-{look}", element("p", words(text)), second, role=role)


def mistake(error: BunsanError) -> str:
    """What went wrong, where, and what to do, without the command line's words."""
    where = ""
    # A sentence that begins small tells of the file or folder.
    told = error.problem[:1].islower() or error.row is not None
    if error.file is not None and (told or not Path(error.file).is_dir()):
        where = Path(error.file).name
        if error.row is not None:
            where += tr(f", row {error.row}", f" の {error.row} 行目")
        where += tr(": ", ": ")
    return notice(where + plain(error.problem), plain(error.remedy or ""), look="bad")


def plain(text: str) -> str:
    """Options of the command line under the names they have on the page."""
    names = {
        "text": tr("Text column", "本文の列"),
        "by": tr("Groups", "グループの列"),
        "pos": tr("Parts of speech", "品詞"),
        "min-count": tr("Minimum count", "最小出現数"),
        "min-documents": tr("Minimum documents", "最小文書数"),
        "encoding": tr("Encoding", "文字コード"),
        "sheet": tr("Sheet", "シート"),
        "max-tokens": tr("Maximum length", "最大の長さ"),
        "label": tr("Label", "ラベルの列"),
        "text2": tr("Second text", "2 つ目の文"),
        "question": tr("Question", "質問の列"),
        "choices": tr("Choices", "選択肢の列"),
        "separator": tr("Sign between several labels", "複数ラベルの区切り記号"),
        "epochs": tr("Epochs", "エポック数"),
        "minutes": tr("Minutes at most", "時間の上限"),
        "rate": tr("Learning rate", "学習率"),
        "batch": tr("Rows an update", "1 回の更新の行数"),
    }
    if "bunsan models" in text:
        return tr("The room Models lists them by name.", "「モデル」のタブに名前の一覧があります。")
    if "bunsan finetune" in text:
        return tr(
            "Take one that was trained for a task; the tab beside this one trains one.",
            "課題用に学習したモデルを選んでください。隣のタブで学習できます。",
        )
    return _OPTION.sub(
        lambda m: tr(f"“{names[m[1]]}”", f"「{names[m[1]]}」") if m[1] in names else m[0], text
    )


def empty(title: str, text: str) -> str:
    """What an empty place says."""
    return div("b-empty", element("strong", words(title)), element("p", words(text)))


def tiles(facts: Iterable[tuple[str, str]]) -> str:
    """Numbers at a glance: what, how much."""
    return element(
        "dl",
        *(
            div("b-tile", element("dt", words(name)), element("dd", words(value)))
            for name, value in facts
        ),
        class_="b-tiles",
    )


def bars(pairs: Sequence[tuple[str, float]], *, most: int = 12, label: str = "") -> str:
    """Names with horizontal bars."""
    top = max((value for _, value in pairs), default=0) or 1
    rows = [
        element(
            "li",
            element("span", words(name), class_="b-name", title=name),
            _bar(value / top),
            element("span", words(show(value)), class_="b-number"),
        )
        for name, value in pairs[:most]
    ]
    rest = len(pairs) - most
    if rest > 0:
        more = tr(f"and {rest:,} more", f"ほか {rest:,}")
        rows.append(element("li", words(more), class_="b-soft"))
    return element("ul", *rows, class_="b-bars", aria_label=label or None)


def histogram(values: Sequence[int], *, bins: int = 24) -> str:
    """How often values of each size are, up to the 99th percentile; the rest in the last bar."""
    if not values:
        return ""
    ordered = sorted(values)
    end = max(ordered[int(0.99 * (len(ordered) - 1))], 1)
    step = max(1, -(-end // bins))
    counts = [0] * (end // step + 1)
    for value in ordered:
        counts[min(value // step, len(counts) - 1)] += 1
    top = max(counts)
    columns = []
    for i, count in enumerate(counts):
        size = f"{i * step}-{(i + 1) * step - 1}" if step > 1 else f"{i}"
        if i == len(counts) - 1:
            size = f"{i * step}+"
        columns.append(
            element("i", style=f"--h:{count / top:.4f}", title=f"{size}: {count:,}"),
        )
    ends = element("span", "0") + element("span", words(f"{end:,}+"))
    return div("b-histogram", div("b-columns", *columns, aria_hidden="true"), div("b-axis", ends))


def word_table(
    table: Table,
    columns: Sequence[str],
    *,
    bar: str | None = None,
    word: str = "word",
    action: str = "word",
    numbered: bool = True,
) -> str:
    """A table of words that can be clicked, one number of each as a bar.

    Parameters
    ----------
    columns : those shown, by name. bar : the one drawn. action : what the page does on a click.
    """
    if not len(table):
        return notice(tr("Nothing was found.", "該当する語はありません。"))
    top = max((float(v) for v in table[bar]), default=0.0) if bar else 0.0
    head = [element("th", "", class_="b-rank")] if numbered else []
    for name in columns:
        look = "b-right" if name != bar and _numeric(table[name]) else None
        head.append(element("th", words(table.titles[name]), scope="col", class_=look))
    body = []
    for number, row in enumerate(table, start=1):
        cells = [element("td", str(number), class_="b-rank")] if numbered else []
        for name in columns:
            value = row[name]
            if name == word:
                cells.append(element("td", word_button(str(value), action)))
            elif name == bar:
                share = max(float(value), 0.0) / top if top else 0.0
                cells.append(
                    element(
                        "td",
                        _bar(share),
                        element("span", words(show(value)), class_="b-number"),
                        class_="b-barcell",
                    )
                )
            else:
                look = "b-right" if _numeric(table[name]) else "b-text"
                cells.append(element("td", words(show(value)), class_=look))
        body.append(element("tr", *cells))
    return div(
        "b-scroll",
        element(
            "table",
            element("thead", element("tr", *head)),
            element("tbody", *body),
            class_="b-table",
        ),
    )


def word_button(word: str, action: str = "word") -> str:
    """A word that can be clicked."""
    return element(
        "button", words(word), type="button", class_="b-word", data_word=word, data_act=action
    )


def chips(names: Iterable[str], action: str, *, label: str = "") -> str:
    """Examples to click."""
    return div(
        "b-chips",
        element("span", words(label), class_="b-soft") if label else "",
        *(
            element(
                "button", words(n), type="button", class_="b-chip", data_word=n, data_act=action
            )
            for n in names
        ),
    )


def concordance(found: Concordance) -> str:
    """Keyword in context, the word in the middle."""
    lines = [
        element(
            "li",
            element("span", element("bdi", words(line.left)), class_="b-left"),
            element("mark", words(line.keyword)),
            element("span", words(line.right), class_="b-rightside"),
            element("cite", words(_place(line.source, line.row, line.fields))),
        )
        for line in found.lines
    ]
    return element("ol", *lines, class_="b-kwic")


def passage(found: Passage, *, place: bool = True) -> str:
    """A sentence with its words marked, and where it stands."""
    parts, at = [], 0
    for begin, end in found.marks:
        parts += [words(found.text[at:begin]), element("mark", words(found.text[begin:end]))]
        at = end
    text = "".join([*parts, words(found.text[at:])])
    cite = element("cite", words(_place(found.source, found.row, found.fields))) if place else ""
    return element("p", text, cite, class_="b-passage")


def fields_line(fields: Mapping[str, str | None]) -> str:
    """The group columns of a document."""
    return "".join(
        element("span", element("em", words(name)), " ", words(value), class_="b-tag")
        for name, value in fields.items()
        if value
    )


def sheet(columns: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Sequence[int]) -> str:
    """The beginning of a table as a spreadsheet shows it."""
    head = element("th", "") + "".join(element("th", words(c), scope="col") for c in columns)
    body = [
        element(
            "tr",
            element("th", f"{number:,}", scope="row"),
            *(element("td", words("" if cell is None else cell)) for cell in row),
        )
        for number, row in zip(numbers, rows, strict=False)
    ]
    return div(
        "b-scroll",
        element(
            "table",
            element("thead", element("tr", head)),
            element("tbody", *body),
            class_="b-sheet",
        ),
    )


def progress(job: Job) -> str:
    """How far a job is."""
    seconds = int(job.seconds)
    spent = f"{seconds // 60}:{seconds % 60:02d}"
    if job.share is None:
        inner = element("i", class_="b-unknown")
        share = ""
    else:
        inner = element("i", style=f"--w:{job.share:.4f}")
        share = f"{100 * job.share:.0f} %"
    return div(
        "b-progress",
        div("b-progress-head", element("strong", words(job.title)), element("span", words(share))),
        div(
            "b-track",
            inner,
            role="progressbar",
            aria_valuenow=None if job.share is None else f"{100 * job.share:.0f}",
        ),
        div("b-progress-foot", element("span", words(job.note)), element("span", spent)),
    )


def downloads(base: str, key: str, name: str, suffixes: Sequence[tuple[str, str]]) -> str:
    """Links that fetch a result in several formats: (suffix, what it is called)."""
    links = [
        element(
            "a",
            words(label),
            href=f"{base}/figures/{key}.{suffix}",
            download=f"{name}.{suffix}",
            class_="b-download",
        )
        for suffix, label in suffixes
    ]
    return div(
        "b-downloads", element("span", words(tr("Save as", "保存")), class_="b-soft"), *links
    )


def frame(base: str, key: str, title: str) -> str:
    """An interactive figure."""
    link = f"{base}/figures/{key}.html"
    return element("iframe", src=link, title=title, class_="b-frame") + element(
        "a",
        words(tr("Open in a window of its own", "別のウィンドウで開く")),
        href=link,
        target="_blank",
        rel="noopener",
        class_="b-soft b-open",
    )


def _bar(share: float) -> str:
    return element("span", element("i", style=f"--w:{share:.4f}"), class_="b-bar")


def _numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _place(source: str, row: int, fields: Mapping[str, str | None]) -> str:
    name = Path(source).name
    said = " · ".join(str(v) for v in fields.values() if v)
    place = tr(f"{name}, row {row}", f"{name} {row} 行目")
    return f"{said} · {place}" if said else place
