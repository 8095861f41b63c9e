"""What a page is made of."""

from dataclasses import dataclass

from hwcli.dataset import Dataset
from hwcli.judging.audit import Audit
from hwcli.judging.evaluation import Judgement
from hwcli.model_info import ModelInfo
from hwcli.report.examples import Pictures


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A model that was judged on a dataset."""

    judgement: Judgement
    audit: Audit | None
    """None where nothing was looked for."""
    model: ModelInfo
    dataset: Dataset
    pictures: Pictures
    """From rows by their place to their images."""
    warnings: tuple[str, ...] = ()
    """What is to be known beside `judgement.evaluation.warning`, like another normalisation."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A model that could not be judged on a dataset."""

    model: str
    data: str
    reason: str
