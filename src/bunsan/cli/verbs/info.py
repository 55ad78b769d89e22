"""`bunsan info`: what a collection holds and how it was learned."""

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "What a collection holds: documents, words, columns, settings, rows that were left out.",
    "コレクションの中身: 文書、語、列、設定、読み飛ばした行。",
)
EXAMPLES = ["bunsan info reviews.bunsan", "bunsan info reviews.bunsan --json"]


def command(collection: common.CollectionPath, as_json: common.AsJson = False) -> None:
    opened = common.open_collection(collection)
    if as_json:
        common.print_json(opened.describe())
        return
    print(opened)
