"""Many small images as bits, so that one instruction sees up to 64 pixels of them."""

import numpy as np
from numpy.typing import NDArray

_WORD = 64


def bit_pitch(width: int) -> int:
    """Pixels, at least `width`, whose bits fill one word of 8, 16 or 32 bits, or many of 64."""
    return next((n for n in (8, 16, 32) if width <= n), -(-width // _WORD) * _WORD)


def words_of(mask: NDArray[np.bool_]) -> NDArray[np.unsignedinteger]:
    """`mask`, (N, H, W), as (N, H, words), the first pixel in the lowest bit of the first word.

    Bits past the end of a line are 0.
    """
    count, height, width = mask.shape
    pitch = bit_pitch(width)
    if pitch != width:
        padded = np.zeros((count, height, pitch), np.bool_)
        padded[:, :, :width] = mask
        mask = padded
    word = np.dtype(f"<u{min(pitch, _WORD) // 8}")
    words = np.packbits(mask.reshape(-1), bitorder="little").view(word)
    return words.reshape(count, height, pitch // (8 * word.itemsize))


def ones(bits: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """(N,) how many bits of each row of `bits`, (N, …), are set."""
    flat = bits.reshape(len(bits), -1)
    if flat.shape[1] * flat.itemsize % 8 == 0 and flat.flags.c_contiguous:
        flat = flat.view(np.uint64)
    return np.asarray(np.bitwise_count(flat).sum(axis=1, dtype=np.int64), np.int64)


def crossings_of(words: NDArray[np.unsignedinteger]) -> NDArray[np.int64]:
    """(N,): sides between a pixel that is set and one that is not, of `words_of` N images.

    Around each image nothing is set.
    """
    last = 8 * words.itemsize - 1
    before = np.left_shift(words, 1)
    before[:, :, 1:] |= np.right_shift(words[:, :, :-1], last)
    changes = np.bitwise_count(np.bitwise_xor(words, before))  # no word has as many as 255
    changes[:, 1:] += np.bitwise_count(np.bitwise_xor(words[:, 1:], words[:, :-1]))
    changes[:, 0] += np.bitwise_count(words[:, 0])
    changes[:, -1] += np.bitwise_count(words[:, -1])
    changes[:, :, -1] += np.right_shift(words[:, :, -1], last).astype(np.uint8)
    return np.asarray(changes.sum(axis=(1, 2), dtype=np.int64), np.int64)


def boxes_of(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(N, 4): half-open box x0, y0, x1, y1 of what is set of `mask`, (N, H, W), or zeros."""
    count, height, width = mask.shape
    words = words_of(mask)
    rows = (words != 0).any(axis=2)
    joined = np.bitwise_or.reduce(words, axis=1)
    columns = np.unpackbits(joined.view(np.uint8), axis=1, bitorder="little")[:, :width]
    boxes = np.empty((count, 4), np.intp)
    for i, line, length in ((0, columns, width), (1, rows, height)):
        boxes[:, i] = line.argmax(axis=1)
        boxes[:, i + 2] = length - line[:, ::-1].argmax(axis=1)
    boxes[~rows.any(axis=1)] = 0
    return boxes
