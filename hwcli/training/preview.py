"""A sheet on which augmentation can be looked at."""

import io
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Generator, Tensor

from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.fonts import plain_font
from hwcli.shards import Split
from hwcli.training.augment import EFFECT, augment, mirrored
from hwcli.training.data import as_input
from hwcli.training.effects import effects_of
from hwcli.training.options import Flip

ROWS, COLUMNS = 24, 20
_SCALE = 2
_GAP = 2
_CAPTION = 16
"""Room above a column, px."""
_CAPTION_PX = 11
_TOGETHER = 6
"""Columns at least of all effects as training has them."""
_BACK, _TEXT = 96, 255


def preview(dataset: Dataset, wanted: str, seed: int, *, flip: Flip = "none") -> bytes:
    """PNG of training glyphs, one a row: as they are, under each effect alone, and as trained on.

    Args:
        dataset: has a training split.
        wanted: what `TrainOptions.augment` takes.
        seed: of the choice of glyphs and of all that is done to them.
        flip: mirrors them too.

    Raises:
        DatasetError: no training rows.
    """
    images = dataset.load(Split.train).images
    if not len(images):
        raise DatasetError(f"{dataset.folder}: no glyphs to train on")
    chosen = images[np.random.default_rng(seed).integers(0, len(images), ROWS)]
    inputs, generator = as_input(torch.from_numpy(chosen)), Generator().manual_seed(seed)
    columns: list[tuple[str, Tensor]] = [("as it is", inputs)]
    alone: dict[str, Callable[[Tensor, Generator], Tensor]] = {
        name: EFFECT[name] for name in effects_of(wanted)
    }
    if flip != "none":
        alone["flip"] = lambda batch, generator: mirrored(batch, flip, generator)
    columns += [(name, effect(inputs, generator)) for name, effect in alone.items()]
    together = max(_TOGETHER, COLUMNS - len(columns))
    trained = augment(inputs.repeat(together, 1, 1, 1), wanted, generator, flip)
    columns += [("training", batch) for batch in torch.split(trained, ROWS)]
    return _sheet([(name, _pixels(batch)) for name, batch in columns])


def _pixels(batch: Tensor) -> NDArray[np.uint8]:
    """uint8 (n, S, S) of float (n, 1, S, S)."""
    whole: NDArray[np.uint8] = (batch[:, 0].clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return whole


def _sheet(columns: list[tuple[str, NDArray[np.uint8]]]) -> bytes:
    """PNG of columns of glyphs, uint8 (n, S, S), each under its caption."""
    font = ImageFont.truetype(plain_font(), _CAPTION_PX)
    side = columns[0][1].shape[1] * _SCALE
    widths = [max(side, round(font.getlength(name)) + 2 * _GAP) + _GAP for name, _ in columns]
    height = _CAPTION + ROWS * (side + _GAP) + _GAP
    sheet = Image.new("L", (sum(widths) + _GAP, height), _BACK)
    pen, x, last = ImageDraw.Draw(sheet), _GAP, ""
    for (name, glyphs), width in zip(columns, widths, strict=True):
        if name != last:  # once above columns of a kind
            pen.text((x, 1), name, fill=_TEXT, font=font)
        last = name
        for row, glyph in enumerate(glyphs):
            large = Image.fromarray(glyph.repeat(_SCALE, 0).repeat(_SCALE, 1))
            sheet.paste(large, (x, _CAPTION + row * (side + _GAP)))
        x += width
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()
