"""Checkpoint tables: complete both ways, and every form has its inverse."""

import pytest
import torch
from torch import Tensor

from bunsan.base.errors import BadInput
from bunsan.nn.table import (
    FIRST,
    FLAT,
    SAME,
    THREE,
    THREE_TRANSPOSED,
    TRANSPOSED,
    Form,
    Table,
    into,
    linear,
    per_block,
    row,
    under,
)


@pytest.mark.parametrize(
    ("form", "shape", "parts"),
    [
        (SAME, (3, 4), [(3, 4)]),
        (TRANSPOSED, (3, 4), [(4, 3)]),
        (FLAT, (1, 1, 5), [(5,)]),
        (FIRST, (1, 5, 2), [(5, 2)]),
        (THREE, (9,), [(3,)] * 3),
        (THREE_TRANSPOSED, (4, 9), [(3, 4)] * 3),
    ],
)
def test_forms_have_inverses(
    form: Form, shape: tuple[int, ...], parts: list[tuple[int, ...]]
) -> None:
    tensor = torch.randn(shape)
    read = form.read(tensor)
    assert [tuple(one.shape) for one in read] == parts
    assert torch.equal(form.write(read), tensor)


def test_three_in_one_are_query_key_value_in_this_order() -> None:
    tensor = torch.arange(24.0).view(4, 6)  # columns 0-1 query, 2-3 key, 4-5 value
    query, key, value = THREE_TRANSPOSED.read(tensor)
    assert torch.equal(query, tensor[:, 0:2].T)
    assert torch.equal(key, tensor[:, 2:4].T)
    assert torch.equal(value, tensor[:, 4:6].T)


def table() -> Table:
    rows = [row("words", "tokens"), *per_block(linear("layer.{}.map", "blocks.{}.map"), 2)]
    copies = {"output": "words", "buffer": None}
    return Table(rows, copies, {"old": "words"}, repeats=["output"])


def tensors() -> dict[str, Tensor]:
    names = ["words", *(f"layer.{i}.map.{p}" for i in (0, 1) for p in ("weight", "bias"))]
    return {name: torch.randn(2, 2) for name in names}


def test_reading_and_writing() -> None:
    theirs = tensors()
    ours = table().read({**theirs, "buffer": torch.ones(1), "output": theirs["words"].clone()})
    assert set(ours) == {
        "tokens",
        "blocks.0.map.weight",
        "blocks.0.map.bias",
        "blocks.1.map.weight",
        "blocks.1.map.bias",
    }
    assert torch.equal(ours["blocks.1.map.bias"], theirs["layer.1.map.bias"])
    written = table().write(ours)
    assert set(written) == {*theirs, "output"}
    assert all(torch.equal(written[name], value) for name, value in theirs.items())
    assert torch.equal(written["output"], written["words"])
    assert written["output"].data_ptr() != written["words"].data_ptr()


def test_an_older_name_is_the_same_tensor() -> None:
    theirs = tensors()
    old = {"old" if name == "words" else name: value for name, value in theirs.items()}
    assert torch.equal(table().read(old)["tokens"], theirs["words"])
    with pytest.raises(BadInput, match=r"has (old|words)"):
        table().read({**theirs, "old": theirs["words"]})  # twice


def test_what_does_not_fit() -> None:
    theirs = tensors()
    with pytest.raises(BadInput, match="has strange, which this kind of model does not have"):
        table().read({**theirs, "strange": torch.ones(1)})
    table().read({**theirs, "strange": torch.ones(1)}, unused={"strange"})
    with pytest.raises(BadInput, match="lacks layer.0.map.bias") as error:  # noqa: RUF043
        table().read(
            {name: one for name, one in theirs.items() if name != "layer.0.map.bias"}, file="x.bin"
        )
    assert str(error.value).startswith("x.bin: ")
    with pytest.raises(BadInput, match="output differs from words"):
        table().read({**theirs, "output": theirs["words"] + 1})
    with pytest.raises(ValueError, match="twice"):
        Table([row("a", "b"), row("a", "c")])
    many = {f"extra.{i}": torch.ones(1) for i in range(9)}
    with pytest.raises(BadInput, match=r"extra\.0, extra\.1, extra\.2, extra\.3 \(\+5\)"):
        table().read({**theirs, **many})


def test_parts_of_tables() -> None:
    whole = table()
    assert [one.theirs for one in whole.without(("blocks.",)).rows] == ["words"]
    assert whole.names() == {*tensors(), "output", "buffer", "old"}
    assert [one.theirs for one in whole.missing({"old": torch.ones(1)})] == [
        name for name in tensors() if name != "words"
    ]
    moved = under("bert.", into("backbone.", [row("a", ["b", "c"], THREE)]))[0]
    assert (moved.theirs, moved.ours, moved.form) == ("bert.a", ("backbone.b", "backbone.c"), THREE)
