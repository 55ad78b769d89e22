"""Tables that say which tensor of a published checkpoint is which parameter of ours, both ways.

A table is finite data, complete in both directions: a tensor that no row names is an error, and so is
a parameter that no row fills. What was read can be written again, bit for bit.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bunsan.base.errors import BadInput
from bunsan.base.language import tr


@dataclass(frozen=True)
class Form:
    """A change of form on the way in, and its exact inverse on the way out."""

    read: Callable[[Tensor], list[Tensor]]
    write: Callable[[list[Tensor]], Tensor]


SAME = Form(lambda t: [t], lambda ts: ts[0])
TRANSPOSED = Form(lambda t: [t.T], lambda ts: ts[0].T)
FLAT = Form(lambda t: [t.reshape(-1)], lambda ts: ts[0].reshape(1, 1, -1))  # (1, 1, d) -> (d)
FIRST = Form(lambda t: [t[0]], lambda ts: ts[0][None])  # (1, ...) -> (...)
THREE = Form(lambda t: list(t.chunk(3)), torch.cat)  # one vector of query, key, value
THREE_TRANSPOSED = Form(lambda t: list(t.T.chunk(3)), lambda ts: torch.cat(ts).T)


@dataclass(frozen=True)
class Row:
    """A tensor of theirs and the parameters of ours that it holds; `{}` stands for the block."""

    theirs: str
    ours: tuple[str, ...]
    form: Form = SAME

    def at(self, block: int) -> "Row":
        """This row for one block."""
        return Row(
            self.theirs.format(block), tuple(name.format(block) for name in self.ours), self.form
        )


def row(theirs: str, ours: str | Sequence[str], form: Form = SAME) -> Row:
    """One tensor."""
    return Row(theirs, (ours,) if isinstance(ours, str) else tuple(ours), form)


def linear(theirs: str, ours: str) -> list[Row]:
    """The rows of a linear map or a norm that has a weight and a bias."""
    return [row(f"{theirs}.{part}", f"{ours}.{part}") for part in ("weight", "bias")]


def under(prefix: str, rows: Iterable[Row]) -> list[Row]:
    """Rows whose tensors of theirs lie under a prefix."""
    return [Row(prefix + one.theirs, one.ours, one.form) for one in rows]


def into(prefix: str, rows: Iterable[Row]) -> list[Row]:
    """Rows whose parameters of ours lie under a prefix."""
    return [Row(one.theirs, tuple(prefix + name for name in one.ours), one.form) for one in rows]


def per_block(rows: Iterable[Row], depth: int) -> list[Row]:
    """Rows with `{}` written out for every block."""
    made = list(rows)
    return [one.at(block) for block in range(depth) for one in made]


class Table:
    """The whole map between a checkpoint and a model.

    Parameters
    ----------
    rows : one a tensor.
    copies : names of theirs that repeat another tensor (a tied output layer), or a constant buffer:
        they may be there or not, and are not written. A name repeats the one it maps to, which is
        checked; a name that maps to None is a buffer.
    aliases : names that tensors had in older files, each with the name it has in this table.
    repeats : of `copies`, those that are written all the same, since other libraries look for them.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        copies: Mapping[str, str | None] | None = None,
        aliases: Mapping[str, str] | None = None,
        repeats: Sequence[str] = (),
    ) -> None:
        self.rows = list(rows)
        self.copies = dict(copies or {})
        self.aliases = dict(aliases or {})
        self.repeats = tuple(repeats)
        names = [one.theirs for one in self.rows]
        if len(set(names)) != len(names):
            raise ValueError("a table names a tensor twice")

    def names(self) -> set[str]:
        """Every name of theirs that this table knows."""
        return {one.theirs for one in self.rows} | set(self.copies) | set(self.aliases)

    def without(self, prefixes: tuple[str, ...]) -> "Table":
        """The table without rows for parameters of ours that begin with one of these."""
        kept = [one for one in self.rows if not one.ours[0].startswith(prefixes)]
        return Table(kept, self.copies, self.aliases, self.repeats)

    def missing(self, theirs: Mapping[str, Tensor]) -> list[Row]:
        """Rows whose tensor is not there, under its name or an older one."""
        there = {self._name(name) for name in theirs}
        return [one for one in self.rows if one.theirs not in there]

    def read(
        self,
        theirs: Mapping[str, Tensor],
        *,
        unused: Container[str] = (),
        file: str | None = None,
    ) -> dict[str, Tensor]:
        """Parameters of ours from a checkpoint.

        Parameters
        ----------
        unused : names that may be there and are passed over: tensors of heads that were not asked for.

        Raises
        ------
        BadInput : a tensor is missing, unknown, or contradicts the one it should repeat.
        """
        where: dict[str, str] = {}
        for name in theirs:
            known = self._name(name)
            if known in where:
                raise _mismatch([], [name], file)
            where[known] = name
        rows = {one.theirs for one in self.rows}
        missing = sorted(rows - set(where))
        left = {name for name in set(where) - rows if name not in self.copies}
        unknown = sorted(where[name] for name in left if where[name] not in unused)
        if missing or unknown:
            raise _mismatch(missing, unknown, file)
        for name, repeated in self.copies.items():
            if name not in where or repeated is None or repeated not in where:
                continue
            if not torch.equal(theirs[where[name]], theirs[where[repeated]]):
                raise BadInput(
                    tr(
                        f"{name} differs from {repeated}, which the configuration says it repeats.",
                        f"{name} は {repeated} と同じはずですが、違っています。",
                    ),
                    remedy=tr(
                        "Where tie_word_embeddings in config.json is true and they are meant to "
                        "differ, set it to false; else this model cannot be opened.",
                        "config.json の tie_word_embeddings が true で、違うのが正しいなら false に"
                        "してください。そうでなければこのモデルは開けません。",
                    ),
                    file=file,
                )
        out: dict[str, Tensor] = {}
        for one in self.rows:
            out.update(zip(one.ours, one.form.read(theirs[where[one.theirs]]), strict=True))
        return out

    def _name(self, name: str) -> str:
        return self.aliases.get(name, name)

    def write(self, ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The checkpoint that `read` would take these parameters from."""
        out = {
            one.theirs: one.form.write([ours[name] for name in one.ours]).contiguous()
            for one in self.rows
        }
        for name in self.repeats:
            repeated = self.copies[name]
            if repeated in out:
                out[name] = out[repeated].clone()  # a file in which no two tensors are one memory
        return out


def _mismatch(missing: list[str], unknown: list[str], file: str | None) -> BadInput:
    def some(names: list[str]) -> str:
        more = f" (+{len(names) - 4})" if len(names) > 4 else ""
        return ", ".join(names[:4]) + more

    parts_en, parts_ja = [], []
    if missing:
        parts_en.append(f"lacks {some(missing)}")
        parts_ja.append(f"{some(missing)} がありません")
    if unknown:
        parts_en.append(f"has {some(unknown)}, which this kind of model does not have")
        parts_ja.append(f"この種のモデルにはない {some(unknown)} があります")
    return BadInput(
        tr(
            f"The checkpoint {' and '.join(parts_en)}.",
            f"チェックポイントに {'、'.join(parts_ja)}。",
        ),
        remedy=tr(
            "Its config.json and its weights do not belong together, or it is of another kind.",
            "config.json と重みが対応していないか、別の種類のモデルです。",
        ),
        file=file,
    )
