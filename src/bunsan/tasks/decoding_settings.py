"""The settings of a model's maker, with those that somebody gives in their place."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.nn.generation.decoding import Decoding

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator


def merged(
    generator: "TextGenerator", samples: int, settings: dict[str, Any]
) -> tuple[Decoding, int]:
    """What is used, and how many answers are wanted.

    Raises
    ------
    BadInput : a setting does not exist or has no such value.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    known = {one.name for one in fields(Decoding)}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise BadInput(
            tr(
                f"There is no setting {', '.join(unknown)}.",
                f"設定 {'、'.join(unknown)} はありません。",
            ),
            remedy=tr("Known: ", "使える設定: ") + ", ".join(sorted(known)),
        )
    if given.get("beams", 1) > 1:
        given.setdefault("temperature", 0.0)
    elif given.get("temperature", 0) > 0 or samples > 1:
        given.setdefault("beams", 1)
    if samples > 1 and given.get("beams", 1) == 1:
        # Several answers that are all the same help nobody.
        given.setdefault("temperature", generator.habits.decoding.temperature or 1.0)
    if any(name in given for name in ("top_k", "top_p", "min_p")) and "beams" not in given:
        given.setdefault("temperature", generator.habits.decoding.temperature or 1.0)
    try:
        found = replace(generator.habits.decoding, **given)
    except (TypeError, ValueError) as error:
        raise BadInput(
            tr(f"A setting cannot be used: {error}.", f"使えない設定です: {error}。")
        ) from error
    if samples < 1 or (found.beams > 1 and samples > found.beams):
        raise BadInput(
            tr(
                f"{samples} samples cannot be had of {found.beams} beams.",
                f"ビーム幅 {found.beams} からは {samples} 件を取り出せません。",
            ),
            remedy=tr("Ask for more beams.", "beams を増やしてください。"),
        )
    if found.end == () and generator.tokenizer.eos_id is not None:
        found = replace(found, end=(generator.tokenizer.eos_id,))
    named = (*found.banned, *found.end, *(i for i, _ in found.bias))
    wrong = [i for i in named if not 0 <= i < generator.model.vocabulary]
    if wrong:
        raise BadInput(
            tr(f"No token has the id {wrong[0]}.", f"ID {wrong[0]} のトークンはありません。")
        )
    return found, samples
