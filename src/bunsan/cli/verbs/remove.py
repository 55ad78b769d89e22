"""`bunsan remove`: take documents out of a collection."""

from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Take documents out of a collection, by column values or by the file they came from.",
    "列の値、または元のファイルを指定して、文書を取り除く。",
)
EXAMPLES = [
    "bunsan remove reviews.bunsan --where area=箱根",
    "bunsan remove reviews.bunsan --source november.csv",
]


def command(
    collection: common.CollectionPath,
    where: common.Where = None,
    source: Annotated[
        str | None, typer.Option(help=tr("The file they came from.", "元のファイル。"))
    ] = None,
    as_json: common.AsJson = False,
) -> None:
    filters = common.parse_where(where)
    if filters is None and source is None:
        raise BadInput(
            tr("Say which documents to remove.", "取り除く文書を指定してください。"),
            remedy=tr(
                "Use --where COLUMN=VALUE or --source FILE.",
                "--where 列=値 か --source ファイル を使います。",
            ),
        )
    removed = common.open_collection(collection).remove(where=filters, source=source)
    if as_json:
        common.print_json({"removed": removed})
    else:
        common.say(tr(f"Removed {removed:,} documents.", f"{removed:,} 文書を取り除きました。"))
