"""`bunsan add`: more documents for a collection."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Add documents. Rows of a file that are there already are not added twice; nothing else is touched.",
    "文書を追加する。すでにある行は二重に追加しない。ほかの文書には触れない。",
)
EXAMPLES = ["bunsan add reviews.bunsan december.xlsx"]


def command(
    collection: common.CollectionPath,
    sources: Annotated[
        list[Path], typer.Argument(help=tr("Files or folders.", "ファイルまたはフォルダー。"))
    ],
    encoding: Annotated[
        str | None, typer.Option(help=tr("If the guess is wrong.", "推定が誤りのとき。"))
    ] = None,
    as_json: common.AsJson = False,
) -> None:
    opened = common.open_collection(collection)
    report = opened.add([str(s) for s in sources], encoding=encoding)
    common.tell_learned(report, opened.storage.location, as_json)
