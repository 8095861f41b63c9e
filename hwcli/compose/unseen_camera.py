"""A camera that nothing is trained on: it shakes, its lens darkens the corners, lamps glare."""

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hwcli.compose.camera import Shot
from hwcli.compose.paper import Light
from hwcli.compose.unseen_paper import clouds

Ids = NDArray[np.int32]


def photograph(reflected: Light, ids: Ids, rng: Generator) -> Shot:
    """The sheet that gives back `reflected`, float32 (H, W) in [0, 1], as a phone shows it."""
    scene, ids = _held(reflected, ids, rng)
    scene = scene * _lit(scene.shape, rng)
    if rng.random() < 0.25:
        scene = _glare(scene, rng)
    scene = _focused(scene, rng)
    bend = np.float32(rng.uniform(-0.2, 0.45))  # contrast in the middle tones, as phones like it
    scene = np.clip(scene, 0, 1)
    scene = scene + bend * (3 * scene**2 - 2 * scene**3 - scene)
    shot, dark = rng.uniform(0.005, 0.03), rng.uniform(0.001, 0.006)
    grain = rng.normal(0, 1, scene.shape).astype(np.float32)
    scene = scene + grain * (np.float32(shot) * np.sqrt(np.maximum(scene, 0)) + np.float32(dark))
    if rng.random() < 0.5:  # sharpened, with light seams along dark strokes
        soft = cv2.GaussianBlur(scene, (0, 0), rng.uniform(0.8, 2.0))
        scene = scene + np.float32(rng.uniform(0.3, 1.0)) * (scene - soft)
    grey = np.clip(scene * 255, 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 93))]
    grey = np.asarray(cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], 0), np.uint8)
    return Shot(grey, ids)


def photograph_on_desk(reflected: Light, ids: Ids, rng: Generator) -> Shot:
    """The same of a sheet with the desk around it, and now and then another sheet under it."""
    height, width = reflected.shape
    above, below, left, right = (round(v) for v in rng.uniform(0.04, 0.18, 4) * [
        height, height, width, width])  # fmt: skip
    shape = (height + above + below, width + left + right)
    desk = _desk(shape, rng)
    if rng.random() < 0.7:
        _second_sheet(desk, rng)
    own = np.s_[above : above + height, left : left + width]
    sheet = np.zeros(shape, np.float32)
    sheet[own] = 1
    sideways = np.array([[1, 0, rng.normal(0, 4)], [0, 1, rng.normal(0, 4)]])
    shade = cv2.GaussianBlur(cv2.warpAffine(sheet, sideways, shape[::-1]), (0, 0),
                             rng.uniform(1.5, 5))  # fmt: skip
    desk *= 1 - np.float32(rng.uniform(0.2, 0.6)) * np.asarray(shade, np.float32)
    desk[own] = reflected
    around = np.zeros(shape, np.int32)
    around[own] = ids
    return photograph(desk, around, rng)


def _held(reflected: Light, ids: Ids, rng: Generator) -> tuple[Light, Ids]:
    """Seen at an angle, turned a little, the paper not quite flat."""
    height, width = reflected.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    angle = np.clip(rng.normal(0, 2.2), -7, 7)
    middle = np.array([width / 2, height / 2])
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    moved = (corners - middle) @ np.array([[cos, sin], [-sin, cos]]) * rng.uniform(0.92, 1.02)
    moved += middle + rng.normal(0, 0.015, (4, 2)) * min(height, width)
    back = cv2.getPerspectiveTransform(moved.astype(np.float32), corners)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    from_x = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth
    from_y = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth
    if rng.random() < 0.4:
        wave = rng.uniform(0.5, 1.3) * math.pi / width
        from_y += rng.normal(0, 0.012) * height * np.sin(wave * from_x + rng.uniform(0, 6))
    maps = from_x.astype(np.float32), from_y.astype(np.float32)
    seen = cv2.remap(reflected, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    own = cv2.remap(ids.astype(np.float32), *maps, cv2.INTER_NEAREST, borderValue=0)
    return np.asarray(seen, np.float32), np.asarray(own, np.int32)


def _lit(shape: tuple[int, ...], rng: Generator) -> Light:
    """A lamp to one side, darker corners, and now and then the shadow of a hand or a phone."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - np.float32(0.5), y / height - np.float32(0.5)
    lamp = rng.uniform(-0.9, 0.9, 2).astype(np.float32)
    light = 1 / (1 + np.float32(rng.uniform(0.05, 0.4)) * ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2))
    light *= 1 - np.float32(rng.uniform(0.0, 0.6)) * (x * x + y * y)
    if rng.random() < 0.45:
        shade, side = np.zeros(shape, np.uint8), min(height, width)
        for _ in range(int(rng.integers(1, 5))):
            at = [round(v) for v in (rng.uniform(0, 1, 2) * [width, height]).tolist()]
            size = [round(v) for v in (rng.uniform(0.08, 0.5, 2) * side).tolist()]
            cv2.ellipse(shade, at, size, rng.uniform(0, 180), 0, 360, 255, -1)
        soft = cv2.GaussianBlur(shade, (0, 0), rng.uniform(2, 0.06 * side + 3))
        light *= 1 - np.float32(rng.uniform(0.15, 0.5)) * soft.astype(np.float32) / 255
    return np.asarray(light * np.float32(rng.uniform(0.55, 1.0) / float(light.max())), np.float32)


def _glare(scene: Light, rng: Generator) -> Light:
    """With a lamp mirrored in it, where ink and paper are nearly as bright."""
    height, width = scene.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = rng.uniform(0, math.pi)
    x, y = x - np.float32(rng.uniform(0, width)), y - np.float32(rng.uniform(0, height))
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    along, across = rng.uniform([0.1, 0.04], [0.45, 0.15]) * min(height, width)
    length, breadth = (
        (x * cos + y * sin) / np.float32(along),
        (y * cos - x * sin) / np.float32(across),
    )
    bright = np.exp(-(length**2) - breadth**2)
    return np.asarray(scene + np.float32(rng.uniform(0.15, 0.5)) * bright, np.float32)


def _focused(scene: Light, rng: Generator) -> Light:
    """Blurred by a hand that shook, or by a lens that was not quite in focus."""
    reach = 15
    kernel = np.zeros((reach, reach), np.float32)
    if rng.random() < 0.4:
        turn, half = rng.uniform(0, math.pi), rng.uniform(0.5, 2.2)
        for at in np.linspace(-half, half, 41):
            x, y = (reach // 2 + at * part for part in (math.cos(turn), math.sin(turn)))
            kernel[round(y), round(x)] += 1
        kernel = np.asarray(cv2.GaussianBlur(kernel, (0, 0), 0.4), np.float32)
    else:
        disc = rng.uniform(0.3, 1.7)
        y, x = np.mgrid[0:reach, 0:reach] - reach // 2
        kernel = np.clip(disc + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), np.float32)


def _desk(shape: tuple[int, ...], rng: Generator) -> Light:
    """Wood with its grain, cloth, or something smooth."""
    desk = np.full(shape, rng.uniform(0.15, 0.75), np.float32)
    kind = rng.random()
    if kind < 0.5:
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        rings = y / np.float32(rng.uniform(5, 14)) + 3 * clouds(shape, rng, 150, 1.0)
        streaks = cv2.GaussianBlur(
            rng.normal(0, 1, shape).astype(np.float32), (0, 0), 12, sigmaY=0.7
        )
        desk *= 1 + np.float32(0.07) * np.sin(rings) + np.asarray(streaks, np.float32)
    elif kind < 0.75:
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
        desk *= 1 + np.float32(0.08) * ((x // 2 + y // 2) % 2) + clouds(shape, rng, 3, 0.05)
    return np.asarray(desk * (1 + clouds(shape, rng, 60, 0.04)), np.float32)


def _second_sheet(desk: Light, rng: Generator) -> None:
    """Another sheet, blank or lined, that lies askew."""
    height, width = desk.shape
    turn = math.radians(rng.uniform(-25, 25))
    along = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-along[1], along[0]])
    middle = rng.choice([0.0, 1.0], 2) * [width, height] + rng.normal(0, 0.08, 2) * [width, height]
    half = rng.uniform(0.35, 0.7, 2) * [width, height]
    corners = [middle + a * half[0] * along + b * half[1] * across
               for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]  # fmt: skip
    mask = np.zeros(desk.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255, cv2.LINE_AA)
    share = mask.astype(np.float32) / 255
    shade = np.asarray(cv2.GaussianBlur(share, (0, 0), 4), np.float32)
    desk *= 1 - np.float32(0.4) * shade * (1 - share)
    sheet = np.full(desk.shape, rng.uniform(0.7, 0.95), np.float32)
    if rng.random() < 0.5:
        lines = np.zeros(desk.shape, np.uint8)
        for at in np.arange(-1, 1, rng.uniform(0.05, 0.12)):
            ends = np.stack([middle + s * half[0] * along + at * half[1] * across for s in (-1, 1)])
            points = [np.round(8 * ends).astype(np.int32)]
            cv2.polylines(lines, points, False, 255, 1, cv2.LINE_AA, shift=3)
        sheet *= 1 - lines.astype(np.float32) * np.float32(0.25 / 255)
    desk[:] = desk * (1 - share) + sheet * share
