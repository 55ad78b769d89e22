"""Using: what a fine-tuned model says of a text that is typed, or of every row of a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import answers, dropped, pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.rooms.context import chosen_model, offer, offered
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, markup

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.opened import OpenedTask

_TWO = ("pairs", "similarity", "answers")


def build(desk: Desk, tab: Any, views: Any, use: Any) -> None:
    """Lay the part out and join its deeds.

    Parameters
    ----------
    tab : where it lies, one of `views`. use : the button that takes the model just trained.
    """
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            model = gr.Dropdown(
                list(desk.settings.models),
                value=None,
                label=tr(
                    "Fine-tuned model: a folder or a name", "学習済みモデル(フォルダーか名前)"
                ),
                info=tr(
                    "One with a head for a task, such as those trained here.",
                    "課題用に学習したモデル。ここで学習したものなど。",
                ),
                allow_custom_value=True,
                elem_id="b-use-model",
            )
            about = markup("", elem_id="b-use-about")
            first = gr.Textbox(label=tr("Text", "文章"), lines=4, elem_id="b-use-first")
            second = gr.Textbox(
                label=tr("Second text", "2 つ目の文"),
                lines=2,
                visible=False,
                elem_id="b-use-second",
            )
            go = gr.Button(tr("Answer", "答える"), variant="primary", elem_id="b-use-go")
            markup(pieces.heading(tr("Or a whole table", "または表をまとめて")))
            file = gr.File(
                label=tr("A table of texts", "文章の表"), height=110, elem_id="b-use-file"
            )
            encoding = gr.Dropdown(
                dropped.encodings(), value="", label=tr("Encoding", "文字コード"), visible=False
            )
            rows = gr.Button(
                tr("Answer every row", "全行に答える"), visible=False, elem_id="b-use-rows"
            )
        with gr.Column(scale=4, min_width=320):
            bar = markup("", elem_id="b-use-bar")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop-use")
            shown = markup(_invitation(), elem_id="b-used")
            preview = markup("", elem_id="b-use-preview")
    offer(desk, model, tab)
    fields = [about, first, second]
    desk.on(
        [model.input, model.select],
        lambda session, name: _about(desk, session, name),
        [model],
        fields,
    )

    def take(session: Session) -> list[Any]:
        name = str(session.made[-1]) if session.made else ""
        there = gr.update(choices=offered(desk, session), value=name)
        return [gr.update(selected="use"), there, *_about(desk, session, name)]

    desk.on(use.click, take, [], [views, model, *fields])

    def pick(session: Session, path: str | None) -> list[Any]:
        session.asked = None if path is None else Path(path)
        return _looked(session, None)

    seen = [preview, rows, encoding]
    desk.on(file.upload, pick, [file], seen)
    desk.on(file.clear, lambda session: pick(session, None), [], seen)
    desk.on(encoding.input, _looked, [encoding], seen)
    for event, begin, inputs in (
        (go.click, _answer, [model, first, second]),
        (rows.click, _answer_rows, [model, encoding]),
    ):
        desk.watch(
            event,
            lambda session, *values, begin=begin: begin(desk, session, *values),
            inputs,
            slot="answering",
            bar=bar,
            stop=stop,
            outputs=[shown, preview],
            finish=lambda session, job: ["", job.result(desk, session), ""],
        )


def _about(desk: Desk, session: Session, name: str | None) -> list[Any]:
    """What the model answers, and the fields that it wants."""
    opened = desk.sessions.answering(chosen_model(desk, name, session))
    task = opened.task.name
    titles = {
        "pairs": (tr("First text", "1 つ目の文"), tr("Second text", "2 つ目の文")),
        "similarity": (tr("First text", "1 つ目の文"), tr("Second text", "2 つ目の文")),
        "answers": (tr("Passage", "本文(答えを探す文章)"), tr("Question", "質問")),
        "choices": (tr("Question", "質問"), tr("Choices, one a line", "選択肢(1 行に 1 つ)")),
    }
    first, second = titles.get(task, (tr("Text", "文章"), ""))
    said = {
        "classification": tr("It gives texts labels.", "文章にラベルを付けるモデルです。"),
        "pairs": tr("It gives two texts a label.", "2 つの文の関係を答えるモデルです。"),
        "regression": tr("It gives texts a number.", "文章に数値を付けるモデルです。"),
        "similarity": tr(
            "It tells how alike two texts are.", "2 つの文の類似度を答えるモデルです。"
        ),
        "tokens": tr("It finds words in texts.", "文章から語句を見つけるモデルです。"),
        "answers": tr("It finds answers in passages.", "本文から答えを見つけるモデルです。"),
        "choices": tr("It takes one of several choices.", "選択肢から選ぶモデルです。"),
    }[task]
    labels = tr(", ", "、").join(opened.labels[:12])
    return [
        pieces.notice(said, labels),
        gr.update(label=first),
        gr.update(label=second, visible=bool(second)),
    ]


def _looked(session: Session, encoding: str | None) -> list[Any]:
    gone = gr.update(visible=False)
    if session.asked is None:
        return ["", gone, gone]
    try:
        found = dropped.look(session.asked, None, encoding)
    except BadInput as error:
        return [pieces.mistake(error), gone, gr.update(visible=encoding is not None)]
    text = found.found is not None and found.found.format in dropped.TEXT_FORMATS
    return [found.preview(session.asked), gr.update(visible=True), gr.update(visible=text)]


def _answer(desk: Desk, session: Session, name: str | None, first: str, second: str) -> Job:
    chosen = chosen_model(desk, name, session)

    def work() -> Any:
        opened = desk.sessions.answering(chosen)
        given = _given(opened, first or "", second or "")
        with desk.sessions.busy(chosen):
            said = opened.predict(given)
        texts = (given,) if isinstance(given, str) else given
        shown = answers.one(opened.task, texts, said, opened.labels)
        return lambda desk, session: shown + _twin_of_text(chosen, opened, given)

    return session.begin("answering", tr("Answering", "回答中"), work)


def _given(opened: "OpenedTask", first: str, second: str) -> str | tuple[str, ...]:
    """What was typed, as the task takes it."""
    task = opened.task.name
    lines = tuple(line.strip() for line in second.splitlines() if line.strip())
    if not first.strip():
        raise BadInput(tr("Type a text.", "文章を入力してください。"))
    if task == "choices":
        if len(lines) < 2:
            raise BadInput(
                tr("Two or more choices are wanted.", "選択肢が 2 つ以上必要です。"),
                remedy=tr("Type one a line.", "1 行に 1 つ入力してください。"),
            )
        return (first.strip(), *lines)
    if task in _TWO:
        if not second.strip():
            raise BadInput(
                tr("The second field is empty.", "2 つ目の欄が空です。"),
                remedy=tr("Type a text in both.", "両方に入力してください。"),
            )
        # A question comes before its passage, as in a table of them.
        return (second, first) if task == "answers" else (first, second)
    return first


def _twin_of_text(model: str, opened: "OpenedTask", given: str | tuple[str, ...]) -> str:
    python = f"model = bunsan.open_task({model!r})\nprint(model.predict({given!r}))"
    line = ""
    if isinstance(given, str) and "\n" not in given:
        predict = twins.command("predict", model, "-", probabilities=True)
        line = f"printf '%s\\n' {twins.quoted(given)} | {predict}"
    return twins.of_models(twins.Twin(python, line))


def _answer_rows(desk: Desk, session: Session, name: str | None, encoding: str | None) -> Job:
    chosen, table = chosen_model(desk, name, session), session.asked
    if table is None:
        raise dropped.no_file()

    def work() -> Any:
        opened = desk.sessions.answering(chosen)
        with desk.sessions.busy(chosen):
            found = answers.answer_table(opened, table, encoding or None)
        return lambda desk, session: _table(desk, session, found, opened, chosen, table, encoding)

    return session.begin("answering", tr("Answering", "回答中"), work)


def _table(
    desk: Desk,
    session: Session,
    found: answers.Answered,
    opened: "OpenedTask",
    model: str,
    table: Path,
    encoding: str | None,
) -> str:
    key = desk.sessions.publish(session, found, "predictions", desk.language)
    links = pieces.downloads(desk.base, key, "predictions", [("xlsx", "Excel"), ("csv", "CSV")])
    count = len(found.items)
    title = pieces.heading(
        tr(f"{count:,} rows answered", f"{count:,} 行に答えました"),
        tr("the first ones; all of them in the file", "最初の行だけを表示。ファイルには全行"),
    )
    left = tr(f"{found.left_out:,} rows without a text were left out.",
              f"本文のない {found.left_out:,} 行は読み飛ばしました。")  # fmt: skip
    note = pieces.notice(left) if found.left_out else ""
    options = {"probabilities": True, "encoding": encoding or None}
    line = twins.command("predict", model, table.name, **options, output="predictions.csv")
    reading = {"encoding": encoding or None}
    python = (
        f"model = bunsan.open_task({model!r})\n"
        f"for said in {twins.call('model.predict', table.name, **reading)}:\n    print(said)"
    )
    counts = answers.counted(found)
    twin = twins.of_models(twins.Twin(python, line))
    return title + note + counts + answers.many(found, opened.labels) + links + twin


def _invitation() -> str:
    return pieces.empty(
        tr("What does the model say?", "モデルは何と答える?"),
        tr(
            "Choose a model that was trained for a task, type a text or drop a table, and press Answer.",
            "課題用に学習したモデルを選び、文章を入力するか表を置いて、「答える」を押してください。",
        ),
    )
