"""What a classifier says of the rows of a split."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from hwcli.errors import UsageError
from hwcli.glyph import Normalisation
from hwcli.judging import predictions
from hwcli.judging.predictions import other_normalisation, predict
from hwcli.model_info import ModelInfo
from hwcli.progress import silent
from hwcli.shards import Split
from synthetic import CLASSES, make_dataset


class Made:
    """A classifier that knows nothing."""

    path = Path("made")

    def __init__(self, normalisation: Normalisation) -> None:
        scripts = ("Latn",) * len(CLASSES)
        self.info = ModelInfo("lenet", {}, "char", CLASSES, scripts, normalisation)

    def logits(self, glyphs: np.ndarray) -> np.ndarray:
        return np.zeros((len(glyphs), len(CLASSES)), np.float32)


def test_another_normalisation_is_told_by_what_differs(tmp_path: Path) -> None:
    made = make_dataset(tmp_path / "made-up", rows=5)
    assert other_normalisation(Made(Normalisation(fit=24)), made) is None
    assert other_normalisation(Made(Normalisation(fit=20, centre="mass")), made) == (
        "made-up was made by another normalisation than the model's data (fit 24, not 20, centre "
        "box, not mass): the figures are lower than they could be"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_logits_that_the_disk_has_no_room_for_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They used to kill the process once the disk was full, which a sparse file shows too late."""
    monkeypatch.setattr(predictions, "_IN_MEMORY", 0)
    monkeypatch.setattr(predictions.tempfile, "tempdir", str(tmp_path))
    made = make_dataset(tmp_path / "made-up")
    found = predict(Made(Normalisation(fit=24)), made, Split.test, progress=silent)
    assert isinstance(found.logits, np.memmap) and not found.logits.any()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            predict(Made(Normalisation(fit=24)), made, Split.test, progress=silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
