"""`bunsan code`: coding rules in KH Coder's format, counted and cross-tabulated."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Apply a file of coding rules (KH Coder's format) and count the codes, or cross-tabulate them with --by.",
    "コーディングルール(KH Coder の形式)を適用し、コードを数える。--by でクロス集計する。",
)
EXAMPLES = [
    "bunsan code reviews.bunsan rules.txt",
    "bunsan code reviews.bunsan rules.txt --by area --unit sentence",
    "bunsan code reviews.bunsan rules.txt --rows -n 5",
    "bunsan code reviews.bunsan rules.txt --each -o coded.csv",
]


def command(
    collection: common.CollectionPath,
    rules: Annotated[Path, typer.Argument(help=tr("The rule file.", "ルールのファイル。"))],
    by: Annotated[
        str | None,
        typer.Option("--by", help=tr("Cross-tabulate by this column.", "この列でクロス集計。")),
    ] = None,
    unit: common.Unit = "document",
    similar: Annotated[
        bool,
        typer.Option(
            "--similar", help=tr("Jaccard between the codes.", "コード間の Jaccard 係数。")
        ),
    ] = False,
    each: Annotated[
        bool,
        typer.Option(
            "--each",
            help=tr("One line a unit with its codes.", "単位ごとにコードの有無を 1 行で出す。"),
        ),
    ] = False,
    top: common.Top = 20,
    rows: common.Rows = False,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    opened = common.open_collection(collection)
    result = opened.code(rules, by=by, unit=unit)
    if rows:
        common.emit_passages(result.rows(limit=top), as_json=as_json, output=output)
        return
    table = result.similarities() if similar else result.each() if each else result.table()
    common.emit(
        table, as_json=as_json, output=output, top=top if each else None, more={"unit": unit}
    )
