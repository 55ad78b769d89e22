"""The co-occurrence network, with the settings text miners know."""

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
            words = gr.Slider(10, 300, 75, step=5, label=tr("Words", "語数"), elem_id="b-net-words")
            edges = gr.Slider(10, 500, 100, step=10, label=tr("Edges drawn", "描く辺の数"))
            count = gr.Number(
                2,
                minimum=1,
                precision=0,
                label=tr("Minimum count", "最小出現数"),
                elem_id="b-net-min",
            )
            measure = gr.Dropdown(
                choices.measure_choices(), value="jaccard", label=tr("Strength", "共起の指標")
            )
            unit = gr.Dropdown(
                choices.unit_choices(), value="sentence", label=tr("Together in one", "共起の単位")
            )
            where = gr.Dropdown([], label=tr("Documents", "対象の文書"))
            with gr.Accordion(tr("More", "詳しい設定"), open=False):
                pos = gr.Dropdown(
                    choices.pos_choices(),
                    value=[],
                    multiselect=True,
                    label=tr("Parts of speech", "品詞"),
                    info=tr("None chosen: all content words.", "未選択なら内容語すべて。"),
                )
                tree = gr.Checkbox(False, label=tr("Spanning tree only", "最大全域木だけ"))
                again = gr.Checkbox(
                    True,
                    label=tr("Test by resampling", "再標本化で確かめる"),
                    info=tr("Unstable edges are dashed.", "不安定な辺は破線になります。"),
                )
            go = gr.Button(tr("Draw", "描く"), variant="primary", elem_id="b-draw-network")
            bar = markup("", elem_id="b-network-bar")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop-network")
        with gr.Column(scale=4, min_width=320):
            shown = markup(_invitation(), elem_id="b-network")

    def draw(session: Session, *values: Any) -> Job:
        words, edges, count, measure, unit, where, pos, tree, again = values
        collection = session.open
        options = {
            "words": int(words),
            "edges": int(edges),
            "min_count": int(count or 1),
            "measure": measure,
            "unit": unit,
            "where": choices.chosen_where(where),
            "pos": choices.chosen_pos(pos),
            "tree": bool(tree) or None,
            "resamples": 200 if again else 0,
        }
        given = {name: value for name, value in options.items() if value is not None}
        twin = twins.of_collection(
            session, twins.asked(session, "network", save="network.html", **options)
        )
        return session.begin(
            "network", tr("Drawing", "描画中"), lambda: (collection.network(**given), twin)
        )

    def done(session: Session, job: Job) -> list[Any]:
        network, twin = job.result
        title = tr("Co-occurrence network", "共起ネットワーク")
        formats = ("png", "svg", "pdf", "graphml", "xlsx")
        return ["", desk.drawing(session, network, "network", title, formats) + twin]

    inputs = [words, edges, count, measure, unit, where, pos, tree, again]
    desk.watch(
        go.click, draw, inputs, slot="network", bar=bar, stop=stop, outputs=[shown], finish=done
    )

    def refresh(session: Session) -> list[Any]:
        some = choices.where_choices(session)
        return [*choices.shown(session), gr.update(choices=some, value=""), _invitation(), ""]

    desk.refreshed([nothing, room, where, shown, bar], refresh)


def _invitation() -> str:
    return pieces.empty(
        tr("Which words go together?", "どの語とどの語が一緒に現れる?"),
        tr(
            "Press Draw. Then click on a word or a line for its sentences.",
            "「描く」を押し、語や線をクリックすると、もとの文が見られます。",
        ),
    )
