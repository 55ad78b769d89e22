"""Words and groups on one map: correspondence analysis."""

from typing import Any

from bunsan.base.language import tr
from bunsan.studio import choices, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    nothing = markup(choices.nothing_open())
    with gr.Row(visible=False, equal_height=False) as room:
        with gr.Column(scale=1, min_width=250):
            by = gr.Dropdown([], label=tr("Groups", "グループの列"), elem_id="b-map-by")
            words = gr.Slider(10, 300, 60, step=5, label=tr("Words", "語数"))
            least = gr.Number(
                2, minimum=1, precision=0, label=tr("Minimum documents", "最小文書数")
            )
            choose = gr.Dropdown(
                [
                    (tr("those that differ most", "差の大きい語"), "difference"),
                    (tr("the most frequent", "頻度の高い語"), "frequency"),
                ],
                value="difference",
                label=tr("Which words", "語の選び方"),
            )
            with gr.Accordion(tr("More", "詳しい設定"), open=False):
                where = gr.Dropdown([], label=tr("Documents", "対象の文書"))
                pos = gr.Dropdown(
                    choices.pos_choices(),
                    value=[],
                    multiselect=True,
                    label=tr("Parts of speech", "品詞"),
                )
                again = gr.Checkbox(
                    True,
                    label=tr("Regions by resampling", "再標本化で範囲を示す"),
                    info=tr("Unstable places are faded.", "不安定な位置は薄くなります。"),
                )
            go = gr.Button(tr("Draw", "描く"), variant="primary", elem_id="b-draw-map")
            bar = markup("", elem_id="b-map-bar")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop-map")
        with gr.Column(scale=4, min_width=320):
            shown = markup(_invitation(), elem_id="b-map")
            marks = desk.html("", elem_id="b-features")

    def draw(session: Session, *values: Any) -> Job:
        by, words, least, choose, where, pos, again = values
        collection = session.open
        options = {
            "words": int(words),
            "min_documents": int(least or 1),
            "choose": choose,
            "where": choices.chosen_where(where),
            "pos": choices.chosen_pos(pos),
            "resamples": 200 if again else 0,
        }

        marks = {name: options[name] for name in ("min_documents", "where", "pos")}
        # What was drawn, not what stands in the fields by then.
        twin = [
            twins.of_collection(
                session, twins.asked(session, "map", by, save="map.html", **options)
            ),
            twins.of_collection(session, twins.asked(session, "features", by, k=8, **marks)),
        ]

        def work() -> tuple[Any, Any, list[str]]:
            return collection.map(by, **options), collection.features(by, k=8, **marks), twin

        return session.begin("map", tr("Drawing", "描画中"), work)

    def done(session: Session, job: Job) -> list[Any]:
        found, marking, (map_twin, marks_twin) = job.result
        title, formats = tr("Correspondence analysis", "対応分析"), ("png", "svg", "pdf", "xlsx")
        drawn = desk.drawing(session, found, "map", title, formats) + map_twin
        return ["", drawn, _features(desk, session, marking) + marks_twin]

    inputs = [by, words, least, choose, where, pos, again]
    desk.watch(
        go.click, draw, inputs, slot="map", bar=bar, stop=stop, outputs=[shown, marks], finish=done
    )

    def refresh(session: Session) -> list[Any]:
        columns = [] if session.collection is None else list(session.collection.by)
        return [
            *choices.shown(session),
            gr.update(choices=columns, value=columns[0] if columns else None),
            gr.update(choices=choices.where_choices(session), value=""),
            _invitation() if columns or session.collection is None else _no_groups(),
            "",
            "",
        ]

    desk.refreshed([nothing, room, by, where, shown, marks, bar], refresh)


def _features(desk: Desk, session: Session, marking: Any) -> str:
    """The words that mark each group, group by group."""
    table = marking.table()
    key = desk.sessions.publish(session, table, "features", desk.language)
    columns: dict[str, list[tuple[str, float]]] = {}
    for row in table:
        columns.setdefault(row["group"], []).append((row["word"], row["jaccard"]))
    blocks = [
        pieces.div("b-block", pieces.heading(name), pieces.bars(some))
        for name, some in list(columns.items())[:12]
    ]
    title = pieces.heading(
        tr("Words that mark each group", "グループごとの特徴語"), tr("Jaccard", "Jaccard係数")
    )
    links = pieces.downloads(desk.base, key, "features", [("xlsx", "Excel"), ("csv", "CSV")])
    return title + pieces.div("b-blocks", *blocks) + links


def _invitation() -> str:
    return pieces.empty(
        tr("How do the groups differ?", "グループはどう違う?"),
        tr(
            "Press Draw: groups and the words they share lie in one direction from the middle.",
            "「描く」を押すと、グループとその特徴となる語が、中心から見て同じ方向に並びます。",
        ),
    )


def _no_groups() -> str:
    return pieces.empty(
        tr("There are no groups", "グループの列がありません"),
        tr(
            "Learn the file again in the room Collection, and choose a column of groups there.",
            "「コレクション」で、グループの列を選んでファイルを学習し直してください。",
        ),
    )
