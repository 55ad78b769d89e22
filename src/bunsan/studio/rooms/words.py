"""Words: frequent ones, what stands around one, arithmetic, a map of all."""

from typing import Any

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.language import tr
from bunsan.studio import choices, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.rooms import representations, word_map
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

_LINES = 40


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    nothing = markup(choices.nothing_open())
    with gr.Column(visible=False) as room, gr.Tabs(elem_classes="b-inner") as views:
        with gr.Tab(tr("Frequent", "頻出語"), id="frequent"):
            frequent = _frequent(desk)
        with gr.Tab(tr("Around a word", "語のまわり"), id="around", elem_id="b-around"):
            around = _around(desk)
        with gr.Tab(tr("Representations", "表現の比較"), id="beside"):
            representations.beside(desk)
        with gr.Tab(tr("Arithmetic", "語の計算"), id="arithmetic"):
            representations.arithmetic(desk)
        with gr.Tab(tr("Word map", "語の地図"), id="map") as map_tab:
            word_map.build(desk, map_tab)
    desk.refreshed([nothing, room], choices.shown)

    word, show = around["word"], around["outputs"]

    def clicked(session: Session, event: Any) -> list[Any]:
        typed = str(event.word)
        return [gr.update(selected="around"), typed, *_look(session, typed, "text")]

    for block in (frequent, around["examples"], around["similar"], around["related"]):
        desk.on(block.click, clicked, [], [views, word, *show], event=True)


# Frequent words


def _frequent(desk: Desk) -> Any:
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=220):
            pos = gr.Dropdown(
                choices.pos_choices(),
                value=[],
                multiselect=True,
                label=tr("Parts of speech", "品詞"),
                info=tr("None chosen: all content words.", "未選択なら内容語すべて。"),
            )
            most = gr.Slider(20, 500, 100, step=20, label=tr("How many", "語数"))
            save = markup("")
        with gr.Column(scale=3, min_width=320):
            listed = desk.html("", elem_id="b-frequent")

    def look(session: Session, tags: list[str], most: int) -> list[Any]:
        table = session.open.words(k=int(most), pos=choices.chosen_pos(tags))
        key = desk.sessions.publish(session, table, "words", desk.language)
        links = pieces.downloads(desk.base, key, "words", [("xlsx", "Excel"), ("csv", "CSV")])
        columns = ("word", "pos", "frequency", "documents")
        options: dict[str, Any] = {"k": int(most), "pos": choices.chosen_pos(tags)}
        twin = twins.of_collection(session, twins.asked(session, "words", after="", **options))
        return [pieces.word_table(table, columns, bar="frequency") + twin, links]

    desk.on([pos.change, most.release], look, [pos, most], [listed, save])
    desk.refreshed(
        [listed, save],
        lambda session: look(session, [], 100) if session.collection is not None else ["", ""],
    )
    return listed


# Around one word


def _around(desk: Desk) -> dict[str, Any]:
    with gr.Row(equal_height=False, elem_classes="b-ask"):
        word = gr.Textbox(
            label=tr("A word", "語"),
            placeholder=tr("breakfast", "朝食"),
            scale=4,
            elem_id="b-word",
        )
        sort = gr.Dropdown(
            [
                (tr("as in the text", "出現順"), "text"),
                (tr("by the left", "左の語"), "left"),
                (tr("by the right", "右の語"), "right"),
            ],
            value="text",
            label=tr("Sort lines", "並べ方"),
            scale=1,
            min_width=130,
        )
        go = gr.Button(
            tr("Look", "見る"), variant="primary", scale=1, min_width=90, elem_id="b-look"
        )
    examples = desk.html("", elem_id="b-examples")
    trouble = markup("", elem_id="b-word-trouble")
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=300):
            similar = desk.html("", elem_id="b-similar")
        with gr.Column(scale=1, min_width=300):
            related = desk.html("", elem_id="b-related")
    lines = markup("", elem_id="b-kwic")
    outputs = [trouble, similar, related, lines]
    desk.on([go.click, word.submit], _look, [word, sort], outputs)
    desk.on(sort.input, _look, [word, sort], outputs)
    desk.refreshed([examples, *outputs], _examples)
    return {
        "word": word,
        "examples": examples,
        "similar": similar,
        "related": related,
        "outputs": outputs,
    }


def _examples(session: Session) -> list[Any]:
    if session.collection is None:
        return ["", "", "", "", ""]
    nouns = choices.frequent(session, 10)
    found = pieces.chips(nouns, "word", label=tr("For example", "たとえば"))
    return [found, "", "", "", ""]


def _look(session: Session, typed: str, sort: str) -> list[Any]:
    typed = (typed or "").strip()
    if not typed:
        raise BadInput(
            tr("Type a word.", "語を入力してください。"),
            remedy=tr("Or click on one of the examples.", "例の語をクリックしてもかまいません。"),
        )
    collection = session.open
    try:
        found = collection.kwic(typed, sort=sort or "text", limit=_LINES, width=60)
    except BunsanError as error:
        return [pieces.mistake(error), "", "", ""]
    lines: dict[str, Any] = {"sort": sort or "text", "limit": _LINES, "width": 60}
    twin = twins.of_collection(
        session,
        twins.asked(session, "similar", typed, k=15),
        twins.asked(session, "related", typed, k=15),
        twins.asked(session, "kwic", typed, **lines),
    )
    return ["", _similar(session, typed), _related(session, typed), _kwic(found) + twin]


def _similar(session: Session, typed: str) -> str:
    title = pieces.heading(
        tr("Used alike", "使われ方が似た語"), tr("same neighbours", "同じ語のそばに現れる")
    )
    try:
        table = session.open.similar(typed, k=15).table()
    except BunsanError as error:
        return title + pieces.mistake(error)
    return title + pieces.word_table(table, ("word", "similarity", "contexts"), bar="similarity")


def _related(session: Session, typed: str) -> str:
    title = pieces.heading(
        tr("Occur together", "ともに現れる語"), tr("in one sentence", "同じ文の中")
    )
    try:
        table = session.open.related(typed, k=15).table()
    except BunsanError as error:
        return title + pieces.mistake(error)
    return title + pieces.word_table(table, ("word", "jaccard", "together"), bar="jaccard")


def _kwic(found: Any) -> str:
    if not found.lines:
        return ""
    return pieces.heading(tr("In context", "文脈の中で"), found.table().note) + pieces.concordance(
        found
    )
