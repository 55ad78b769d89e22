"""Search: which documents are about what was typed, where in them it stands, and why."""

from pathlib import Path
from typing import Any

from bunsan.base.language import tr
from bunsan.studio import choices, pieces
from bunsan.studio.desk import Desk
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    nothing = markup(choices.nothing_open())
    with gr.Column(visible=False) as room:
        with gr.Row(equal_height=False, elem_classes="b-ask"):
            query = gr.Textbox(
                label=tr("Words or a sentence", "語または文"),
                info=tr(
                    '"in quotes": as it stands; -word: without it.',
                    '"引用符" で囲むとその並びどおり、-語 でその語を除きます。',
                ),
                placeholder=tr("a room with a view of the sea", "部屋から海が見える"),
                scale=5,
                elem_id="b-query",
            )
            go = gr.Button(tr("Search", "検索"), variant="primary", scale=1, min_width=100,
                           elem_id="b-search")  # fmt: skip
        with gr.Row(equal_height=False):
            where = gr.Dropdown([], label=tr("Documents", "対象の文書"), scale=2, min_width=200)
            match_all = gr.Checkbox(
                False, label=tr("Every word must occur", "すべての語を含む"), scale=1, min_width=180
            )
            most = gr.Slider(5, 50, 10, step=5, label=tr("Hits shown", "表示件数"), scale=2,
                             min_width=180)  # fmt: skip
        examples = desk.html("", elem_id="b-search-examples")
        shown = markup("", elem_id="b-hits")

    def look(session: Session, typed: str, where: str, match_all: bool, most: int) -> str:
        return _found(desk, session, typed, where, match_all, int(most))

    settings = [where, match_all, most]
    desk.on([go.click, query.submit], look, [query, *settings], [shown])

    def clicked(session: Session, event: Any, *values: Any) -> list[Any]:
        return [look(session, str(event.word), *values), str(event.word)]

    desk.on(examples.click, clicked, settings, [shown, query], event=True)

    def refresh(session: Session) -> list[Any]:
        some = choices.frequent(session, 6)
        pairs = [f"{some[i]} {some[i + 1]}" for i in range(0, len(some) - 1, 2)]
        said = pieces.chips(pairs, "search", label=tr("For example", "たとえば")) if pairs else ""
        filters = gr.update(choices=choices.where_choices(session), value="")
        return [*choices.shown(session), filters, said, ""]

    desk.refreshed([nothing, room, where, examples, shown], refresh)


def _found(desk: Desk, session: Session, typed: str, where: str, match_all: bool, most: int) -> str:
    result = session.open.search(
        typed or "", k=most, where=choices.chosen_where(where), match_all=match_all
    )
    said = tr(f"{result.total:,} documents match", f"{result.total:,} 文書が該当")
    missing = ""
    if result.missing:
        names = tr(", ", "、").join(result.missing)
        missing = pieces.notice(tr(f"In no document: {names}", f"どの文書にもない語: {names}"))
    if not result.hits:
        return missing + pieces.empty(
            tr("No document matches", "該当する文書はありません"),
            tr("Try fewer words, or all documents.", "語を減らすか、対象を広げてみてください。"),
        )
    best = max(hit.score for hit in result.hits) or 1.0
    hits = [_hit(number, hit, best) for number, hit in enumerate(result.hits, start=1)]
    key = desk.sessions.publish(session, result.table(), "hits", desk.language)
    links = pieces.downloads(desk.base, key, "hits", [("xlsx", "Excel"), ("csv", "CSV")])
    listed = pieces.element("ol", *hits, class_="b-hits")
    return missing + pieces.heading(said, tr("by BM25", "BM25 による順位")) + listed + links


def _hit(number: int, hit: Any, best: float) -> str:
    place = Path(hit.source).name
    head = pieces.div(
        "b-hit-head",
        pieces.element("span", f"{number}", class_="b-rank"),
        pieces.fields_line(hit.fields),
        pieces.element(
            "cite", pieces.words(tr(f"{place}, row {hit.row}", f"{place} {hit.row} 行目"))
        ),
    )
    parts = [
        pieces.element(
            "span",
            pieces.words(word),
            pieces.element("i", style=f"--w:{max(part, 0) / best:.3f}"),
            pieces.words(f"{part:.2f}"),
            class_="b-part",
        )
        for word, part in sorted(hit.why.items(), key=lambda pair: -pair[1])
    ]
    why = pieces.div(
        "b-why", pieces.words(tr(f"score {hit.score:.2f}", f"スコア {hit.score:.2f}")), *parts
    )
    whole = pieces.element(
        "details",
        pieces.element("summary", pieces.words(tr("Whole text", "全文"))),
        pieces.element("p", pieces.words(hit.text)),
    )
    found = "".join(pieces.passage(p, place=False) for p in hit.passages)
    return pieces.element("li", head, found, why, whole, class_="b-hit")
