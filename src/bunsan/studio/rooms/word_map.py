"""The map of all words of a collection."""

from typing import Any

from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.rooms.representations import NAMES
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup
from bunsan.studio.wordmap import MapPage, collection_map


def build(desk: Desk, tab: Any) -> None:
    """Lay the map out and join its deeds; `tab` is where it lies."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=220):
            by = gr.Dropdown(
                [(tr("Counts", "数える (PPMI)"), "counts")],
                value="counts",
                label=tr("Vectors", "ベクトル"),
            )
            method = gr.Dropdown(
                [("PCA", "pca"), ("t-SNE", "tsne")], value="pca", label=tr("Projection", "射影")
            )
            most = gr.Slider(100, 50_000, 1000, step=100, label=tr("Words at most", "最大語数"))
            go = gr.Button(tr("Draw", "描く"), variant="primary", elem_id="b-draw-words")
            bar = markup("", elem_id="b-words-bar")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop-words")
        with gr.Column(scale=4, min_width=320):
            shown = markup(_invitation(), elem_id="b-word-map")

    def draw(session: Session, name: str, method: str, most: int) -> Job:
        collection, most = session.open, int(most)
        folder = "" if session.origin is None else session.origin.folder
        options = {"most": most, "method": method}
        twin = twins.Twin(
            f"vectors = collection.vectors({name!r})\n"
            + twins.call("project", twins.Name("vectors"), **options)
            + '.save("words.html")',
            twins.command("project", folder, vectors=name, **options, output="words.html"),
        )
        shown = twins.of_collection(
            session, twin, imports="import bunsan\nfrom bunsan.tasks.vectors import project"
        )
        return session.begin(
            "words",
            tr("Drawing", "描画中"),
            lambda: (collection_map(collection, name, method, most), shown),
        )

    def done(session: Session, job: Job) -> list[Any]:
        page: MapPage
        page, twin = job.result
        title, formats = tr("A map of the words", "語の地図"), ("png", "svg", "xlsx", "csv")
        return ["", desk.drawing(session, page, "words", title, formats) + twin]

    desk.watch(
        go.click,
        draw,
        [by, method, most],
        slot="words",
        bar=bar,
        stop=stop,
        outputs=[shown],
        finish=done,
    )

    def ways(session: Session) -> list[tuple[str, str]]:
        kept = {} if session.collection is None else session.collection.state.get("vectors", {})
        counted = (tr("Counts (PPMI)", "数える (PPMI)"), "counts")
        return [counted, *((NAMES.get(name, name), name) for name in kept)]

    desk.on(
        tab.select, lambda session: gr.update(choices=ways(session)), [], [by], spinner="hidden"
    )
    desk.refreshed(
        [by, shown],
        lambda session: [gr.update(choices=ways(session), value="counts"), _invitation()],
    )


def _invitation() -> str:
    return pieces.empty(
        tr("A map of the words", "語の地図"),
        tr(
            "Words used alike lie together. Press Draw; then search for a word, zoom, and point at "
            "dots.",
            "使われ方の似た語が近くに並びます。「描く」を押し、語を探したり拡大したりしてみてください。",
        ),
    )
