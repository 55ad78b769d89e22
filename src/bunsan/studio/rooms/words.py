"""Words: frequent ones, what stands around one, arithmetic, a map of all."""

from typing import Any

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.language import tr
from bunsan.studio import choices, pieces
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup
from bunsan.studio.wordmap import MapPage, collection_map

_METHODS = ("word2vec", "fasttext", "glove")
_NAMES = {"word2vec": "word2vec", "fasttext": "fastText", "glove": "GloVe"}
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
            _beside(desk, around)
        with gr.Tab(tr("Arithmetic", "語の計算"), id="arithmetic"):
            _arithmetic(desk)
        with gr.Tab(tr("Word map", "語の地図"), id="map") as map_tab:
            _map(desk, map_tab)
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
        return [pieces.word_table(table, columns, bar="frequency"), links]

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
    return ["", _similar(session, typed), _related(session, typed), _kwic(found)]


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


# Every representation side by side


def _beside(desk: Desk, around: dict[str, Any]) -> None:
    with gr.Row(equal_height=False, elem_classes="b-ask"):
        word = gr.Textbox(
            label=tr("A word", "語"),
            placeholder=tr("breakfast", "朝食"),
            scale=4,
            elem_id="b-beside",
        )
        go = gr.Button(tr("Compare", "比べる"), variant="primary", scale=1, min_width=90,
                       elem_id="b-compare")  # fmt: skip
    examples = desk.html("")
    shown = desk.html("", elem_id="b-side-by-side")
    with gr.Row(elem_classes="b-learners"):
        buttons = {
            name: gr.Button(
                tr(f"Learn {_NAMES[name]}", f"{_NAMES[name]} を学習"),
                size="sm",
                elem_id=f"b-learn-{name}",
            )
            for name in _METHODS
        }
    bar = markup("", elem_id="b-vectors-bar")
    stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm")
    desk.on([go.click, word.submit], _compare, [word], [shown])

    def clicked(session: Session, event: Any) -> list[Any]:
        return [_compare(session, str(event.word)), str(event.word)]

    for block in (examples, shown):
        desk.on(block.click, clicked, [], [shown, word], event=True)
    outputs = [examples, shown, *buttons.values()]

    def refresh(session: Session) -> list[Any]:
        nouns = choices.frequent(session, 8)
        said = pieces.chips(nouns, "word", label=tr("For example", "たとえば")) if nouns else ""
        return [said, "", *_offers(session)]

    desk.refreshed(outputs, refresh)
    for name, button in buttons.items():
        learned = desk.watch(
            button.click,
            lambda session, name=name: _learn_vectors(session, name),
            [],
            slot="learning",
            bar=bar,
            stop=stop,
            outputs=list(buttons.values()),
            finish=lambda session, job: [_vectors_learned(job), *_offers(session)],
        )
        desk.after(
            learned,
            lambda session, word: _compare(session, word) if word.strip() else "",
            [word],
            [shown],
        )


def _offers(session: Session) -> list[Any]:
    """The buttons of what is not learned yet."""
    kept = {} if session.collection is None else session.collection.state.get("vectors", {})
    return [gr.update(visible=name not in kept) for name in _METHODS]


def _learn_vectors(session: Session, name: str) -> Job:
    collection = session.open
    title = tr(f"Learning {_NAMES[name]}", f"{_NAMES[name]} を学習中")

    def work() -> str:
        collection.learn_vectors(name)
        return name

    return session.begin("learning", title, work)


def _vectors_learned(job: Job) -> str:
    name = _NAMES[job.result]
    return pieces.notice(
        tr(
            f"{name}: learned in {job.seconds:.1f} s.",
            f"{name} を {job.seconds:.1f} 秒で学習しました。",
        ),
        look="good",
    )


def _compare(session: Session, typed: str) -> str:
    typed = (typed or "").strip()
    if not typed:
        raise BadInput(tr("Type a word.", "語を入力してください。"))
    from bunsan.tasks.lookup import look_up

    collection = session.open
    if not any(sign in f" {typed} " for sign in (" + ", " - ", " ＋ ", " − ", " － ")):
        look_up(collection, typed)  # an unknown word is told once, not once a column
    columns = []
    for name, title, note in _ways(session):
        try:
            if name == "counts":
                table = collection.similar(typed, k=12).table()
            else:
                table = collection.nearest(typed, vectors=name, k=12).table()
            inside = pieces.word_table(table, ("word", "similarity"), bar="similarity")
        except BunsanError as error:
            inside = pieces.mistake(error)
        columns.append(pieces.div("b-block", pieces.heading(title, note), inside))
    return pieces.div("b-blocks b-beside", *columns)


def _ways(session: Session) -> list[tuple[str, str, str]]:
    kept = session.open.state.get("vectors", {})
    ways = [("counts", tr("Counts", "数える"), "PPMI")]
    foretell = tr("foretells neighbours", "周りの語を当てる")
    notes = {
        "word2vec": foretell,
        "cbow": foretell,
        "fasttext": tr("and parts of words", "語の一部も使う"),
        "glove": tr("weighted counts", "重みつきの共起"),
    }
    return ways + [(name, _NAMES.get(name, name), notes.get(name, "")) for name in kept]


# Arithmetic


def _arithmetic(desk: Desk) -> None:
    with gr.Row(equal_height=False, elem_classes="b-ask"):
        typed = gr.Textbox(
            label=tr("A sum of words", "語の足し算・引き算"),
            placeholder=tr("king - man + woman", "王 - 男 + 女"),
            info=tr("Spaces around the signs.", "記号の前後に空白を入れます。"),
            scale=4,
            elem_id="b-sum",
        )
        go = gr.Button(tr("Work out", "計算する"), variant="primary", scale=1, min_width=100,
                       elem_id="b-work-out")  # fmt: skip
    examples = desk.html("")
    shown = desk.html("", elem_id="b-sum-result")
    desk.on([go.click, typed.submit], _sum, [typed], [shown])

    def clicked(session: Session, event: Any) -> list[Any]:
        return [_sum(session, str(event.word)), str(event.word)]

    desk.on(examples.click, clicked, [], [shown, typed], event=True)

    def refresh(session: Session) -> list[Any]:
        found = _possible_sums(session)
        said = pieces.chips(found, "sum", label=tr("For example", "たとえば")) if found else ""
        return [said, ""]

    desk.refreshed([examples, shown], refresh)


def _possible_sums(session: Session) -> list[str]:
    """Sums whose words all occur; else one of frequent words."""
    if session.collection is None:
        return []
    known = ("王 - 男 + 女", "王様 - 男 + 女", "king - man + woman", "父 - 男 + 女")
    vocabulary = session.collection.vocabulary
    some = [
        one
        for one in known
        if all(vocabulary.find(part) for part in one.replace(" - ", " + ").split(" + "))
    ]
    if some:
        return some
    nouns = choices.frequent(session, 6)
    return (
        [f"{nouns[0]} - {nouns[1]} + {nouns[2]}", f"{nouns[3]} + {nouns[4]}"]
        if len(nouns) > 4
        else []
    )


def _sum(session: Session, typed: str) -> str:
    if not (typed or "").strip():
        raise BadInput(
            tr("Type a sum.", "式を入力してください。"),
            remedy=tr("For example: king - man + woman", "例: 王 - 男 + 女"),
        )
    return _compare(session, typed)


# A map of all words


def _map(desk: Desk, tab: Any) -> None:
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
            bar = markup("")
        with gr.Column(scale=4, min_width=320):
            shown = markup(_map_invitation(), elem_id="b-word-map")

    def draw(session: Session, name: str, method: str, most: int) -> Job:
        collection = session.open
        return session.begin(
            "words",
            tr("Drawing", "描画中"),
            lambda: collection_map(collection, name, method, int(most)),
        )

    def done(session: Session, job: Job) -> list[Any]:
        page: MapPage = job.result
        key = desk.sessions.publish(session, page, "words", desk.language)
        links = pieces.downloads(
            desk.base,
            key,
            "words",
            [("png", "PNG"), ("svg", "SVG"), ("xlsx", "Excel"), ("csv", "CSV")],
        )
        return ["", pieces.frame(desk.base, key, tr("A map of the words", "語の地図")) + links]

    desk.watch(
        go.click, draw, [by, method, most], slot="words", bar=bar, outputs=[shown], finish=done
    )

    def ways(session: Session) -> list[tuple[str, str]]:
        kept = {} if session.collection is None else session.collection.state.get("vectors", {})
        counted = (tr("Counts (PPMI)", "数える (PPMI)"), "counts")
        return [counted, *((_NAMES.get(name, name), name) for name in kept)]

    desk.on(
        tab.select, lambda session: gr.update(choices=ways(session)), [], [by], spinner="hidden"
    )
    desk.refreshed(
        [by, shown],
        lambda session: [gr.update(choices=ways(session), value="counts"), _map_invitation()],
    )


def _map_invitation() -> str:
    return pieces.empty(
        tr("A map of the words", "語の地図"),
        tr(
            "Words used alike lie together. Press Draw; then search for a word, zoom, and point at "
            "dots.",
            "使われ方の似た語が近くに並びます。「描く」を押し、語を探したり拡大したりしてみてください。",
        ),
    )
