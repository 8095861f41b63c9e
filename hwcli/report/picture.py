"""Pictures beside results: one that cannot be drawn must not cost the results."""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from PIL import Image

from hwcli.atomic import write_bytes
from hwcli.fonts import font_for, plain_font

_log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_SIDE = 5000
"""Side of a picture at most, px: few programs open larger ones gladly."""


def write_picture(path: Path, draw: Callable[[], bytes]) -> None:
    """Put what `draw` gives at `path`; where matplotlib fails at it, warn and go on."""
    picture = attempted(path, draw)
    if picture is not None:
        write_bytes(path, picture)


def attempted(name: object, draw: Callable[[], T]) -> T | None:
    """What `draw` gives; None, and a warning about `name`, where it cannot be drawn."""
    try:
        return draw()
    except (ValueError, TypeError, RuntimeError, LookupError, MemoryError, OSError) as error:
        _log.warning("%s: cannot be drawn (%s)", name, str(error).split("\n", 1)[0][:200])
        return None


def write_title(place: Text, title: str) -> None:
    """Make `title` the text at `place`, as it is: no mathematics, in a font that has it."""
    size, font = place.get_fontsize(), font_for(title)
    if font is None:
        font = plain_font()
        title = "".join(c if c == " " or font_for(c) == font else "?" for c in title)
    place.set_parse_math(False)
    place.set_text(title)
    place.set_fontproperties(FontProperties(fname=font, size=size))


def as_png(image: Image.Image) -> bytes:
    """`image` as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
