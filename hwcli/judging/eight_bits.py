"""Puts a classifier of 8 bits in the place of one that says nearly the same."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from hwcli.atomic import write_bytes, writing
from hwcli.classify import Classifier
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError, ModelError, UsageError
from hwcli.judging.predictions import Predictions, predict
from hwcli.progress import Progress
from hwcli.quantised import check_float, quantise
from hwcli.shards import Split

_IMAGES, _AT_ONCE = 2048, 128
"""Images that tell the ranges of activations, and how many the network is given at once."""
_LEAST_IMAGES = 100
"""By which ranges can be told, and two networks compared."""
_MOST_OTHERWISE = 0.05
"""Share of the images that the new one may name otherwise."""


@dataclass(frozen=True, slots=True)
class EightBits:
    """What became of a network."""

    before: int
    """Bytes of its file."""
    after: int
    rows: int
    """Images on which both were compared."""
    otherwise: int
    """How many of these it names otherwise than before."""


def to_eight_bits(
    classifier: Classifier,
    dataset: Dataset,
    *,
    threads: int,
    shared_classes: bool,
    fold_case: bool,
    progress: Progress,
) -> EightBits:
    """Replace the file of `classifier` by one of 8 bits that says nearly the same.

    The ranges of activations are those of images of the train split of `dataset`; the two are
    compared on its val split before the old one goes.

    Raises:
        UsageError: it has 8 bits already, or would be no smaller.
        DatasetError: too few images to tell ranges by or to compare on, or of another size.
        ModelError: model and data do not fit, the new one names too much otherwise, or it cannot
            be read or written.
    """
    path = classifier.path
    check_float(path)
    images = _some(dataset, Split.train)
    size = classifier.info.normalisation.size
    if len(images) < _LEAST_IMAGES or images.shape[1:] != (size, size):
        raise DatasetError(
            f"{dataset.folder}: train has not {_LEAST_IMAGES} images of {size} × {size} px"
        )

    def told(network: Classifier) -> Predictions:
        return predict(
            network, dataset, Split.val, shared_classes=shared_classes, fold_case=fold_case,
            at_most=_IMAGES, progress=progress,
        )  # fmt: skip

    before = told(classifier)
    if len(before) < _LEAST_IMAGES:
        raise DatasetError(f"{dataset.folder}: {len(before)} rows in val are too few to compare on")
    with TemporaryDirectory() as folder:
        target = Path(folder) / "new.onnx"
        quantise(path, target, _parts(images))
        after = told(Classifier(target, threads=threads))
        data = target.read_bytes()
    found = EightBits(
        path.stat().st_size, len(data), len(before),
        int((before.logits.argmax(axis=1) != after.logits.argmax(axis=1)).sum()),
    )  # fmt: skip
    if found.after >= found.before:
        raise UsageError(f"{path}: would be no smaller in 8 bits", hint="--int8 is for networks")
    if found.otherwise > _MOST_OTHERWISE * found.rows:
        raise ModelError(
            f"{path}: in 8 bits it names {found.otherwise:,} of {found.rows:,} glyphs of val "
            "otherwise; left as it is"
        )
    with writing(path, ModelError):
        write_bytes(path, data)
    return found


def _some(dataset: Dataset, split: Split) -> NDArray[np.uint8]:
    """Images from all of a split, evenly: as many as tell enough."""
    images = dataset.load(split).images
    some = np.linspace(0, len(images) - 1, min(_IMAGES, len(images))).astype(np.intp)
    return np.asarray(images[some], np.uint8)


def _parts(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Parts of `images` of one size: ONNX Runtime takes no others."""
    each = min(_AT_ONCE, len(images))
    return np.split(images[: len(images) // each * each], len(images) // each)
