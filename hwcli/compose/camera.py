"""A sheet as a camera or a scanner sees it: light and shadow, the view, blur, noise, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.desk import lay_down

Grey = NDArray[np.uint8]

_ON_A_DESK = 0.25
"""Share of the photos that show much of what is around the sheet."""
_NOISE = 0.002, 0.06
"""Standard deviation of the noise of cameras, from good light to little."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A photo, and the glyph each of its pixels belongs to."""

    grey: Grey
    """uint8 (H, W)."""
    ids: NDArray[np.int32]
    """(H, W): number of the glyph, 0 for none, −1 for ink that is no character."""


def photograph(reflected: NDArray[np.float32], ids: NDArray[np.int32], rng: Generator) -> Shot:
    """The sheet that gives back `reflected`, float32 (H, W) in [0, 1], as it is photographed."""
    if rng.random() < _ON_A_DESK:
        reflected, ids = lay_down(reflected, ids, rng)
    if rng.random() < 0.75:
        reflected, ids = _view(reflected, ids, rng)
    shape = reflected.shape
    scene = reflected * _light(shape, rng)
    blur = rng.uniform(0.0, 1.3)
    if blur > 0.25:
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur), np.float32)
    scene = scene ** np.float32(rng.uniform(0.7, 1.35))
    if rng.random() < 0.1:
        scene = 1 - scene * np.float32(rng.uniform(0.7, 0.95))  # a blackboard, or a negative
    noise = np.exp(rng.uniform(*np.log(_NOISE)))
    grain = rng.normal(0, noise, shape).astype(np.float32)
    if rng.random() < 0.5:
        grain = 2 * np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)
    grey = np.clip((scene + grain) * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        grey = np.asarray(cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], 0), np.uint8)
    return Shot(grey, ids)


def _view(
    reflected: NDArray[np.float32], ids: NDArray[np.int32], rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Turned a little and seen at an angle; around the sheet is a desk, or more paper."""
    height, width = reflected.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    angle = np.radians(np.clip(rng.normal(0, 2.0), -6, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([width / 2, height / 2])
    moved = (corners - middle) @ turn.T * rng.uniform(0.9, 1.05) + middle
    moved += rng.normal(0, 0.012, (4, 2)) * min(height, width)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    size = (width, height)
    edge = cv2.BORDER_CONSTANT if rng.random() < 0.35 else cv2.BORDER_REPLICATE
    desk = float(rng.uniform(0.1, 0.9))
    seen = cv2.warpPerspective(reflected, matrix, size, flags=cv2.INTER_LINEAR, borderMode=edge,
                               borderValue=desk)  # fmt: skip
    own = cv2.warpPerspective(ids.astype(np.float32), matrix, size, flags=cv2.INTER_NEAREST,
                              borderValue=0)  # fmt: skip
    return np.asarray(seen, np.float32), np.asarray(own, np.int32)


def _light(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float32]:
    """Light on the sheet: a slope, soft spots, and now and then the edge of a shadow."""
    height, width = shape
    y, x = np.mgrid[0:1:6j, 0:1:6j]
    slope = rng.normal(0, 0.18, 2)
    coarse = 1 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5) + rng.normal(0, 0.04, x.shape)
    light = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.35:
        corners = rng.uniform(-0.3, 1.3, (int(rng.integers(3, 6)), 2)) * [width, height]
        shade = np.zeros((height, width), np.uint8)
        cv2.fillPoly(shade, [corners.astype(np.int32)], 255)
        soft = np.exp(rng.uniform(np.log(2), np.log(60)))
        small = cv2.resize(shade, (max(1, width // 4), max(1, height // 4)))
        small = cv2.GaussianBlur(small, (0, 0), max(0.5, soft / 4))
        dark = cv2.resize(small, (width, height)).astype(np.float32) / 255
        light *= 1 - dark * np.float32(rng.uniform(0.1, 0.55))
    light *= np.float32(rng.uniform(0.5, 1.0) / max(0.3, float(light.max())))
    return np.asarray(light, np.float32)
