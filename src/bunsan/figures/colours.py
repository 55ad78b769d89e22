"""Colours that the colour-blind tell apart."""

# "Light" of Paul Tol (2021), "Colour schemes", SRON technical note, § 3: fills under dark text.
_FILLS = (
    "#77aadd",
    "#ee8866",
    "#eedd88",
    "#44bb99",
    "#ffaabb",
    "#99ddff",
    "#bbcc33",
    "#aaaa00",
)
_REST = "#d4d4d4"


def fill(community: int) -> str:
    """The colour of a community, the largest being 0; all after the eighth share a grey."""
    return _FILLS[community] if community < len(_FILLS) else _REST


def darker(colour: str, share: float = 0.62) -> str:
    """The same hue for outlines and lines."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * share):02x}" for part in parts)
