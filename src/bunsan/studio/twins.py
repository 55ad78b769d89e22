"""What is seen, as a line of the command line and as lines of Python, to copy."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bunsan.base.language import tr
from bunsan.studio import pieces
from bunsan.studio.sessions import Session

_PLAIN = re.compile(r"[\w@%+=:,./~-]+")
# Parameters of Python under the names that they have on the command line.
_OPTIONS = {"k": "-n", "limit": "-n", "match_all": "--all", "models": "--model"}


@dataclass(frozen=True)
class Twin:
    """The same deed twice."""

    python: str
    command: str


@dataclass(frozen=True)
class Origin:
    """How the open collection came to be.

    Attributes
    ----------
    folder : where it lies, or would lie after `twin`. twin : what makes it; None where it was opened.
    table : the file it was learned from, where that is known. text : its column of texts.
    again : the command that learns it, to which more can be added; "" where that is not known.
    """

    folder: str
    twin: Twin | None = None
    table: str | None = None
    text: str | None = None
    again: str = ""


class Name(str):
    """A name of Python, which stands in a call as it is."""

    def __repr__(self) -> str:
        return str(self)


def command(*parts: Any, **options: Any) -> str:
    """A line of the command line; options that are None, False or empty are left out."""
    words = ["bunsan", *map(str, parts)]
    for name, value in options.items():
        if value is None or value is False or value in ((), [], {}):
            continue
        option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
        if value is True:
            words.append(option)
        elif isinstance(value, dict):
            for key, one in value.items():
                words += [option, f"{key}={one}"]
        elif name == "models":
            for one in value:
                words += [option, str(one)]
        else:
            listed = isinstance(value, (tuple, list))
            words += [option, ",".join(map(str, value)) if listed else str(value)]
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A word as a shell takes it; Japanese needs no quotes."""
    return word if _PLAIN.fullmatch(word) else shlex.quote(word)


def call(name: str, *arguments: Any, **options: Any) -> str:
    """A call in Python; options that are None are left out. Long ones take several lines."""
    given = [repr(one) for one in arguments]
    given += [f"{name}={value!r}" for name, value in options.items() if value is not None]
    line = f"{name}({', '.join(given)})"
    if len(line) <= 76:
        return line
    return f"{name}(\n" + "".join(f"    {one},\n" for one in given) + ")"


def learned(file: str, folder: str, **options: Any) -> Origin:
    """A collection that was learned from a file with these options of `bunsan.learn`."""
    by = options.get("by")
    made = Twin(
        f"collection = {call('bunsan.learn', file, **options, to=folder)}",
        command("learn", file, **options, output=folder),
    )
    if by == ():  # on the command line nothing says "none" but an empty word
        made = Twin(made.python, command("learn", file, **options, output=folder) + " --by ''")
    return Origin(folder, made, file, options.get("text"), made.command)


def demo(world: str) -> Origin:
    """The demo collection."""
    from bunsan.tasks.demo.world import FIELDS

    place = "bunsan-demo"
    made = Twin(
        f"collection = {call('bunsan.demo', world, to=place)}",
        command("demo", world=world, output=place),
    )
    folder, table = f"{place}/demo-{world}.bunsan", f"{place}/demo-{world}.csv"
    again = command("learn", table, text="text", by=FIELDS, output=folder)
    return Origin(folder, made, table, "text", again)


def asked(
    session: Session,
    verb: str,
    *words: Any,
    save: str = "",
    after: str = ".table()",
    **options: Any,
) -> Twin:
    """A deed of the open collection: a method of it, and the verb of the same name.

    Parameters
    ----------
    words : what is asked of it. save : the file that is written; "" prints. after : what makes a table
        of the result. options : as the method takes them.
    """
    folder = "" if session.origin is None else session.origin.folder
    by = {"by": words[0]} if verb in ("map", "features") else {}
    line = command(verb, folder, *(() if by else words), **by, **options)
    deed = call(f"collection.{verb}", *words, **options)
    if save:
        return Twin(f"{deed}.save({save!r})", f"{line} -o {quoted(save)}")
    return Twin(f"print({deed}{after})", line)


def of_collection(session: Session, *twins: Twin, imports: str = "import bunsan") -> str:
    """Deeds of the open collection, as markup."""
    origin = session.origin
    if origin is None:
        return ""
    opening = f"{imports}\n\ncollection = bunsan.open({origin.folder!r})"
    lines = [twin.command for twin in twins]
    if origin.twin is not None:
        said = tr("Where the collection is from:", "コレクションの作り方:")
        lines.insert(0, f"# {said} {origin.twin.command}")
    return shown("\n".join([opening, *(twin.python for twin in twins)]), "\n".join(lines))


def of_models(*twins: Twin, imports: str = "import bunsan") -> str:
    """Other deeds, as markup."""
    python = "\n".join([imports, "", *(twin.python for twin in twins)])
    return shown(python, "\n".join(twin.command for twin in twins if twin.command))


def shown(python: str, line: str) -> str:
    """Both, folded up until somebody wants them."""
    blocks = [(tr("Command line", "コマンドライン"), line), ("Python", python)]
    return pieces.element(
        "details",
        pieces.element("summary", pieces.words(tr("The same in code", "同じことをコードで"))),
        code([block for block in blocks if block[1]]),
        class_="b-twin",
    )


def code(blocks: Sequence[tuple[str, str]]) -> str:
    """Blocks of code with a button to copy each: (title, code)."""
    copy, copied = tr("Copy", "コピー"), tr("Copied", "コピーしました")
    return "".join(
        pieces.heading(title)
        + pieces.div(
            "b-code",
            pieces.element("pre", pieces.words(text)),
            pieces.element("button", pieces.words(copy), type="button", data_copy=copied),
        )
        for title, text in blocks
    )
