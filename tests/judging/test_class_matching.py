"""Classes of a model and of a dataset, put together by character."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from hwcli.dataset import Dataset, open_dataset
from hwcli.glyph import Normalisation
from hwcli.judging.matching import match
from hwcli.model_info import ModelInfo
from synthetic import make_dataset


class Counted(str):
    """A character that counts how often its case is folded."""

    folded = 0

    def casefold(self) -> str:
        Counted.folded += 1
        return super().casefold()


def of_classes(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    return replace(dataset, info=replace(dataset.info, classes=classes))


def test_the_other_case_is_looked_up_and_not_searched_for(tmp_path: Path) -> None:
    """Of 10,000 classes, comparing each with each took most of a minute."""
    made = make_dataset(tmp_path / "made-up", rows=1)
    known = tuple(map(Counted, [chr(0x4E00 + i) for i in range(300)] + ["Ä", "ß", "σ"]))
    there = (*(chr(0x6E00 + i) for i in range(300)), "ä", "ß", "Σ", "ς")
    model = ModelInfo("lenet", {}, "char", known, ("Zyyy",) * len(known), Normalisation())
    Counted.folded = 0
    found = match(
        model, of_classes(open_dataset(made.folder), there), np.ones(len(there), np.int64),
        shared_classes=True, fold_case=True,
    )  # fmt: skip
    assert found.folded == {"ä": "Ä", "Σ": "σ", "ς": "σ"}
    assert len(found.left_out) == 300
    assert Counted.folded <= 2 * len(known)
