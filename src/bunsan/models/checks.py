"""Does a config.json agree with the weights beside it? Where not, the key that is wrong is named."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.settings import Settings

# Where a dimension of a parameter comes from: end of the name, axis, what it is.
_AXES = (
    ("embeddings.tokens.weight", 0, "vocabulary"),
    ("embeddings.tokens.weight", 1, "embedding"),
    ("embeddings.positions.weight", 0, "positions"),
    ("embeddings.positions", 0, "patches"),
    ("embeddings.types.weight", 0, "types"),
    ("embeddings.patches.weight", 2, "patch"),
    ("feed_forward.up.weight", 0, "inner"),
    ("relative_bias.table.weight", 0, "buckets"),
    ("relative_bias.table.weight", 1, "heads"),
    ("scores.bias", 0, "vocabulary"),
    ("scores.weight", 0, "vocabulary"),
    ("head.output.weight", 0, "outputs"),
    ("head.output.bias", 0, "outputs"),
    ("projection.weight", 0, "projection"),
    ("self_attention.query.weight", 0, "attention"),
)


@dataclass(frozen=True)
class Part:
    """A part of a model that has a configuration of its own.

    Parameters
    ----------
    settings : that configuration.
    keys : what its dimensions are called there.
    blocks : what the tensors of a block begin with in the file; `{}` is the block's number.
    depth : the key of the number of blocks; empty: this part has none of its own.
    ours : what its parameters begin with.
    """

    settings: Settings
    keys: Mapping[str, str]
    blocks: str
    depth: str
    ours: str = ""


def check_depth(part: Part, names: Iterable[str]) -> None:
    """Blocks in the weights against the number in config.json.

    Raises
    ------
    BadInput : the two differ.
    """
    if not part.depth:
        return
    block = re.compile(r"(?:^|\.)" + re.escape(part.blocks).replace(r"\{\}", r"(\d{1,6})"))
    found = [int(match[1]) for name in names if (match := block.search(name))]
    there, asked = max(found, default=-1) + 1, part.settings.size(part.depth)
    if there not in (0, asked):
        raise _differs(part.settings, part.depth, asked, there, part.blocks.format(there - 1))


def check_shapes(
    part: Part,
    module: nn.Module,
    values: Mapping[str, Tensor],
    theirs: Mapping[str, str],
) -> None:
    """Shapes in the weights against those that config.json asks for.

    `theirs`: what a parameter is called in the file.

    Raises
    ------
    BadInput : the first that differs.
    """
    for name, wanted in module.state_dict().items():
        if not name.startswith(part.ours) or name not in values:
            continue
        there, asked = tuple(values[name].shape), tuple(wanted.shape)
        if there == asked:
            continue
        for end, axis, dimension in _AXES:
            if not name.endswith(end) or dimension not in part.keys or len(there) != len(asked):
                continue
            if there[axis] != asked[axis]:
                key = part.keys[dimension]
                raise _differs(part.settings, key, asked[axis], there[axis], theirs[name])
        raise _differs(part.settings, part.keys["width"], asked, there, theirs[name])


def _differs(settings: Settings, key: str, asked: object, there: object, tensor: str) -> BadInput:
    name = settings.name(key)
    return BadInput(
        tr(
            f"{name} makes this {asked}, but the weights have {there} ({tensor}).",
            f"{name} によれば {asked} のはずですが、重みは {there} です({tensor})。",
        ),
        remedy=tr(
            "config.json and the weights do not belong together: get both from the same place again.",
            "config.json と重みが対応していません。両方を同じ所から取り直してください。",
        ),
        file=settings.file,
    )
