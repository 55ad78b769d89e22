"""`bunsan models`: published models; which there are, what each is, fetching them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.models import ModelCard
    from bunsan.tasks.table import Table

HELP = tr(
    "Published models for Japanese. Without more: a list. search WORDS, show NAME (all that is known of it), "
    "pull NAME (fetch it; stopped, the same command goes on), remove NAME.",
    "日本語の公開モデル。何も付けなければ一覧。search 語(検索)、show 名前(わかっていること全部)、"
    "pull 名前(取得。中断しても同じコマンドで続きから)、remove 名前(削除)。",
)
EXAMPLES = [
    "bunsan models --task encode",
    "bunsan models --local",
    "bunsan models search 東北大 large",
    "bunsan models show cl-tohoku/bert-base-japanese-v2",
    "bunsan models pull cl-tohoku/bert-base-japanese-v2",
]
_ACTIONS = ("list", "search", "show", "pull", "remove")


def command(
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="list, search, show, pull, remove")
    ] = "list",
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|WORDS",
            help=tr(
                "The model (OWNER/NAME, OWNER/NAME@REVISION), or words to search for.",
                "モデル(所有者/名前、所有者/名前@版)、または検索語。",
            ),
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Only for this: encode, fill-mask, detect, complete, reconstruct, converse, match-images, train.",
                "用途で絞る: encode、fill-mask、detect、complete、reconstruct、converse、match-images、train。",
            )
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Only of this family: BERT, RoBERTa, ELECTRA, GPT-2, T5, ...",
                "系統で絞る: BERT、RoBERTa、ELECTRA、GPT-2、T5 など。",
            )
        ),
    ] = None,
    local: Annotated[
        bool,
        typer.Option("--local", help=tr("Only what is on this machine.", "手元にあるものだけ。")),
    ] = False,
    hub: Annotated[
        bool,
        typer.Option(
            "--hub",
            help=tr(
                "search: ask the hub, not the catalogue.", "search で、目録ではなくハブを検索する。"
            ),
        ),
    ] = False,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    given = words or []
    if action not in _ACTIONS:
        raise BadInput(
            tr(f"There is no action {action!r}.", f"{action!r} という操作はありません。"),
            remedy=tr(
                f"Use one of: {', '.join(_ACTIONS)}. A model is shown by: bunsan models show {action}",
                f"使えるもの: {'、'.join(_ACTIONS)}。モデルを見るには: bunsan models show {action}",
            ),
        )
    if action in ("list", "search"):
        _list(given, action == "search", task, family, local, hub, as_json, output)
        return
    if len(given) != 1:
        raise BadInput(
            tr(
                f"{action} takes the name of one model.",
                f"{action} にはモデルの名前を一つ指定します。",
            ),
            remedy=tr(
                f"For example: bunsan models {action} OWNER/NAME",
                f"例: bunsan models {action} 所有者/名前",
            ),
        )
    if action == "show":
        _show(given[0], as_json)
    elif action == "pull":
        _pull(given[0], as_json)
    else:
        _remove(given[0], as_json)


def _list(
    words: list[str],
    searching: bool,
    task: str | None,
    family: str | None,
    local: bool,
    hub: bool,
    as_json: bool,
    output: Path | None,
) -> None:
    from bunsan.tasks.models import list_models

    if searching != bool(words):
        raise BadInput(
            tr("search takes words.", "search には検索語を指定します。")
            if searching
            else tr("list takes no words.", "list に語は付きません。"),
            remedy=tr("For example: bunsan models search bert", "例: bunsan models search bert"),
        )
    table = list_models(words, task=task, family=family, local=local, hub=hub and searching)
    if not len(table) and not as_json:
        common.say(_nothing(local))
    if as_json or output is not None or not sys.stdout.isatty():
        common.emit(table, as_json=as_json, output=output)
        return
    if len(table):
        common.print_table(_narrow(table))
        common.say(
            tr(
                "? not checked yet. All of one: bunsan models show NAME; fetch it: pull NAME",
                "? は未確認。詳細: bunsan models show 名前、取得: bunsan models pull 名前",
            )
        )


def _narrow(table: "Table") -> "Table":
    """What fits a terminal of 80 columns, in words; a file and JSON have all columns."""
    from bunsan.tasks.models import opening, room, title
    from bunsan.tasks.table import Table

    rows = list(table)
    shown = {
        "name": [
            row["name"] + (" ?" if "name" in (row.get("unverified") or "").split() else "")
            for row in rows
        ]
    }
    if "task" in table.columns:
        shown["task"] = [row["task"] or "" for row in rows]
        shown["downloads"] = [row["downloads"] for row in rows]
    else:
        kinds = [(row["family"] or row["type"] or "", row["size"] or "") for row in rows]
        shown["kind"] = [" ".join(kind).strip() for kind in kinds]
        shown["opens"] = [
            opening(row["opens"], row["sure"], (row["missing"] or "").split()) for row in rows
        ]
    if any(row["megabytes"] is not None for row in rows):
        shown["here"] = [room(row["megabytes"], row["complete"]) for row in rows]
    return Table(shown, {column: title(column) for column in shown})


def _nothing(local: bool) -> str:
    if local:
        return tr(
            "No models are on this machine yet; `bunsan models` lists what there is to pull.",
            "手元にモデルはまだありません。`bunsan models` で取得できるモデルを一覧できます。",
        )
    return tr(
        "Nothing found; `bunsan models search WORDS --hub` asks the hub.",
        "見つかりませんでした。`bunsan models search 語 --hub` でハブを検索できます。",
    )


def _show(name: str, as_json: bool) -> None:
    from bunsan.tasks.models import describe_model

    card = describe_model(name)
    commands = _commands(card)
    if as_json:
        common.print_json({**card.to_dict(), "commands": commands})
        return
    print(card.name + (" ?" if "name" in card.unverified else ""))
    for title, value in card.lines():
        _print_fact(title, value)
    print()
    print(tr("How to use it", "使い方"))
    for line in commands:
        print(f"  {line}")
    if card.unverified & {"name", *card.facts}:
        common.say("")
        common.say(
            tr(
                "? not checked against the published files; pulled, a model tells its own.",
                "? は公開ファイルで未確認の値。取得するとモデル自身の値を表示します。",
            )
        )


def _print_fact(title: str, value: str) -> None:
    """A title in one column, a value in the next, on as many lines as it takes."""
    from shutil import get_terminal_size

    from rich.cells import cell_len, chop_cells

    width = 16
    room = max(get_terminal_size().columns, 40) - width - 2
    text = f"  {title}{' ' * (width - cell_len(title))}"
    words: list[str] = []
    for word in value.split(" "):
        words += chop_cells(word, room) if cell_len(word) > room else [word]
    line = ""
    for word in words:
        if line and cell_len(line) + 1 + cell_len(word) > room:
            print(text + line)
            text, line = " " * (width + 2), word
        else:
            line = f"{line} {word}" if line else word
    print(text + line)


def _commands(card: "ModelCard") -> list[str]:
    """Commands that do something with the model, of those that this version has."""
    from bunsan.models.catalogue import WORD_VECTORS

    place = card.name
    lines = []
    if card.here is None or not card.here.complete:
        if card.on_hub:
            lines.append(f"bunsan models pull {card.name}")
        else:
            place = tr("FOLDER", "フォルダー")
    if card.facts.get("type") == WORD_VECTORS:
        lines.append(f"bunsan similar {place} 京都")
        lines.append(f'python: bunsan.open_vectors("{place}").nearest("京都")')
    elif card.opens is not False:
        for task in card.facts.get("does", []):
            lines += _example(task, place)
        lines.append("python: from bunsan.models.open import open_model")
        lines.append(f'        open_model("{place}")')
    return lines


def _example(task: str, place: str) -> list[str]:
    """The first example of the verb that is called as the task, with this model in it; none without such a verb."""
    from importlib import import_module
    from importlib.util import find_spec

    from bunsan.models.catalogue import look_up

    module = f"bunsan.cli.verbs.{task.replace('-', '_')}"
    if find_spec(module) is None:
        return []
    examples: list[str] = import_module(module).EXAMPLES
    for line in examples:
        parts = line.split(" ")
        if any("/" in part and look_up(part) for part in parts):
            return [" ".join(place if look_up(part) else part for part in parts)]
    return []


def _pull(name: str, as_json: bool) -> None:
    from bunsan.tasks.models import pull_model

    folder = pull_model(name)
    if as_json:
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        common.print_json({"name": name, "folder": str(folder), "bytes": size})
        return
    common.say(tr(f"{name} is here:", f"{name} を取得しました:"))
    print(folder)


def _remove(name: str, as_json: bool) -> None:
    from bunsan.tasks.models import remove_model

    freed = remove_model(name)
    if as_json:
        common.print_json({"name": name, "bytes": freed})
        return
    common.say(
        tr(
            f"Removed {name}; {freed / 1e6:,.0f} MB freed.",
            f"{name} を削除しました({freed / 1e6:,.0f} MB)。",
        )
    )
