"""Images as bits: counted, and bounded, as one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hwcli.bitmaps import bit_pitch, boxes_of, crossings_of, ones, words_of


@given(
    st.integers(1, 6),
    st.integers(1, 9),
    st.one_of(st.integers(1, 140), st.sampled_from([8, 16, 32, 64, 128])),
    st.sampled_from([0.0, 0.02, 0.5, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_bits_say_what_pixels_say(
    count: int, height: int, width: int, share: float, seed: int
) -> None:
    masks = np.random.default_rng(seed).random((count, height, width)) < share
    words = words_of(masks)
    assert words.nbytes * 8 == count * height * bit_pitch(width)
    boxes = boxes_of(masks)
    for i, mask in enumerate(masks):
        framed = np.pad(mask, 1).astype(int)
        crossings = np.abs(np.diff(framed, axis=0)).sum() + np.abs(np.diff(framed, axis=1)).sum()
        ys, xs = np.nonzero(mask)
        box = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1] if len(xs) else [0, 0, 0, 0]
        assert ones(words)[i] == mask.sum()
        assert crossings_of(words)[i] == crossings
        assert boxes[i].tolist() == box
