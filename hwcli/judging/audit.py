"""What may be wrong in the data that a model was judged on."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["label", "outlier"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A character that a model holds possible."""

    char: str
    p: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that may be wrong."""

    kind: Kind
    """`label`: the image looks like another character; `outlier`: it looks like none."""
    place: int
    """Number of the row within the dataset, all shards one after the other."""
    source: str
    origin: str
    """The path inside the source."""
    split: str
    sha256: str
    """Hex, of the image's pixels, uint8 (S, S) row by row: what a correction is checked against."""
    label: str
    """The character it is said to be, as the dataset has it."""
    label_probability: float
    suggestion: str
    """The likeliest character other than the label."""
    candidates: tuple[Candidate, ...]
    """The likeliest characters, best first."""
    score: float
    """The larger, the more suspect; to be compared within one kind. Of a label the log of how many
    times likelier the suggestion is; of an outlier how far it is from all classes, to the model and
    in its ink."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A judged row and a nearly equal image in another split."""

    place: int
    origin: str
    char: str
    other_place: int
    other_origin: str
    other_char: str
    other_split: str
    distance: float
    """Share of their energy in which they differ; 0 for equal images."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in the judged rows."""

    label_errors: float
    """Share of rows that are estimated to be mislabelled (Northcutt et al. 2021); the model's own
    confident mistakes are in it."""
    suspects: tuple[Suspect, ...]
    """Likely label errors, most suspect first, then outliers, most suspect first."""
    twins: tuple[Twin, ...]
    """The nearest ones, nearest first."""
    rows_with_twin: int = 0
    """Judged rows that have a nearly equal image in another split, listed or not."""
