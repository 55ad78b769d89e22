"""Search: which documents are about what was typed, where in them it stands, and why.

What is asked is one value, `asked`: buttons, the keyboard, examples and pages set it, and a search
begins whenever it changes.
"""

import time
from pathlib import Path
from typing import Any

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.base.shipped import shipped_model
from bunsan.studio import choices, hits, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.rooms.context import chosen_model, offered
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup
from bunsan.tasks.search import SearchResult

_SOON = 0.25  # seconds in which most searches end, before a bar is drawn
_VECTORS = ("word2vec", "cbow", "fasttext", "glove")


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
            by = gr.Radio(
                [
                    (tr("keyword", "語"), "keyword"),
                    (tr("meaning", "意味"), "meaning"),
                    (tr("both", "両方"), "both"),
                ],
                value="keyword",
                label=tr("Search by", "探し方"),
                info=tr(
                    "Keyword: the same words. Meaning: near ones too.",
                    "語: 同じ語を含む文書。意味: 言い換えも含めて近い文書。",
                ),
                scale=2,
                min_width=230,
                elem_id="b-by-what",
            )
            model = gr.Dropdown(
                _models(None, desk),
                value="",
                label=tr("Meaning by", "意味を測るもの"),
                info=tr(
                    "Vectors of the collection, or an encoder: a folder or a name.",
                    "コレクションのベクトル、またはエンコーダーのフォルダーか名前。",
                ),
                allow_custom_value=True,
                visible=False,
                scale=2,
                min_width=220,
                elem_id="b-search-model",
            )
        with gr.Row(equal_height=False):
            where = gr.Dropdown([], label=tr("Documents", "対象の文書"), scale=2, min_width=200)
            match_all = gr.Checkbox(
                False, label=tr("Every word must occur", "すべての語を含む"), scale=1, min_width=180
            )
            most = gr.Slider(5, 50, 10, step=5, label=tr("Hits shown", "表示件数"), scale=2,
                             min_width=180)  # fmt: skip
        examples = desk.html("", elem_id="b-search-examples")
        bar = markup("", elem_id="b-search-bar")
        stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-search-stop")
        shown = markup("", elem_id="b-hits")
        with gr.Row():
            before = gr.Button(tr("Earlier hits", "前へ"), visible=False, size="sm",
                               elem_id="b-earlier")  # fmt: skip
            after = gr.Button(tr("Further hits", "次へ"), visible=False, size="sm",
                              elem_id="b-further")  # fmt: skip
        code = markup("", elem_id="b-search-code")
        asked = gr.State(("", 0, 0))  # what was typed, hits to pass over, when

    def ask(typed: str, offset: int = 0) -> tuple[str, int, int]:
        return typed or "", max(offset, 0), time.monotonic_ns()

    desk.on([go.click, query.submit], lambda _, typed: [ask(typed)], [query], [asked],
            spinner="hidden")  # fmt: skip

    def turned(pages: int) -> Any:
        def turn(_: Session, last: tuple[str, int, int], most: int) -> list[Any]:
            return [ask(last[0], last[1] + pages * int(most))]

        return turn

    for button, pages in ((before, -1), (after, 1)):
        desk.on(button.click, turned(pages), [asked, most], [asked], spinner="hidden")

    def clicked(_: Session, event: Any) -> list[Any]:
        return [ask(str(event.word)), str(event.word)]

    desk.on(examples.click, clicked, [], [asked, query], event=True, spinner="hidden")
    desk.on(
        by.change,
        lambda session, by: gr.update(visible=by != "keyword", choices=_models(session, desk)),
        [by],
        [model],
        spinner="hidden",
    )
    desk.watch(
        asked.change,
        lambda session, *values: _begin(desk, session, *values),
        [asked, by, model, where, match_all, most],
        slot="search",
        bar=bar,
        stop=stop,
        outputs=[shown, before, after, code],
        finish=lambda session, job: _finished(desk, session, job),
    )

    def refresh(session: Session) -> list[Any]:
        some = choices.frequent(session, 6)
        pairs = [f"{some[i]} {some[i + 1]}" for i in range(0, len(some) - 1, 2)]
        said = pieces.chips(pairs, "search", label=tr("For example", "たとえば")) if pairs else ""
        filters = gr.update(choices=choices.where_choices(session), value="")
        models = gr.update(choices=_models(session, desk), value="")
        hidden = [gr.update(visible=False) for _ in range(2)]
        return [*choices.shown(session), filters, models, said, "", "", *hidden, ""]

    desk.refreshed(
        [nothing, room, where, model, examples, bar, shown, before, after, code], refresh
    )


def _models(session: Session | None, desk: Desk) -> list[tuple[str, str]]:
    """What can tell meaning: the collection's vectors, models given to the studio or kept here."""
    usual = (tr("what is there", "あるものを使う"), "")
    if session is None or session.collection is None:
        return [usual]
    words = list(_word_vectors(session))
    others = [name for name in offered(desk) if name not in words]
    return [usual, *((f"{name} (SIF)", name) for name in words), *((name, name) for name in others)]


def _word_vectors(session: Session) -> dict[str, None]:
    """Names of word vectors: the collection's, and the package's."""
    shipped = shipped_model("words")
    names = [*session.open.state.get("vectors", {}), *([] if shipped is None else [shipped.name])]
    return dict.fromkeys(names)


def _begin(
    desk: Desk,
    session: Session,
    asked: tuple[str, int, int],
    by: str,
    model: str | None,
    where: str,
    match_all: bool,
    most: int,
) -> Job:
    typed, offset, _ = asked
    collection = session.open
    name = (model or "").strip() if by != "keyword" else ""
    filters = choices.chosen_where(where)
    named = bool(name) and name not in (*_word_vectors(session), *_VECTORS)
    if named:
        chosen_model(desk, name)
    encoder = named and not Path(name).is_file()  # a file has word vectors
    options: dict[str, Any] = {"by": by} if by != "keyword" else {}
    options |= {"model": name} if name else {}
    options |= {"k": int(most)} if int(most) != 10 else {}
    options |= {"offset": offset} if offset else {}
    options |= {"where": filters} if filters else {}
    options |= {"match_all": True} if match_all else {}

    def work() -> tuple[SearchResult, dict[str, Any]]:
        if not encoder:
            return _searched(session, typed, options), options
        opened = desk.sessions.model(name)
        with desk.sessions.busy(name):
            return collection.search(typed, **options | {"model": opened}), options

    job = session.begin("search", tr("Searching", "検索中"), work)
    job.wait(_SOON)
    return job


def _searched(session: Session, typed: str, options: dict[str, Any]) -> SearchResult:
    try:
        return session.open.search(typed, **options)
    except Missing as error:  # no vectors: here they are learned with a button
        raise Missing(
            error.problem,
            remedy=tr(
                "Learn some in the room Words, under Representations; or name an encoder.",
                "「語」の「表現の比較」で学習するか、エンコーダーを指定してください。",
            ),
        ) from error


def _finished(desk: Desk, session: Session, job: Job) -> list[Any]:
    result, options = job.result
    key = desk.sessions.publish(session, result.table(), "hits", desk.language)
    links = pieces.downloads(desk.base, key, "hits", [("xlsx", "Excel"), ("csv", "CSV")])
    more = result.offset + len(result.hits) < result.total
    return [
        "",
        hits.found(result, links),
        gr.update(visible=result.offset > 0),
        gr.update(visible=more and bool(result.hits)),
        twins.of_collection(session, twins.asked(session, "search", result.query, **options)),
    ]
