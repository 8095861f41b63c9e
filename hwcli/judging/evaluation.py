"""What is said of a model judged on a dataset: the fields of `hwcli.eval/1`; shares in [0, 1]."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import Target
from hwcli.metrics import Averages

SCHEMA = "hwcli.eval/1"
_FEW_WRITERS = 10
"""Below so many, intervals by writer hold less often than in 19 cases of 20."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of the evaluation."""

    char: str
    """The character, or the script where the target is the script."""
    precision: float
    recall: float
    f1: float
    support: int
    script: str = ""
    """ISO 15924 code."""


@dataclass(frozen=True, slots=True)
class Confused:
    """A mistake and how often it was made."""

    truth: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure lies with a confidence of 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """How far the figures would be otherwise on other glyphs, or other people's."""

    by: str
    """`writer`: people were drawn anew (Efron 1979, by cluster), so it holds for other hands;
    `glyph`: writers are not known, or one wrote all, so it holds for the same hands alone; `both`:
    the writers of some rows are known."""
    writers: int
    """Whose rows were judged, as far as they are known."""
    top: dict[str, Interval]
    macro: dict[str, Interval]
    """Of macro precision, recall and f1."""

    @property
    def few(self) -> bool:
        """Whether they go by so few writers that they are too narrow."""
        return self.by == "writer" and self.writers < _FEW_WRITERS


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The rows of one script or source."""

    name: str
    n: int
    top: dict[str, float]
    interval: Interval
    """Of top-1."""
    macro_f1: float


@dataclass(frozen=True, slots=True)
class Writers:
    """Top-1 accuracy from writer to writer, of those with at least `least` rows."""

    n: int
    least: int
    lowest: float
    tenth: float
    """One writer in ten has at most this."""
    median: float
    highest: float


@dataclass(frozen=True, slots=True)
class Lenient:
    """The scores once some characters count as one."""

    name: str
    """`case` or `equiv`."""
    groups: tuple[tuple[str, ...], ...]
    """The characters that count as one."""
    top: dict[str, float]
    macro: Averages
    weighted: Averages


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of like confidence."""

    low: float
    high: float
    n: int
    confidence: float
    """Their mean."""
    accuracy: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What it takes to be right as often as wanted."""

    accuracy: float
    """Wanted among what is kept."""
    confidence: float | None
    """Below which a glyph is to be rejected; None where no threshold will do."""
    coverage: float
    """Share of the rows that are kept."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far the confidence can be trusted."""

    temperature: float
    nll: float
    """Mean negative log-likelihood of the truth, nats."""
    brier: float
    """Mean squared distance from the truth over all classes, in [0, 2] (Brier 1950)."""
    mce: float
    """The largest gap of a bin (Naeini et al. 2015)."""
    aurc: float
    """Area under the risk-coverage curve (Geifman & El-Yaniv 2017); lower is better."""
    reliability: tuple[Bin, ...]
    """15 bins of equal width, those without rows left out."""
    coverage: tuple[float, ...]
    """Shares of rows kept, most confident first, ascending to 1."""
    risk: tuple[float, ...]
    """The share of mistakes among them."""
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A class of the dataset that the model does not know, and its rows."""

    char: str
    n: int


@dataclass(frozen=True, slots=True)
class Matching:
    """How the model's classes and the dataset's went together."""

    shared: int
    """Classes with rows that the model knows."""
    left_out: tuple[LeftOut, ...] = ()
    absent: tuple[str, ...] = ()
    """Classes of the model without rows here."""
    folded: dict[str, str] = field(default_factory=dict)
    """From a class of the dataset to the one of the other case by which it was judged."""
    top_among_shared: dict[str, float] = field(default_factory=dict)
    """Top-k if the model could answer with the classes that have rows here alone; empty where those
    are all it knows."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `eval --json` prints."""

    schema: str
    model: str
    data: str
    split: str
    target: Target
    n: int
    """Rows judged."""
    top: dict[str, float]
    """From k to the share of rows whose truth is among the k likeliest."""
    macro: Averages
    """Over the classes that occur, as truth or as prediction."""
    weighted: Averages
    ece: float
    classes: tuple[ClassScore, ...]
    confused: tuple[Confused, ...]
    """The most frequent mistakes."""
    intervals: Intervals
    scripts: tuple[GroupScore, ...]
    sources: tuple[GroupScore, ...]
    writers: Writers | None
    """None where fewer than two writers are known."""
    lenient: tuple[Lenient, ...]
    confidence: Confidence
    matching: Matching
    glyphs_per_s: float
    """Classified by the model, without reading."""
    warning: str | None = None
    """Why these rows may have been in the model's training."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the model said of each of N rows, a column an array."""

    place: NDArray[np.int64]
    """(N,) number of the row within the dataset, all shards one after the other."""
    truth: NDArray[np.int64]
    """(N,) as the model counts its classes."""
    predicted: NDArray[np.int64]
    """(N,) the likeliest class."""
    confidence: NDArray[np.float32]
    """(N,) its calibrated probability."""
    truth_probability: NDArray[np.float32]
    """(N,) that of the truth."""
    rank: NDArray[np.int64]
    """(N,) place of the truth among the classes, 0 for the likeliest."""
    script: NDArray[np.int32]
    """(N,) index into the dataset's scripts."""
    source: NDArray[np.int32]
    """(N,) index into the dataset's sources."""
    writer: NDArray[np.int32]
    """(N,) number of the person within the dataset, −1 unknown."""

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """An evaluation with what it was made of."""

    evaluation: Evaluation
    confusion: NDArray[np.int64]
    """(C, C), truth down, prediction across, in the order of `evaluation.classes`."""
    outcomes: Outcomes

    @property
    def accuracy(self) -> float:
        """Share of rows whose likeliest class is the truth."""
        return float(self.confusion.trace() / self.evaluation.n)
