"""`bunsan compare`: which representation of texts predicts their labels best, and what more labels buy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.compare.reading import Labelled
    from bunsan.tasks.table import Table

HELP = tr(
    "Compare representations (TF-IDF of words and characters, word vectors, encoders) by how well they predict a "
    "column of labels or numbers, on the same folds, with 95 % intervals, time and size; and say which to use. "
    "--curve shows the score against the number of labels, --next which rows to label next.",
    "表現(単語・文字の TF-IDF、単語ベクトル、エンコーダー)を、ラベルや数値の列をどれだけ当てられるかで比べる。"
    "同じ分割で採点し、95% 区間、時間、大きさと、どれを使えばよいかを示す。--curve はラベルの数と成績の関係、"
    "--next は次にラベルを付ける行を示す。",
)
EXAMPLES = [
    "bunsan compare reviews.csv --text comment --label stars -o compare.html",
    "bunsan compare pairs.csv --text first --text2 second --label similarity --as numbers",
    "bunsan compare reviews.csv --text comment --label topic --model FOLDER --group writer",
    "bunsan compare reviews.csv --text comment --label topic --curve -o curve.png",
    "bunsan compare reviews.csv --text comment --label topic --next 50 -o next.csv",
]


def command(
    sources: common.CorpusSources,
    label: Annotated[
        str,
        typer.Option(
            help=tr(
                "The column of labels; empty cells may remain.", "ラベルの列。空欄があってもよい。"
            )
        ),
    ],
    text: Annotated[
        str | None,
        typer.Option(
            help=tr("The column of texts; guessed if left out.", "本文の列。省略時は推定する。")
        ),
    ] = None,
    text2: Annotated[
        str | None,
        typer.Option(help=tr("The second text of pairs.", "2 つ組のときの 2 つ目の本文の列。")),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Rows with the same value here (a writer) are never parted.",
                "この列の値が同じ行(同じ書き手など)を分割しない。",
            )
        ),
    ] = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help=tr(
                "What labels are: classes, numbers, auto.",
                "ラベルの種類: classes(クラス)、numbers(数値)、auto。",
            ),
        ),
    ] = "auto",
    model: Annotated[
        list[str] | None,
        typer.Option(
            help=tr(
                "An encoder: folder or name; repeatable.",
                "エンコーダーのフォルダーか名前。くり返し可。",
            )
        ),
    ] = None,
    vectors: Annotated[
        list[Path] | None,
        typer.Option(
            help=tr("A file of word vectors; repeatable.", "単語ベクトルのファイル。くり返し可。")
        ),
    ] = None,
    finetune: Annotated[
        bool,
        typer.Option(
            "--finetune",
            help=tr(
                "Fine-tune each --model as well (slow).",
                "各 --model のファインチューニングも比べる(遅い)。",
            ),
        ),
    ] = False,
    words: Annotated[
        str,
        typer.Option(
            help=tr("What cuts words: ", "単語の区切り方: ") + "auto, sudachi, mecab, spaces"
        ),
    ] = "auto",
    score: Annotated[
        str | None,
        typer.Option(
            help=tr("Ranked by: ", "順位を付ける指標: ")
            + "accuracy, macro_f1, matthews; spearman, pearson, rmse"
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(min=2, help=tr("Parts that are held out in turn.", "交差検証の分割数。"))
    ] = 5,
    curve: Annotated[
        bool,
        typer.Option(
            "--curve",
            help=tr("Score against number of labels.", "ラベルの数と成績の関係を調べる。"),
        ),
    ] = False,
    sizes: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "With --curve: numbers of labels, e.g. 10,50,200.",
                "--curve の件数。例: 10,50,200。",
            )
        ),
    ] = None,
    more: Annotated[
        int,
        typer.Option(
            min=1,
            help=tr(
                "With --curve: what so many more labels buy.",
                "--curve: ラベルをあと何件足した効果を推定するか。",
            ),
        ),
    ] = 50,
    next_: Annotated[
        int | None,
        typer.Option(
            "--next",
            min=1,
            help=tr(
                "List so many rows without a label that would teach most.",
                "ラベルのない行から、付けると最も役立つ行をこの数だけ挙げる。",
            ),
        ),
    ] = None,
    seed: common.Seed = 0,
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    as_json: common.AsJson = False,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help=tr(
                "Figure (.html .png .svg .pdf) or table (.csv .xlsx ...; of the rows with --next); repeatable.",
                "図(.html .png .svg .pdf)または表(.csv .xlsx など。--next では行の一覧)。くり返し可。",
            ),
        ),
    ] = None,
) -> None:
    from bunsan.tasks.compare.curve import learning_curve_on
    from bunsan.tasks.compare.next_rows import check_unlabelled, named, next_rows
    from bunsan.tasks.compare.reading import read_labelled
    from bunsan.tasks.compare.running import compare_on
    from bunsan.tasks.compare.systems import systems_at_hand
    from bunsan.tasks.table import TABLE_SUFFIXES

    if finetune and not model:
        raise BadInput(
            tr("--finetune has no model.", "--finetune の対象のモデルがありません。"),
            remedy=tr("Name one: --model FOLDER", "--model フォルダー を指定してください。"),
        )
    data = read_labelled(
        sources,
        text=text,
        label=label,
        text2=text2,
        group=group,
        as_=as_,
        encoding=encoding,
        format=format,
        sheet=common.parse_sheet(sheet),
        on_bad="refuse" if refuse_bad_rows else "skip",
    )
    if next_ is not None:
        check_unlabelled(data)
    _tell(data)
    systems = systems_at_hand(
        models=model or (),
        vectors=vectors or (),
        words=words,
        finetune=(model or ()) if finetune else (),
        pairs=text2 is not None,
        seed=seed,
    )
    found: Any
    if curve:
        wanted = None if sizes is None else _numbers(sizes)
        found = learning_curve_on(
            data, systems, score=score, sizes=wanted, more=more, folds=folds, seed=seed
        )
    else:
        found = compare_on(data, systems, score=score, folds=folds, seed=seed)
    rows: Table | None = None
    if next_ is not None:
        rows = next_rows(data, named(systems, found.choice.name), next_)
    for path in output or []:
        if rows is not None and path.suffix.lower() in TABLE_SUFFIXES:
            rows.save(path)
        else:
            found.save(path)
        common.written(path)
    if as_json:
        more_json = {} if rows is None else {"next": rows.to_rows()}
        common.print_json({**found.to_dict(), **more_json})
        return
    common.print_table(found.table())
    common.say(found.sentence)
    if rows is not None:
        common.say(rows.note)
        if not any(path.suffix.lower() in TABLE_SUFFIXES for path in output or []):
            print()
            common.print_table(rows)


def _tell(data: "Labelled") -> None:
    """What is compared on, and what was left out."""
    report = data.report
    if report.guessed:
        common.say(
            tr(
                f"Text column: {report.text} (guessed; say --text to choose)",
                f"本文の列: {report.text}(推定。--text で指定できます)",
            )
        )
    for problem in report.problems[:5]:
        common.say(f"{problem.file}:{problem.row}: {problem.message}")
    skipped = report.skipped.total()
    if skipped:
        common.say(tr(f"Left out {skipped:,} rows.", f"{skipped:,} 行を読み飛ばしました。"))
    for note in data.about():
        common.say(note)


def _numbers(text: str) -> list[int]:
    names = common.parse_names(text) or ()
    try:
        return [int(name) for name in names]
    except ValueError as error:
        raise BadInput(
            tr(
                f"--sizes {text!r} is no list of numbers.",
                f"--sizes {text!r} は数の並びではありません。",
            ),
            remedy=tr("For example: --sizes 10,50,200", "例: --sizes 10,50,200"),
        ) from error
