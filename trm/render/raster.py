"""Refinements as PNG and GIF: character cells drawn with Pillow, in the font that matplotlib includes."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME as THEME

from trm.evaluation.refine import Frame
from trm.extras import extra_module
from trm.render.picture import Picture
from trm.render.player import summary
from trm.render.scene import Stage
from trm.storage.atomic import replaced_file

if TYPE_CHECKING:
    from PIL.Image import Image

PURPOSE = "A PNG or GIF"
FONT_SIZE = 18
CAPTION_WIDTH = 22  # columns that a caption has below a narrower picture
MARGIN = 16
MILLISECONDS, LAST_MILLISECONDS = 500, 3000
SHAPE = 16 / 10  # width to height of the picture with all frames


def write_png(path: Path, stage: Stage, frames: Sequence[Frame]) -> None:
    """Draw the puzzle and the frames side by side, up to the last frame that changed a cell."""
    image_library = extra_module("PIL.Image", PURPOSE)
    changing = [number for number, frame in enumerate(frames, start=1) if frame.changed.any()]
    images = _images(stage, frames[: max(changing, default=1)])
    width, height = images[0].size
    columns = min(max(round(math.sqrt(len(images) * SHAPE * height / width)), 1), len(images))
    sheet = image_library.new(
        "RGB", (columns * width, math.ceil(len(images) / columns) * height), _rgb(THEME.background_color)
    )
    for number, image in enumerate(images):
        sheet.paste(image, (number % columns * width, number // columns * height))
    with replaced_file(path) as file:
        sheet.save(file, "PNG")


def write_gif(path: Path, stage: Stage, frames: Sequence[Frame]) -> None:
    """Write the puzzle and every frame as an animation."""
    first, *others = _images(stage, frames)
    durations = [MILLISECONDS] * len(others) + [LAST_MILLISECONDS]
    with replaced_file(path) as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0)


def _images(stage: Stage, frames: Sequence[Frame]) -> list[Image]:
    """The images of the puzzle and of the frames, all of one size."""
    pictures = [stage.unsolved, *(stage.highlighted(frame) for frame in frames)]
    captions = ["the puzzle", *(summary(frame).plain for frame in frames)]
    captions = [_together(" ".join(caption.split())) for caption in captions]
    height = max(len(picture.rows) for picture in pictures)
    width = max(picture.width for picture in pictures)
    width = max(width, min(CAPTION_WIDTH, max(map(len, captions))))
    wrapped = [textwrap.wrap(caption, width) for caption in captions]
    lines = max(map(len, wrapped))
    return [
        _image(picture.padded(height, width), caption + [""] * (lines - len(caption)))
        for picture, caption in zip(pictures, wrapped, strict=True)
    ]


def _together(caption: str) -> str:
    """A caption whose lines never break between a number and its word."""
    return re.sub(r"(\d%?) (?=\w)", "\\1\N{NO-BREAK SPACE}", caption)


def _image(picture: Picture, caption: Sequence[str]) -> Image:
    """A picture above the lines of its caption."""
    wide, high = _cell_size()
    size = (picture.width * wide + 2 * MARGIN, (len(picture.rows) + 1 + len(caption)) * high + 2 * MARGIN)
    image: Image = extra_module("PIL.Image", PURPOSE).new("RGB", size, _rgb(THEME.background_color))
    draw = extra_module("PIL.ImageDraw", PURPOSE).Draw(image)
    for row, cells in enumerate(picture.rows):
        for column, (text, style) in enumerate(cells):
            _draw_cell(draw, (MARGIN + column * wide, MARGIN + row * high), text, style)
    for number, line in enumerate(caption, start=len(picture.rows) + 1):
        draw.text((MARGIN, MARGIN + number * high), line, font=_font(False), fill=_rgb(THEME.foreground_color))
    return image


def _draw_cell(draw: Any, place: tuple[int, int], text: str, style: Style) -> None:
    wide, high = _cell_size()
    front, back = colors(style)
    x, y = place
    if back != THEME.background_color:
        draw.rectangle((x, y, x + wide - 1, y + high - 1), fill=_rgb(back))
    if text == "█":  # the font's own glyph leaves seams
        draw.rectangle((x, y, x + wide - 1, y + high - 1), fill=_rgb(front))
    elif text.strip():
        draw.text(place, text, font=_font(bool(style.bold)), fill=_rgb(front))
    if style.underline:
        draw.line((x, y + high - 2, x + wide - 1, y + high - 2), fill=_rgb(front), width=2)


def colors(style: Style) -> tuple[ColorTriplet, ColorTriplet]:
    """The foreground and background of a style on a white background."""
    front = style.color.get_truecolor(THEME) if style.color and not style.color.is_default else THEME.foreground_color
    back = (
        style.bgcolor.get_truecolor(THEME, foreground=False)
        if style.bgcolor and not style.bgcolor.is_default
        else THEME.background_color
    )
    if style.reverse:
        front, back = back, front
    return (blend_rgb(front, back, 0.4) if style.dim else front), back


@lru_cache(maxsize=2)
def _font(bold: bool) -> Any:
    name = "DejaVuSansMono-Bold.ttf" if bold else "DejaVuSansMono.ttf"
    path = Path(extra_module("matplotlib", PURPOSE).get_data_path()) / "fonts" / "ttf" / name
    return extra_module("PIL.ImageFont", PURPOSE).truetype(str(path), FONT_SIZE)


def _cell_size() -> tuple[int, int]:
    return round(_font(False).getlength("M")), round(FONT_SIZE * 1.25)


def _rgb(color: ColorTriplet) -> tuple[int, int, int]:
    return color.red, color.green, color.blue
