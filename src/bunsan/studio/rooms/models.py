"""Models: what is here, the catalogue, a card of each."""

from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup
from bunsan.tasks.table import Table


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    from bunsan.models.catalogue import TASKS

    with gr.Row(equal_height=False, elem_classes="b-ask"):
        words = gr.Textbox(
            label=tr("Words", "語"),
            placeholder=tr("bert tohoku", "bert 東北大"),
            scale=3,
            elem_id="b-model-words",
        )
        task = gr.Dropdown(
            [(tr("any use", "すべての用途"), ""), *((tr(*TASKS[one]), one) for one in TASKS)],
            value="",
            label=tr("Use", "用途"),
            scale=2,
            min_width=150,
        )
        local = gr.Checkbox(
            False, label=tr("Only those here", "手元にあるもの"), scale=1, min_width=140
        )
        go = gr.Button(tr("List", "一覧"), variant="primary", scale=1, min_width=90,
                       elem_id="b-list-models")  # fmt: skip
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            listed = desk.html("", elem_id="b-models")
        with gr.Column(scale=2, min_width=300):
            card = markup("", elem_id="b-card")
    desk.on([go.click, words.submit, desk.tab.select], _listed, [words, task, local], [listed])
    desk.on(
        listed.click,
        lambda session, event: _card(str(event.word)),
        [],
        [card],
        event=True,
    )


def _listed(session: Session, words: str, task: str, local: bool) -> str:
    from bunsan.tasks.models import list_models, opening

    found = list_models((words or "").split(), task=task or None, local=bool(local))
    if not len(found):
        return pieces.empty(
            tr("No model", "該当するモデルはありません"),
            tr("Try fewer words.", "語を減らしてみてください。"),
        )
    columns = ("name", "family", "size")
    table = Table(
        {
            **{name: [v or "" for v in found[name]] for name in columns},
            "opens": [
                opening(row["opens"], bool(row["sure"]), (row["missing"] or "").split())
                for row in found
            ],
            "here": [
                "" if megabytes is None else f"{megabytes:,.0f} MB"
                for megabytes in found["megabytes"]
            ],
        },
        {**found.titles, "here": tr("here", "手元")},
    )
    count = tr(f"{len(table):,} models", f"{len(table):,} モデル")
    shown = pieces.word_table(
        table, ("name", "family", "size", "opens", "here"), word="name", action="card",
        numbered=False,
    )  # fmt: skip
    typed = (words or "").split()
    options = {"task": task or None, "local": True if local else None}
    twin = twins.of_models(
        twins.Twin(
            f"print({twins.call('bunsan.list_models', typed, **options)})",
            twins.command("models", "search" if typed else "list", *typed, **options),
        )
    )
    return pieces.heading(tr("Catalogue", "目録"), count) + shown + twin


def _card(name: str) -> str:
    from bunsan.tasks.models import describe_model

    card = describe_model(name)
    rows = "".join(
        pieces.element(
            "tr",
            pieces.element("th", pieces.words(title), scope="row"),
            pieces.element("td", pieces.words(value)),
        )
        for title, value in card.lines()
    )
    note = (
        pieces.element(
            "p",
            pieces.words(tr("?: nobody has checked this.", "?: まだ誰も確かめていない値です。")),
            class_="b-soft",
        )
        if card.unverified
        else ""
    )
    table = pieces.element("table", pieces.element("tbody", rows), class_="b-table b-facts")
    twin = twins.of_models(
        twins.Twin(
            f"for title, value in bunsan.describe_model({name!r}).lines():\n    print(title, value)",
            twins.command("models", "show", name),
        )
    )
    return pieces.heading(card.name) + pieces.div("b-scroll", table) + note + twin
