"""A picture of a photo with what was read drawn in: boxes, lines, characters, confidence."""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hwcli.atomic import write_bytes, writing
from hwcli.errors import InputError
from hwcli.fonts import drawable
from hwcli.page.photo import Piped, decode_photo, read_bytes
from hwcli.page.reading import Glyph, Page

_LONGEST = 2400
"""Longer side of the picture at most, px."""
_SURE, _LIKELY = 0.9, 0.6
"""Confidence from which a box is green, and from which it is amber; red below."""
_COLOURS = {"green": (22, 128, 60), "amber": (202, 110, 0), "red": (200, 20, 40)}
_LINE_COLOUR = (60, 110, 200)


def save_overlay(page: Page, folder: Path, piped: Piped | None = None) -> Path:
    """Draw `page` on its photo and save it below `folder`; return the file written.

    Args:
        page: what was read.
        folder: is made if it is not there.
        piped: the image that came through standard input, if one did.

    Raises:
        InputError: the photo cannot be read any more, or the folder not be written.
    """
    is_piped = piped is not None and page.file == str(piped)
    source = Path("stdin" if is_piped else page.file)
    photo = decode_photo(
        read_bytes(piped if piped and is_piped else source),
        page.file,
        max_megapixels=page.width * page.height / 1e6,
        colour=True,
        page=page.page,
    )
    picture = draw_overlay(Image.fromarray(photo.grey), page)
    number = f"-{page.page}" if page.page else ""
    parts = ["__" if p == ".." else p for p in source.parts if p not in (source.anchor, ".")]
    target = folder.joinpath(*parts).with_name(f"{source.name}{number}.png")
    out = io.BytesIO()
    picture.save(out, format="PNG")
    with writing(folder, InputError):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(target, out.getvalue())
    return target


def draw_overlay(photo: Image.Image, page: Page) -> Image.Image:
    """`photo`, RGB, faded and reduced to a handy size, with the glyphs of `page` drawn in.

    Green boxes are at least 90 % sure, amber ones 60 %, red ones less; lines are underlined.
    """
    scale = min(1.0, _LONGEST / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    picture = Image.blend(photo.resize(size), Image.new("RGB", size, (255, 255, 255)), 0.25)
    draw = ImageDraw.Draw(picture)
    width = max(1, round(max(size) / 900))
    for line in page.lines:
        box = tuple(v * scale for v in line.box)
        draw.line(_foot(box, page.angle_deg, 2 * width), fill=_LINE_COLOUR, width=width)
    for glyph in page.glyphs:
        colour = _COLOURS[_level(glyph)]
        box = tuple(v * scale for v in glyph.box)
        draw.rectangle(box, outline=colour, width=width)
        text_size = float(min(max(0.45 * (box[3] - box[1]), 12), max(size) / 30))
        _write(draw, glyph.char, (box[0], box[1] - 1), colour, text_size)
    return picture


def _foot(
    box: tuple[float, ...], angle_deg: float, below: float
) -> tuple[float, float, float, float]:
    """The side of `box` that its writing stands on, moved out by `below`."""
    x0, y0, x1, y1 = box
    return {
        0: (x0, y1 + below, x1, y1 + below),
        1: (x0 - below, y0, x0 - below, y1),
        2: (x0, y0 - below, x1, y0 - below),
        3: (x1 + below, y0, x1 + below, y1),
    }[round(angle_deg / 90) % 4]


def _level(glyph: Glyph) -> str:
    if glyph.confidence >= _SURE:
        return "green"
    return "amber" if glyph.confidence >= _LIKELY else "red"


def _write(
    draw: ImageDraw.ImageDraw,
    char: str,
    foot: tuple[float, float],
    colour: tuple[int, int, int],
    size: float,
) -> None:
    """Write `char` with its foot at `foot`, on a white patch."""
    text, file = drawable(char)
    font = ImageFont.truetype(file, size)
    patch = draw.textbbox(foot, text, font=font, anchor="lb")
    draw.rectangle(patch, fill=(255, 255, 255))
    draw.text(foot, text, font=font, fill=colour, anchor="lb")
