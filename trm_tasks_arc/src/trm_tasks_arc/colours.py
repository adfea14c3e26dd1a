"""The ten standard colours of ARC, and a readable text colour for each."""

from __future__ import annotations

PALETTE = (
    "#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00", "#aaaaaa", "#f012be", "#ff851b", "#7fdbff", "#870c25",
)  # fmt: skip
NAMES = ("black", "blue", "red", "green", "yellow", "grey", "magenta", "orange", "light blue", "maroon")
LIGHT = "#ffffff"
DARK = "#000000"


def ink(colour: int) -> str:
    """Return black or white, whichever contrasts more with a colour (luminance by Rec. 601)."""
    red, green, blue = (int(PALETTE[colour][place : place + 2], 16) for place in (1, 3, 5))
    return DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else LIGHT
