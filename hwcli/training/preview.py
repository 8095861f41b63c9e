"""A sheet on which augmentation can be looked at."""

import cv2
import numpy as np
import torch

from hwcli.dataset import Dataset
from hwcli.errors import DatasetError
from hwcli.shards import Split
from hwcli.training.augment import augment
from hwcli.training.data import as_input
from hwcli.training.options import Augment

ROWS, COLUMNS = 24, 20
_SCALE = 2
_GAP = 2


def preview(dataset: Dataset, preset: Augment, seed: int) -> bytes:
    """PNG of training glyphs, one a row: as they are at the left, then changed as `preset` says.

    Raises:
        DatasetError: no training rows.
    """
    images = dataset.load(Split.train).images
    if not len(images):
        raise DatasetError(f"{dataset.folder}: no glyphs to train on")
    rng = np.random.default_rng(seed)
    chosen = images[rng.integers(0, len(images), ROWS)]
    inputs = as_input(torch.from_numpy(chosen).repeat(COLUMNS - 1, 1, 1))
    changed = augment(inputs, preset, torch.Generator().manual_seed(seed))
    grid = (changed * 255).round().to(torch.uint8).numpy()
    grid = np.concatenate([chosen[None], grid.reshape(COLUMNS - 1, ROWS, *chosen.shape[1:])])
    side = chosen.shape[1] * _SCALE + _GAP
    sheet = np.full((ROWS * side + _GAP, COLUMNS * side + _GAP), 96, np.uint8)
    for column, row in np.ndindex(COLUMNS, ROWS):
        large = grid[column, row].repeat(_SCALE, 0).repeat(_SCALE, 1)
        y, x = row * side + _GAP, column * side + _GAP
        sheet[y : y + len(large), x : x + len(large)] = large
    return cv2.imencode(".png", sheet)[1].tobytes()
