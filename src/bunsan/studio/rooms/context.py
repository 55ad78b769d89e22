"""Context: one word in two sentences, by a model that reads whole sentences."""

import contextlib
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.charts import line_chart
from bunsan.studio.contexts import Attention, TwoContexts, compare_contexts
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

_EXAMPLES = {
    "首": ("寝違えて首を痛める。", "会社を首になる。"),
    "bank": ("He sat on the bank of the river.", "She put her money in the bank."),
    "手": ("手を洗ってから食べる。", "その手は使えない。"),
}


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(
                list(desk.settings.models),
                value=desk.settings.models[0] if desk.settings.models else None,
                label=tr("Model: a folder or a name", "モデル(フォルダーか名前)"),
                info=tr("A BERT or the like.", "BERT の類い。"),
                allow_custom_value=True,
                elem_id="b-context-model",
            )
            first = gr.Textbox(label=tr("First sentence", "1 つ目の文"), elem_id="b-first")
            second = gr.Textbox(label=tr("Second sentence", "2 つ目の文"), elem_id="b-second")
            word = gr.Textbox(label=tr("The word in both", "両方にある語"), elem_id="b-both")
            go = gr.Button(tr("Compare", "比べる"), variant="primary", elem_id="b-contexts")
            examples = desk.html(
                pieces.chips(_EXAMPLES, "example", label=tr("For example", "たとえば"))
            )
            bar = markup("", elem_id="b-context-bar")
        with gr.Column(scale=3, min_width=320):
            shown = markup(
                pieces.empty(
                    tr("One word, two meanings", "1 つの語、2 つの意味"),
                    tr(
                        "A word vector is the same everywhere. A model that reads the sentence gives "
                        "the word another vector in each. Choose a model and compare.",
                        "語のベクトルはどこでも同じですが、文を読むモデルは文ごとに違うベクトルを与えます。"
                        "モデルを選んで比べてみてください。",
                    ),
                ),
                elem_id="b-context",
            )

    def clicked(session: Session, event: Any) -> list[Any]:
        chosen = str(event.word)
        return [*_EXAMPLES[chosen], chosen]

    desk.on(examples.click, clicked, [], [first, second, word], event=True)
    offer(desk, model)

    def begin(session: Session, name: str | None, a: str, b: str, word: str) -> Job:
        chosen = chosen_model(desk, name)

        def work() -> tuple[TwoContexts, str]:
            opened = desk.sessions.model(chosen)
            with desk.sessions.busy(chosen):
                found = compare_contexts(opened, chosen, (a or "", b or ""), word or "")
            return found, chosen

        return session.begin("context", tr("Reading", "読み取り中"), work)

    desk.watch(
        [go.click, word.submit],
        begin,
        [model, first, second, word],
        slot="context",
        bar=bar,
        outputs=[shown],
        finish=lambda session, job: ["", _shown(*job.result)],
    )


def offered(desk: Desk, session: Session | None = None) -> list[Any]:
    """Models to choose from: those the visitor has made, those given to the studio, and those on this
    machine."""
    from bunsan.tasks.models import list_models

    here = tr("trained here", "ここで学習")
    made = [] if session is None else [(f"{here}: {f.name}", str(f)) for f in session.made]
    names = list(desk.settings.models)
    if desk.settings.own_machine:
        with contextlib.suppress(Missing):  # the library that keeps them is not installed
            table = list_models(local=True)
            names += [n for n, whole in zip(table["name"], table["complete"], strict=True) if whole]
    return [*reversed(made), *dict.fromkeys(names)]


def offer(desk: Desk, model: Any, tab: Any = None) -> None:
    """Look for models whenever the room, or a tab in it, is entered."""
    desk.on(
        [desk.tab.select, *([] if tab is None else [tab.select])],
        lambda session: gr.update(choices=offered(desk, session)),
        [],
        [model],
        spinner="hidden",
    )


def chosen_model(desk: Desk, name: str | None, session: Session | None = None) -> str:
    """The model that was named.

    Raises
    ------
    BadInput : none was, or visitors may not name folders of this machine.
    """
    name = (name or "").strip()
    if not name:
        raise BadInput(
            tr("Which model?", "モデルが指定されていません。"),
            remedy=tr(
                "Give the folder of a model, or a name from the room Models.",
                "モデルのフォルダーか、「モデル」にある名前を指定してください。",
            ),
        )
    made = session is not None and Path(name) in session.made
    if not desk.settings.own_machine and name not in desk.settings.models and not made:
        raise BadInput(tr(f"{name} is not offered here.", f"{name} はここでは使えません。"))
    return name


def _shown(found: TwoContexts, model: str) -> str:
    chart = line_chart(
        found.by_layer,
        flat=tr("static vectors: one and the same", "静的なベクトル: どちらも同じ"),
        across=tr("layer", "層"),
        label=tr("cosine", "コサイン"),
    )
    last = found.by_layer[-1]
    facts = pieces.tiles(
        [
            (tr("static", "静的なベクトル"), "1.000"),
            (tr("last layer", "最終層"), f"{last:.3f}"),
            (tr("least", "最小"), f"{min(found.by_layer):.3f}"),
        ]
    )
    seen = " / ".join(" ".join(one) for one in found.pieces)
    title = pieces.heading(
        tr(f"How alike is {found.word} in both?", f"2 つの文の「{found.word}」はどれだけ似ている?"),
        tr(f"tokens: {seen}", f"トークン: {seen}"),
    )
    blocks = [title, facts, chart, _guesses(found), _attention_title()]
    blocks += [_attention(one, found.word) for one in found.attention]
    return "".join([*blocks, _twin(found, model)])


def _twin(found: TwoContexts, model: str) -> str:
    """The same numbers in Python; the command line gives the vectors of the last layer."""
    sentences = list(found.sentences)
    spans = [[span] for span in found.spans]
    lines = [
        "import bunsan",
        "",
        f"model = bunsan.open({model!r})",
        f"sentences = {sentences!r}",
        f"spans = {spans!r}  # {found.word}",
        f"for layer in range({len(found.by_layer)}):",
        "    [[a], [b]] = model.words(sentences, layers=(layer,), spans=spans)",
        "    a, b = a.vector, b.vector",
        "    print(layer, a @ b / ((a @ a) ** 0.5 * (b @ b) ** 0.5))",
        "print(model.attention(sentences[0]).weights.shape)",
    ]
    if found.guesses:
        begin, end = found.spans[0]
        hidden = f"{sentences[0][:begin]}[MASK]{sentences[0][end:]}"
        lines += ["", "from bunsan.tasks.masked import MaskedWords", ""]
        lines += [f"print(MaskedWords({model!r}).guess({hidden!r}, k=8))"]
    given = " ".join(map(twins.quoted, sentences))
    line = twins.command("encode", "-", model=model, pool="words")
    return twins.shown("\n".join(lines), f"printf '%s\\n' {given} | {line}")


def _guesses(found: TwoContexts) -> str:
    if not found.guesses:
        return ""
    blocks = []
    for sentence, places in zip(found.sentences, found.guesses, strict=True):
        for place in places:
            blocks.append(
                pieces.div(
                    "b-block",
                    pieces.element("p", pieces.words(sentence), class_="b-soft"),
                    pieces.bars(list(place.guesses)),
                )
            )
    title = pieces.heading(
        tr("What could stand there instead?", "代わりに入りそうな語は?"),
        tr("guesses of the model, with probabilities", "モデルの予測と確率"),
    )
    return title + pieces.div("b-blocks", *blocks)


def _attention_title() -> str:
    return pieces.heading(
        tr("Attention", "アテンション"),
        tr("click on a token: the warmer, the more it looks there",
           "トークンをクリック: 色が濃いほど強く注目"),
    )  # fmt: skip


def _attention(found: Attention, word: str) -> str:
    start = next(
        (i for i, token in enumerate(found.tokens) if token.lower() in word.lower() and token), 0
    )
    tokens = [
        pieces.element(
            "button", pieces.words(token or "␣"), type="button", class_="b-token", data_at=str(i)
        )
        for i, token in enumerate(found.tokens)
    ]
    sliders = pieces.div(
        "b-sliders",
        _slider("layer", tr("layer", "層"), found.layers - 1, found.layers - 1),
        _slider("head", tr("head", "ヘッド"), found.heads, found.heads),
    )
    return pieces.div(
        "b-attention",
        pieces.div("b-tokens", *tokens),
        sliders,
        data_weights=found.weights,
        data_heads=str(found.heads),
        data_from=str(start),
        data_mean=tr("mean", "平均"),
    )


def _slider(name: str, label: str, most: int, value: int) -> str:
    field = (
        f'<input type="range" name="{name}" min="0" max="{most}" value="{value}" '
        f'aria-label="{pieces.words(label)}">'
    )
    return pieces.element(
        "label", pieces.words(label), field, pieces.element("b", "", data_says=name)
    )
