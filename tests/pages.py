"""Pages for tests: writing on paper, with what photos do to it."""

import cv2
import numpy as np


def written(
    rows: list[str], *, height: int = 40, thickness: int = 4, paper: int = 225, ink: int = 40
) -> np.ndarray:
    """Rows of text in plain strokes on noisy paper: uint8 (H, W), dark on light."""
    scale = height / 22
    step = int(height * 2.2)
    advance = int(height * 1.25)
    width = max(len(r) for r in rows) * advance + 2 * height
    page = np.full((step * len(rows) + height, width), paper, np.uint8)
    for y, row in enumerate(rows):
        for x, char in enumerate(row):
            foot = (height + x * advance, height // 2 + step * y + int(height * 1.4))
            cv2.putText(
                page, char, foot, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness, cv2.LINE_AA
            )
    noise = np.random.default_rng(1).normal(0, 2, page.shape)
    return np.clip(page + noise, 0, 255).astype(np.uint8)


def shaded(page: np.ndarray, darkest: float = 0.4) -> np.ndarray:
    """The page with light falling off to the right, and a hard shadow across its middle."""
    light = np.linspace(1, darkest, page.shape[1])[None, :] * np.ones(page.shape)
    light[:, page.shape[1] // 2 :] *= 0.8
    return np.clip(page * light, 0, 255).astype(np.uint8)


def ruled(page: np.ndarray, every: int, *, thickness: int = 2, grey: int = 120) -> np.ndarray:
    """The page with horizontal rulings."""
    out = page.copy()
    for y in range(every, out.shape[0], every):
        out[y : y + thickness] = np.minimum(out[y : y + thickness], grey)
    return out
