"""The first room: a file is dropped and learned, or a collection opened, or the demo taken."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.studio import pieces, twins
from bunsan.studio.desk import Desk
from bunsan.studio.jobs import Job
from bunsan.studio.overview import overview_of
from bunsan.studio.sessions import Session
from bunsan.studio.toolkit import gr, keeping, markup

if TYPE_CHECKING:
    from bunsan.text.documents import Inspection

_ENCODINGS = ("utf-8", "cp932", "euc-jp", "iso-2022-jp", "utf-16")
_TEXT_FORMATS = ("csv", "tsv", "txt", "jsonl", "khcoder")
_SHOWN = 8


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            markup(pieces.heading(tr("Your own file", "自分のファイル")))
            file = gr.File(
                label=tr(
                    "Excel, CSV, text, JSON Lines, Parquet",
                    "Excel・CSV・テキスト・JSON Lines・Parquet",
                ),
                height=160,
                elem_id="b-file",
            )
            with gr.Column(visible=False) as options:
                text = gr.Dropdown([], label=tr("Text column", "本文の列"), elem_id="b-text")
                by = gr.Dropdown(
                    [],
                    label=tr("Groups", "グループの列"),
                    info=tr(
                        "Columns to compare by, such as area or year.",
                        "地域・年など、比べるための列。",
                    ),
                    multiselect=True,
                    elem_id="b-by",
                )
                sheet = gr.Dropdown([], label=tr("Sheet", "シート"), visible=False)
                encoding = gr.Dropdown(
                    [], label=tr("Encoding", "文字コード"), visible=False, elem_id="b-encoding"
                )
                keep = keeping(
                    tr("Keep it in the folder", "保存先フォルダー"),
                    "reviews.bunsan",
                    visible=desk.settings.own_machine,
                )
                learn = gr.Button(tr("Learn", "学習する"), variant="primary", elem_id="b-learn")
            demo_ja, demo_en = _demos()
            with gr.Column(visible=desk.settings.own_machine):
                markup(pieces.heading(tr("An existing collection", "既存のコレクション")))
                with gr.Row(elem_classes="b-ask"):
                    place = gr.Dropdown(
                        _nearby(),
                        value=None,
                        allow_custom_value=True,
                        show_label=False,
                        container=False,
                        label=tr("Folder", "フォルダー"),
                        scale=4,
                        elem_id="b-place",
                    )
                    opened = gr.Button(tr("Open", "開く"), scale=1, min_width=90, elem_id="b-open")
                trouble = markup("", elem_id="b-open-trouble")
        with gr.Column(scale=4, min_width=320):
            bar = markup("", elem_id="b-learning")
            stop = gr.Button(tr("Stop", "中止"), visible=False, size="sm", elem_id="b-stop")
            preview = markup(_invitation(), elem_id="b-preview")
            overview = markup("", elem_id="b-overview")

    picked = [preview, options, text, by, sheet, encoding]
    desk.on(file.upload, _picked, [file], picked)
    desk.on(file.clear, _cleared, [], picked)
    # Another sheet or encoding: look again.
    desk.on([sheet.input, encoding.input], _again, [sheet, encoding], picked)
    learned = desk.watch(
        learn.click,
        lambda session, *values: _learn(desk, session, *values),
        [text, by, sheet, encoding, keep],
        slot="learning",
        bar=bar,
        stop=stop,
        outputs=[preview],
        finish=lambda session, job: [_learned(session, job), ""],
    )
    desk.changed.append(learned)
    for button, world in ((demo_ja, "ja"), (demo_en, "en")):
        taken = desk.watch(
            button.click,
            lambda session, world=world: _demo(session, world),
            [],
            slot="learning",
            bar=bar,
            stop=stop,
            outputs=[preview],
            finish=lambda session, job: [_learned(session, job), ""],
        )
        desk.changed.append(taken)
    desk.changed.append(
        desk.on(
            opened.click,
            lambda session, folder: _open(desk, session, folder),
            [place],
            [trouble, preview, bar],
        )
    )
    desk.refreshed([overview, preview], _refreshed)
    desk.arrived.append(
        lambda came: desk.follow(
            came,
            "learning",
            bar=bar,
            stop=stop,
            finish=lambda session, job: [_learned(session, job)],
        )
    )


def _demos() -> tuple[Any, Any]:
    """The buttons of the demo, the reader's own language first."""
    markup(
        pieces.heading(tr("The demo", "デモ"), tr("made-up hotel reviews", "作り物の宿の口コミ"))
    )
    with gr.Row():
        ja = gr.Button(tr("in Japanese", "日本語"), elem_id="b-demo-ja")
        en = gr.Button(tr("in English", "英語"), elem_id="b-demo-en")
    return ja, en


def _invitation() -> str:
    return pieces.empty(
        tr("Nothing is open yet", "まだ何も開かれていません"),
        tr(
            "Drop a table or a text file on the left; its first rows are shown here before anything "
            "is learned. Or take the demo.",
            "左に表かテキストのファイルを置くと、学習の前に最初の数行をここで確かめられます。デモでも試せます。",
        ),
    )


def _refreshed(session: Session) -> list[Any]:
    there = session.collection is not None
    return [overview_of(session), "" if there else gr.skip()]


def take(session: Session, folder: str, name: str = "") -> None:
    """Open the collection of a folder for a visitor."""
    from bunsan.tasks.facade import open_collection

    session.collection = open_collection(folder)
    session.origin = twins.Origin(folder)
    session.name = name or Path(folder).name.removesuffix(".bunsan")


def _nearby() -> list[str]:
    """Collections in the folder in which the studio was started."""
    return sorted(
        path.name for path in Path.cwd().glob("*.bunsan") if (path / "state.json").is_file()
    )[:50]


# A file is dropped


def _cleared(session: Session) -> list[Any]:
    session.upload = None
    hidden = gr.update(visible=False)
    nothing = _invitation() if session.collection is None else ""
    return [nothing, hidden, gr.skip(), gr.skip(), gr.skip(), gr.skip()]


def _picked(session: Session, path: str | None) -> list[Any]:
    if path is None:
        return _cleared(session)
    session.upload = Path(path)
    return _looked(session, None, None)


def _again(session: Session, sheet: str | None, encoding: str | None) -> list[Any]:
    return _looked(session, sheet, encoding or None)


def _looked(session: Session, sheet: str | None, encoding: str | None) -> list[Any]:
    from bunsan.text.documents import inspect

    if session.upload is None:
        raise _no_file()
    try:
        found = inspect(str(session.upload), sheet=sheet or None, encoding=encoding, rows=_SHOWN)
    except BadInput as error:
        # The file may be readable in another encoding: leave the choice open.
        again = gr.update(choices=_encodings(), value=encoding or "", visible=True)
        shown = error.row is not None or encoding is not None
        return [
            pieces.mistake(error),
            gr.update(visible=shown),
            gr.skip(),
            gr.skip(),
            gr.skip(),
            again if shown else gr.skip(),
        ]
    columns = list(found.columns)
    is_text = found.format in _TEXT_FORMATS
    groups = [name for name in columns if name != found.text]
    return [
        _preview(found),
        gr.update(visible=True),
        gr.update(choices=columns, value=found.text, visible=bool(columns)),
        gr.update(choices=groups or list(found.by), value=list(found.by), visible=bool(columns)),
        gr.update(
            choices=list(found.sheets),
            value=sheet or (found.sheets[0] if found.sheets else None),
            visible=len(found.sheets) > 1,
        ),
        gr.update(choices=_encodings(), value=encoding or "", visible=is_text),
    ]


def _encodings() -> list[tuple[str, str]]:
    return [(tr("by looking", "自動判定"), ""), *((name, name) for name in _ENCODINGS)]


def _preview(found: "Inspection") -> str:
    said = [found.format]
    if found.encoding:
        guessed = tr(" (guessed)", "(推定)") if found.encoding_guessed else ""
        said.append(found.encoding + guessed)
    columns = found.columns or (*found.by, tr("text", "本文"))
    bad = [problem.message for problem in found.report.problems[:3]]
    warning = (
        pieces.notice(tr("Some rows cannot be read: ", "読めない行があります: ") + " ".join(bad))
        if bad
        else ""
    )
    return (
        pieces.heading(Path(found.source).name, " · ".join(said))
        + pieces.sheet(columns, found.rows, found.numbers)
        + warning
    )


# It is learned


def _learn(
    desk: Desk,
    session: Session,
    text: str | None,
    by: list[str] | None,
    sheet: str | None,
    encoding: str | None,
    keep: str | None,
) -> Job:
    from bunsan.tasks.facade import learn

    upload = session.upload
    if upload is None:
        raise _no_file()
    if text is not None and text in (by or []):
        raise BadInput(
            tr(
                f"The column {text} cannot be the text and a group at once.",
                f"列「{text}」を本文とグループの両方にはできません。",
            ),
            remedy=tr("Take it out of the groups.", "グループの列から外してください。"),
        )
    to = None
    if keep and keep.strip() and desk.settings.own_machine:
        to = _place(session, keep)
    name = upload.name.split(".")[0]
    options: dict[str, Any] = {
        "text": text or None,
        "by": None if not text else tuple(by or ()),
        "sheet": sheet or None,
        "encoding": encoding or None,
    }
    origin = twins.learned(upload.name, str(to or f"{name}.bunsan"), **options)

    def work() -> None:
        learned = learn(str(upload), to=to, **options)
        session.name, session.collection, session.origin = name, learned, origin

    return session.begin("learning", tr("Learning", "学習中"), work)


def _place(session: Session, keep: str) -> Path:
    """The folder to keep a collection in: a new one, or one this visitor has made."""
    folder = Path(keep.strip()).expanduser().absolute()
    if not folder.name.endswith(".bunsan"):
        folder = folder.with_name(folder.name + ".bunsan")
    if folder.exists() and folder not in session.kept:
        raise BadInput(
            tr(f"{folder} is there already.", f"{folder} は既にあります。"),
            remedy=tr("Give another name, or open it.", "別の名前にするか、それを開いてください。"),
        )
    session.kept.add(folder)
    return folder


def _demo(session: Session, world: str) -> Job:
    from bunsan.tasks.facade import demo

    name = (
        tr("Demo, Japanese", "デモ(日本語)") if world == "ja" else tr("Demo, English", "デモ(英語)")
    )

    # It is open when it is learned, whether or not the page still looks on.
    def work() -> None:
        learned = demo(world)
        session.name, session.collection = name, learned
        session.origin = twins.demo(world)

    return session.begin("learning", tr("Learning", "学習中"), work)


def _learned(session: Session, job: Job) -> str:
    return pieces.notice(
        tr(
            f"Learned in {job.seconds:.1f} s. The other rooms show what is in it.",
            f"{job.seconds:.1f} 秒で学習しました。ほかのタブで中身を見られます。",
        ),
        look="good",
    )


def _open(desk: Desk, session: Session, place: str | None) -> list[Any]:
    if not desk.settings.own_machine:
        raise BadInput(tr("Folders are not open here.", "ここではフォルダーを開けません。"))
    if not place or not place.strip():
        raise BadInput(
            tr("Name the folder of a collection.", "コレクションのフォルダーを指定してください。")
        )
    take(session, str(Path(place.strip()).expanduser()))
    return ["", "", ""]


def _no_file() -> BadInput:
    return BadInput(tr("Drop a file first.", "先にファイルを置いてください。"))
