"""A model's classes and a dataset's, put together by character and never by index."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.dataset import Dataset
from hwcli.errors import ModelError
from hwcli.judging.evaluation import LeftOut
from hwcli.model_info import ModelInfo

logger = logging.getLogger(__name__)
_SHOWN = 40
"""Characters that a message names."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Which class of the model each class of a dataset is."""

    target: NDArray[np.int64]
    """(classes of the dataset,) the model's class, −1 where it has none."""
    left_out: tuple[LeftOut, ...]
    """Classes with rows that the model does not know."""
    folded: dict[str, str]
    """From a class with rows to the one of the other case that it is judged as."""


def match(
    model: ModelInfo,
    dataset: Dataset,
    support: NDArray[np.int64],
    *,
    shared_classes: bool,
    fold_case: bool,
) -> Matched:
    """Match the classes of `dataset`, of which `support` says how many rows each has.

    Args:
        model: its target decides whether characters or scripts are compared.
        dataset: whose classes are looked up.
        support: (classes,) rows to be judged.
        shared_classes: leave out classes that the model does not know.
        fold_case: take a character that the model knows in one other case alone for that one.

    Raises:
        ModelError: no class in common, or some that the model lacks and `shared_classes` does not
            hold.
    """
    names = dataset.targets(model.target)
    known = {name: i for i, name in enumerate(model.classes)}
    target = np.asarray([known.get(name, -1) for name in names], np.int64)
    lacking = [i for i, name in enumerate(names) if target[i] < 0 and support[i]]
    cases = _by_case(model.classes) if lacking else {}
    same = {i: cases.get(names[i].casefold(), []) for i in lacking}
    other_case = {i: found[0] for i, found in same.items() if len(found) == 1}
    folded = {}
    if fold_case:
        for i, name in other_case.items():
            target[i], folded[names[i]] = known[name], name
        lacking = [i for i in lacking if i not in other_case]
    if not ((target >= 0) & (support > 0)).any():
        raise ModelError(f"{model.dataset or 'the model'} and {dataset.info.name} have no class "
                         "in common")  # fmt: skip
    if lacking:
        missing = [names[i] for i in lacking]
        what = _lack(dataset.info.name, missing)
        if not shared_classes:
            raise ModelError(what, hint=_hint(len(other_case), fold_case=fold_case))
        logger.warning("%s; left out", what)
    left_out = tuple(LeftOut(names[i], int(support[i])) for i in lacking)
    return Matched(target, left_out, folded)


def _by_case(classes: Sequence[str]) -> dict[str, list[str]]:
    """From what they are without case to those of `classes` that are so."""
    found: dict[str, list[str]] = {}
    for name in classes:
        found.setdefault(name.casefold(), []).append(name)
    return found


def _lack(dataset: str, missing: Sequence[str]) -> str:
    shown = " ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
    return f"the model does not know {len(missing)} of the classes of {dataset}: {shown}"


def _hint(cases: int, *, fold_case: bool) -> str:
    hint = "--shared-classes judges the others alone"
    if cases and not fold_case:
        hint += f"; --fold-case judges {cases} by the other case"
    return hint
