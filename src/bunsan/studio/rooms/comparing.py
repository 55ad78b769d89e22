"""Comparing: can a column be told from the texts, and which representation does it best?"""

import random
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import choices, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.rooms.context import chosen_model
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

if TYPE_CHECKING:
    from bunsan.tasks.facade import Collection

_MOST = 3000  # documents compared on; more are drawn from


def build(desk: Desk) -> None:
    """Lay the part out and join its deeds."""
    nothing = markup(choices.nothing_open())
    with gr.Row(visible=False, equal_height=False) as room:
        with gr.Column(scale=1, min_width=250):
            label = gr.Dropdown([], label=tr("Column to tell", "予測する列"), elem_id="b-label")
            model = gr.Dropdown(
                list(desk.settings.models),
                value=None,
                label=tr("An encoder as well (optional)", "エンコーダーも比べる(任意)"),
                allow_custom_value=True,
            )
            folds = gr.Slider(2, 10, 5, step=1, label=tr("Folds", "交差検証の分割数"))
            go = gr.Button(tr("Compare", "比べる"), variant="primary", elem_id="b-predict")
            bar = markup("", elem_id="b-tasks-bar")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop-tasks")
        with gr.Column(scale=4, min_width=320):
            shown = markup(_invitation(), elem_id="b-tasks")

    def begin(session: Session, label: str | None, model: str | None, folds: int) -> Job:
        from bunsan.tasks.compare.running import compare

        collection = session.open
        if not label:
            raise BadInput(
                tr("The collection has no group column.", "グループの列がありません。"),
                remedy=tr(
                    "Learn the file again in the room Collection, and choose one there.",
                    "「コレクション」で列を選んでファイルを学習し直してください。",
                ),
            )
        models = [chosen_model(desk, model, session)] if model else []
        twin = _twin(session, label, models, int(folds))

        def work() -> tuple[Any, str]:
            text = "text" if label != "text" else "body"
            rows = _rows(collection, label, text)
            done = compare(rows, text=text, label=label, models=models, folds=int(folds))
            return done, twin

        return session.begin("tasks", tr("Comparing", "比較中"), work)

    def done(session: Session, job: Job) -> list[Any]:
        found, twin = job.result
        said = pieces.notice(found.sentence, " ".join(found.notes))
        title = tr("Comparison", "比較")
        formats = ("png", "svg", "pdf", "xlsx")
        return ["", said + desk.drawing(session, found, "comparison", title, formats) + twin]

    desk.watch(
        go.click,
        begin,
        [label, model, folds],
        slot="tasks",
        bar=bar,
        stop=stop,
        outputs=[shown],
        finish=done,
    )

    def refresh(session: Session) -> list[Any]:
        columns = [] if session.collection is None else list(session.collection.by)
        return [
            *choices.shown(session),
            gr.update(choices=columns, value=columns[0] if columns else None),
            _invitation(),
            "",
        ]

    desk.refreshed([nothing, room, label, shown, bar], refresh)


def _rows(collection: "Collection", label: str, text: str) -> list[dict[str, str]]:
    """Texts with their labels; a draw of them where there are many."""
    rows = []
    for segment in collection.segments:
        alive = segment.alive()
        for d, value in enumerate(segment.field(label)):
            if alive[d] and value is not None:
                rows.append((segment, d, value))
    if len(rows) > _MOST:
        rows = random.Random(0).sample(rows, _MOST)
    return [{text: segment.text(d), label: value} for segment, d, value in rows]


def _twin(session: Session, label: str, models: list[str], folds: int) -> str:
    """The same comparison of the file that the collection was learned from."""
    origin = session.origin
    if origin is None or origin.table is None:
        return ""
    options = {"label": label, "text": origin.text, "models": models or None, "folds": folds}
    python = twins.call("bunsan.compare", origin.table, **options)
    twin = twins.Twin(f"print({python}.table())", twins.command("compare", origin.table, **options))
    return twins.of_models(twin)


def _invitation() -> str:
    return pieces.empty(
        tr("Can it be told from the text?", "文章から当てられる?"),
        tr(
            "Choose a column and press Compare: words, characters and vectors predict it on the same "
            "folds, with intervals.",
            "列を選んで「比べる」を押すと、語・文字・ベクトルのどれがいちばん当てられるかを、同じ分割で区間つきで比べます。",
        ),
    )
