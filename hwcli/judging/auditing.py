"""Looks for what is wrong in the rows that a model was judged on, and says where each lies."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.characters import Target
from hwcli.classify import softmax, top_k
from hwcli.dataset import Dataset
from hwcli.judging.audit import Audit, Candidate, Kind, Suspect, Twin
from hwcli.judging.evaluation import Outcomes
from hwcli.judging.outliers import outlier_scores
from hwcli.judging.suspects import doubt_labels
from hwcli.judging.twins import find_twins
from hwcli.near import SIDE, thumbnails
from hwcli.progress import Progress, silent
from hwcli.shards import Split

_CANDIDATES = 5
"""Likeliest characters that are told of a suspect."""
_PIXELS = 1 << 24
"""Of the images that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How much is told."""

    labels: int = 70
    """Likely label errors at most; none are told of where the model prefers no other class."""
    outliers: int = 30
    """Outliers at most; rows that are told of already are not again."""
    twins: int = 100
    """Judged rows with a twin at most."""


def audit(
    dataset: Dataset,
    split: Split,
    logits: NDArray[np.float32],
    outcomes: Outcomes,
    *,
    temperature: float,
    classes: Sequence[str],
    target: Target,
    options: AuditOptions = AuditOptions(),
    progress: Progress = silent,
) -> Audit:
    """What may be wrong in the rows that were judged.

    Args:
        dataset: where they are.
        split: theirs; twins are looked for in the others.
        logits: float32 (N, classes), which may be a memory map.
        outcomes: of these N rows.
        temperature: the model's.
        classes: the names that the model's outputs stand for.
        target: whether these are characters or scripts.
        options: how much is told.
        progress: is told of the search for twins, (rows done, rows in all).

    Raises:
        DatasetError: a shard is missing or damaged.
        ValueError: logits that are no numbers.
    """
    doubts = doubt_labels(logits, outcomes.truth, temperature=temperature)
    small = _thumbnails_at(dataset, outcomes.place)
    odd = outlier_scores(doubts.energy, small, outcomes.truth)
    doubted = _largest(doubts.score, doubts.score > 0, options.labels)
    others = np.ones(len(outcomes), np.bool_)
    others[doubted] = False
    outlying = _largest(odd, others, options.outliers)
    near = find_twins(dataset, split, small, progress=progress)
    row, other = near.row[: options.twins], near.place[: options.twins]
    told = _Told(dataset, outcomes, logits, temperature, tuple(classes), target)
    return Audit(
        label_errors=doubts.share,
        suspects=(
            *told.suspects("label", doubted, doubts.score),
            *told.suspects("outlier", outlying, odd),
        ),
        twins=tuple(told.twins(outcomes.place[row], other, near.distance)),
        rows_with_twin=len(near.row),
    )


def _largest(score: NDArray[np.float32], among: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """The rows of the `most` largest scores, largest first; of equal ones the first."""
    rows = np.flatnonzero(among)
    return rows[np.argsort(-score[rows], kind="stable")[:most]]


def _thumbnails_at(dataset: Dataset, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    small = np.empty((len(places), SIDE * SIDE), np.uint8)
    step = max(1, _PIXELS // dataset.info.normalisation.size**2)
    for at in range(0, len(places), step):
        small[at : at + step] = thumbnails(dataset.images_at(places[at : at + step]))
    return small


@dataclass(frozen=True, slots=True)
class _Row:
    """What the dataset says of a row."""

    place: int
    origin: str
    label: str
    source: str
    split: str


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Finds the words for rows that were chosen."""

    dataset: Dataset
    outcomes: Outcomes
    logits: NDArray[np.float32]
    temperature: float
    classes: tuple[str, ...]
    target: Target

    def suspects(
        self, kind: Kind, rows: NDArray[np.intp], score: NDArray[np.float32]
    ) -> Iterator[Suspect]:
        """Those of the judged `rows`; `score` is of all that were judged."""
        places = self.outcomes.place[rows]
        images = self.dataset.images_at(places)
        probabilities = softmax(self.logits[rows] / np.float32(self.temperature))
        best = top_k(probabilities, _CANDIDATES)
        truth = self.outcomes.truth[rows].tolist()
        for i, row in enumerate(self._rows(places)):
            ps = probabilities[i].tolist()
            others = [k for k in best[i].tolist() if k != truth[i]]
            yield Suspect(
                kind=kind,
                place=row.place,
                source=row.source,
                origin=row.origin,
                split=row.split,
                sha256=hashlib.sha256(images[i].tobytes()).hexdigest(),
                label=row.label,
                label_probability=ps[truth[i]],
                suggestion=self.classes[others[0]] if others else row.label,
                candidates=tuple(Candidate(self.classes[k], ps[k]) for k in best[i].tolist()),
                score=float(score[rows[i]]),
            )

    def twins(
        self, places: NDArray[np.int64], others: NDArray[np.intp], distance: NDArray[np.float32]
    ) -> Iterator[Twin]:
        """The rows at `places` beside those at `others`."""
        pairs = zip(self._rows(places), self._rows(others), distance.tolist(), strict=False)
        for row, other, apart in pairs:
            yield Twin(
                place=row.place,
                origin=row.origin,
                char=row.label,
                other_place=other.place,
                other_origin=other.origin,
                other_char=other.label,
                other_split=other.split,
                distance=apart,
            )

    def _rows(self, places: NDArray[np.intp]) -> list[_Row]:
        """The rows at `places`, in any order."""
        info, names = self.dataset.info, self.dataset.targets(self.target)
        ends = np.cumsum([entry.rows for entry in info.shards])
        origins = self.dataset.origins_at(places)
        shards = ends.searchsorted(places, "right")
        columns = {number: self.dataset.columns(number) for number in np.unique(shards).tolist()}
        rows = []
        for place, number, origin in zip(places.tolist(), shards.tolist(), origins, strict=True):
            here, at = columns[number], place - int(ends[number])  # counted from the shard's end
            label = here.label[at] if self.target == "char" else here.script[at]
            source, split = info.sources[here.source[at]].name, Split(int(here.split[at])).name
            rows.append(_Row(place, origin, names[label], source, split))
        return rows
