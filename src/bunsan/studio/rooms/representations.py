"""One word in every representation a collection has, side by side; arithmetic with words."""

from typing import Any

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.language import tr
from bunsan.studio import choices, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

_METHODS = ("word2vec", "fasttext", "glove")
NAMES = {"word2vec": "word2vec", "fasttext": "fastText", "glove": "GloVe"}


def beside(desk: Desk) -> None:
    """Lay the comparison out and join its deeds."""
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
                tr(f"Learn {NAMES[name]}", f"{NAMES[name]} を学習"),
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
            finish=lambda session, job: [_vectors_learned(session, job), *_offers(session)],
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
    title = tr(f"Learning {NAMES[name]}", f"{NAMES[name]} を学習中")

    def work() -> str:
        collection.learn_vectors(name)
        return name

    return session.begin("learning", title, work)


def _vectors_learned(session: Session, job: Job) -> str:
    name = NAMES[job.result]
    again = "" if session.origin is None else session.origin.again
    twin = twins.Twin(
        twins.call("collection.learn_vectors", job.result),
        f"{again} --vectors {job.result}" if again else "",
    )
    return twins.of_collection(session, twin) + pieces.notice(
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
    deeds = [
        twins.asked(session, "similar", typed, k=12)
        if name == "counts"
        else twins.Twin(
            twins.asked(session, "nearest", typed, vectors=name, k=12).python,
            twins.asked(session, "similar", typed, vectors=name, k=12).command,
        )
        for name, *_ in _ways(session)
    ]
    return pieces.div("b-blocks b-beside", *columns) + twins.of_collection(session, *deeds)


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
    return ways + [(name, NAMES.get(name, name), notes.get(name, "")) for name in kept]


def arithmetic(desk: Desk) -> None:
    """Lay the arithmetic out and join its deeds."""
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
