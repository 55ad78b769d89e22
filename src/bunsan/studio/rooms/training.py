"""Training: a model for a task from a table with labels, watched while it learns."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import dropped, pieces, trained
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.lesson import Lesson
from bunsan.studio.rooms.context import chosen_model, offer
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, keeping, markup

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.making import FineTuned

# The columns of every task, the one of labels last.
_PARTS = {
    "classification": ("text", "label"),
    "pairs": ("text", "text2", "label"),
    "regression": ("text", "label"),
    "similarity": ("text", "text2", "label"),
    "tokens": ("text", "label"),
    "answers": ("question", "text", "label"),
    "choices": ("question", "choices", "label"),
}
_ORDER = ("text", "text2", "question", "choices", "label")


def tasks() -> list[tuple[str, str]]:
    """The tasks: (what people read, name)."""
    return [
        (tr("labels of texts", "文章の分類"), "classification"),
        (tr("labels of two texts", "2 文の関係(含意など)"), "pairs"),
        (tr("a number for a text", "文章の数値(回帰)"), "regression"),
        (tr("how alike two texts are", "2 文の類似度"), "similarity"),
        (tr("words in a text (entities)", "文中の語句(固有表現など)"), "tokens"),
        (tr("answers cut from a passage", "本文から答えを抜き出す"), "answers"),
        (tr("one of several choices", "選択肢から選ぶ"), "choices"),
    ]


def build(desk: Desk, tab: Any) -> Any:
    """Lay the part out and join its deeds; returns the button that goes on to use the model."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            task = gr.Dropdown(
                tasks(),
                value="classification",
                label=tr("What to learn", "何を学習するか"),
                elem_id="b-train-task",
            )
            file = gr.File(
                label=tr("A table with labels", "ラベルつきの表"),
                height=130,
                elem_id="b-train-file",
            )
            with gr.Column(visible=False) as columns:
                parts = {part: _dropdown(part) for part in _ORDER}
                sheet = gr.Dropdown([], label=tr("Sheet", "シート"), visible=False)
                encoding = gr.Dropdown(
                    [], label=tr("Encoding", "文字コード"), visible=False, elem_id="b-train-enc"
                )
            model = gr.Dropdown(
                list(desk.settings.models),
                value=desk.settings.models[0] if desk.settings.models else None,
                label=tr("Model to begin with: a folder or a name", "元のモデル(フォルダーか名前)"),
                info=tr("BERT, RoBERTa, ELECTRA ...", "BERT・RoBERTa・ELECTRA など。"),
                allow_custom_value=True,
                elem_id="b-train-model",
            )
            epochs = gr.Slider(
                1, 30, 3, step=1, label=tr("Epochs", "エポック数"),
                info=tr("times that every row is read", "全行を何回学習するか"),
                elem_id="b-epochs",
            )  # fmt: skip
            minutes = gr.Number(
                0,
                minimum=0,
                label=tr("Minutes at most", "時間の上限(分)"),
                info=tr("0: as long as it takes", "0 なら最後まで学習する"),
                elem_id="b-minutes",
            )
            with gr.Accordion(tr("More", "詳しい設定"), open=False):
                batch = gr.Slider(
                    1, 128, 32, step=1, label=tr("Rows an update", "1 回の更新の行数")
                )
                rate = gr.Number(
                    0,
                    minimum=0,
                    label=tr("Learning rate", "学習率"),
                    info=tr("0: the usual one", "0 なら標準の値"),
                    elem_id="b-rate",
                )
                separator = gr.Textbox(
                    label=tr("Sign between several labels", "複数ラベルの区切り記号"),
                    info=tr("Only where texts have several.", "1 件に複数のラベルがある場合だけ。"),
                )
            keep = keeping(
                tr("Keep the model in the folder", "モデルの保存先フォルダー"),
                "my-model",
                visible=desk.settings.own_machine,
                elem_id="b-train-to",
            )
            go = gr.Button(tr("Train", "学習する"), variant="primary", elem_id="b-train-go")
        with gr.Column(scale=4, min_width=320):
            bar = markup("", elem_id="b-train-bar")
            stop = gr.Button(
                tr("Stop and keep what was learned", "止めて、ここまでの結果を残す"),
                visible=False,
                size="sm",
                elem_id="b-stop-train",
            )
            use = gr.Button(
                tr("Use this model", "このモデルを使う"), visible=False, elem_id="b-use-it"
            )
            shown = markup("", elem_id="b-trained")
            preview = markup(_invitation(), elem_id="b-train-preview")

    picked = [preview, columns, *parts.values(), sheet, encoding]
    offer(desk, model, tab)

    def pick(session: Session, path: str | None, task: str) -> list[Any]:
        session.table = None if path is None else Path(path)
        return _looked(session, task, None, None)

    def again(session: Session, task: str, sheet: str | None, encoding: str | None) -> list[Any]:
        return _looked(session, task, sheet, encoding)

    desk.on(file.upload, pick, [file, task], picked)
    desk.on(file.clear, lambda session: pick(session, None, "classification"), [], picked)
    desk.on([task.input, sheet.input, encoding.input], again, [task, sheet, encoding], picked)
    settings = [model, epochs, minutes, batch, rate, separator, keep, sheet, encoding]
    desk.watch(
        go.click,
        lambda session, *values: _begin(desk, session, *values),
        [task, *parts.values(), *settings],
        slot="training",
        bar=bar,
        stop=stop,
        outputs=[shown, use, preview],
        finish=lambda session, job: _done(desk, session, job),
    )
    return use


def _dropdown(part: str) -> Any:
    return gr.Dropdown(
        [],
        label=_name(part, "classification"),
        visible=part in _PARTS["classification"],
        multiselect=part == "choices",
        elem_id=f"b-train-{part}",
    )


def _name(part: str, task: str) -> str:
    """What a column is called in a task."""
    if part == "text" and task == "answers":
        return tr("Passage", "本文(答えを探す文章)")
    if part == "text" and task in ("pairs", "similarity"):
        return tr("First text", "1 つ目の文")
    if part == "label":
        return {
            "regression": tr("Number", "数値の列"),
            "similarity": tr("Number", "数値の列"),
            "tokens": tr("Words and their types", "語句と種類の列"),
            "answers": tr("Answer", "答えの列"),
            "choices": tr("Right choice", "正解の列"),
        }.get(task, tr("Label", "ラベルの列"))
    return {
        "text": tr("Text", "本文の列"),
        "text2": tr("Second text", "2 つ目の文"),
        "question": tr("Question", "質問の列"),
        "choices": tr("Choices", "選択肢の列"),
    }[part]


def _looked(session: Session, task: str, sheet: str | None, encoding: str | None) -> list[Any]:
    """The file as it looks, and which column is what."""
    gone = gr.update(visible=False)
    if session.table is None:
        return [_invitation(), gone, *(gr.skip() for _ in (*_ORDER, 0, 0))]
    try:
        found = dropped.look(session.table, sheet, encoding)
    except BadInput as error:
        again = gr.update(choices=dropped.encodings(), value=encoding or "", visible=True)
        some = error.row is not None or encoding is not None
        hidden = [gone for _ in _ORDER]
        return [pieces.mistake(error), gr.update(visible=some), *hidden, gone, again]
    guessed = dropped.guessed_parts(task, found, session.table.name)
    wanted = _PARTS[task] if found.columns else ()
    updates = [
        gr.update(
            choices=found.columns,
            value=_value(part, guessed.get(part)),
            visible=part in wanted,
            label=_name(part, task),
        )
        for part in _ORDER
    ]
    looked = found.found
    sheets = () if looked is None else looked.sheets
    return [
        found.preview(session.table),
        gr.update(visible=looked is not None),
        *updates,
        gr.update(
            choices=list(sheets), value=sheet or next(iter(sheets), None), visible=len(sheets) > 1
        ),
        gr.update(
            choices=dropped.encodings(),
            value=encoding or "",
            visible=looked is not None and looked.format in dropped.TEXT_FORMATS,
        ),
    ]


def _value(part: str, guessed: Any) -> Any:
    if part == "choices":
        return [guessed] if isinstance(guessed, str) else guessed or []
    return guessed


def _begin(desk: Desk, session: Session, task: str, *values: Any) -> Job:
    from bunsan.tasks.finetuning.entry import finetune

    given = dict(zip(_ORDER, values[: len(_ORDER)], strict=True))
    model, epochs, minutes, batch, rate, separator, keep, sheet, encoding = values[len(_ORDER) :]
    table = session.table
    if table is None:
        raise dropped.no_file()
    columns = {part: given[part] for part in _PARTS[task] if given[part]}
    _check(task, columns)
    name = chosen_model(desk, model, session)
    folder = _place(desk, session, keep)
    several = task == "classification" and separator
    options: dict[str, Any] = {
        "columns": columns or None,
        "separator": (separator.strip() or None) if several else None,
        "epochs": int(epochs),
        "minutes": float(minutes) if minutes else None,
        "batch": int(batch),
        "rate": float(rate) if rate else None,
        "sheet": sheet or None,
        "encoding": encoding or None,
    }
    given_options = {key: value for key, value in options.items() if value is not None}
    lesson = Lesson()

    def work() -> tuple["FineTuned", Lesson, str]:
        if not desk.sessions.training.acquire(blocking=False):
            raise BadInput(
                tr("Another model is learning.", "別のモデルを学習中です。"),
                remedy=tr("Wait until it has ended.", "終わるまで待ってください。"),
            )
        try:
            done = finetune(
                task,
                table,
                model=name,
                to=folder,
                on_step=lesson.note,
                enough=lesson.enough.is_set,
                **given_options,
            )
        finally:
            desk.sessions.training.release()
        session.made.append(folder)
        shown_folder = keep.strip() if keep and keep.strip() else "my-model"
        return done, lesson, trained.twin(task, table.name, name, shown_folder, options)

    return session.begin("training", tr("Training", "学習中"), work, lesson)


def _check(task: str, columns: dict[str, Any]) -> None:
    used = [
        one for name in columns.values() for one in (name if isinstance(name, list) else [name])
    ]
    for name in used:
        if used.count(name) > 1:
            raise BadInput(
                tr(
                    f"The column {name} is chosen twice.",
                    f"列「{name}」が 2 か所で選ばれています。",
                ),
                remedy=tr(
                    "Choose another one for one of them.", "どちらかを別の列にしてください。"
                ),
            )
    missing = [part for part in _PARTS[task] if part not in columns]
    if columns and missing:
        named = _name(missing[0], task)
        raise BadInput(
            tr(f"No column is chosen for: {named}", f"「{named}」が選ばれていません。"),
            remedy=tr("Choose one on the left.", "左の欄で列を選んでください。"),
        )


def _place(desk: Desk, session: Session, keep: str | None) -> Path:
    """The folder of the model: a new one, or one this visitor has made."""
    if not desk.settings.own_machine or not keep or not keep.strip():
        return session.folder / f"model-{len(session.made) + 1}"
    folder = Path(keep.strip()).expanduser().absolute()
    if folder.exists() and folder not in session.made:
        raise BadInput(
            tr(f"{folder} is there already.", f"{folder} は既にあります。"),
            remedy=tr("Give another name.", "別の名前にしてください。"),
        )
    return folder


def _done(desk: Desk, session: Session, job: Job) -> list[Any]:
    done, lesson, twin = job.result
    key = desk.sessions.publish(session, trained.Archive(done.folder), "model", desk.language)
    links = pieces.downloads(desk.base, key, done.folder.name, [("zip", "ZIP")])
    kept = not done.folder.is_relative_to(desk.sessions.folder)
    shown = trained.shown(done, lesson, kept=kept) + links + twin
    return ["", shown, gr.update(visible=True), ""]


def _invitation() -> str:
    return pieces.empty(
        tr("A model of your own", "自分のモデル"),
        tr(
            "Drop a table in which some hundred rows have a label, choose a model to begin with, and "
            "watch it learn. Some of the rows are held out to tell how well it does.",
            "数百行にラベルのついた表を置き、元になるモデルを選ぶと、学習の様子を見られます。"
            "行の一部は取り分けて、どれだけ当てられるかを確かめます。",
        ),
    )
