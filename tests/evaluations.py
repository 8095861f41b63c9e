"""Evaluations and audits of made-up answers, consistent in all their numbers."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hwcli import metrics
from hwcli.judging.audit import Audit, Candidate, Suspect, Twin
from hwcli.judging.evaluation import (
    SCHEMA,
    Bin,
    ClassScore,
    Confidence,
    Confused,
    Evaluation,
    GroupScore,
    Interval,
    Intervals,
    Judgement,
    Lenient,
    Matching,
    Outcomes,
    Threshold,
    Writers,
)

Pictures = Callable[[Sequence[int]], NDArray[np.uint8]]
HOSTILE = (
    "<script>", "&amp;", '"', "'", "]]>", "</script>", "`${x}`", "=1+1", "-", "a,b", "नि", "ب", "᜔",
    "\ufffd", " ", "$x$", "{{x}}", "ᜃᜒ", "漢", "\u202e", "%", "#", "\\", "一二三四五六七八九十百千",
    "\r",
    "é",
)  # fmt: skip
"""Names of classes that a page or a table might choke on."""


def pictures(size: int = 28) -> Pictures:
    """Images by place, always the same for one place."""

    def give(places: Sequence[int]) -> NDArray[np.uint8]:
        images = np.zeros((len(places), size, size), np.uint8)
        for image, place in zip(images, places, strict=True):
            rng = np.random.default_rng(place)
            row, column = rng.integers(2, size - 8, 2)
            image[row : row + 6, 2 : size - 2] = 255
            image[2 : size - 2, column : column + 4] = rng.integers(80, 256)
        return images

    return give


def probabilities_of(
    truth: NDArray[np.int64], classes: int, rng: np.random.Generator, accuracy: float = 0.9
) -> NDArray[np.float32]:
    """Made-up answers, float32 (N, classes): near the truth about as often as wanted."""
    n = len(truth)
    logits = rng.normal(0, 0.4, (n, classes)).astype(np.float32)
    answer = np.where(rng.random(n) < accuracy, truth, (truth + rng.integers(1, 4, n)) % classes)
    logits[np.arange(n), answer] += rng.gamma(3, 2, n).astype(np.float32) + 1
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), np.float32)


def judgement_of(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    classes: Sequence[str],
    scripts: Sequence[str],
    *,
    place: NDArray[np.int64] | None = None,
    source: NDArray[np.int32] | None = None,
    sources: Sequence[str] = ("made-up",),
    writer: NDArray[np.int32] | None = None,
    model: str = "net",
    data: str = "letters",
    target: str = "char",
    temperature: float = 1.2,
    warning: str | None = None,
    matching: Matching | None = None,
    groups: Sequence[tuple[str, ...]] = (),
) -> Judgement:
    """What is said of answers `probabilities` (N, C) to rows whose class is `truth`."""
    n = len(truth)
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    confusion = metrics.confusion_matrix(truth, predicted, len(classes))
    rank = metrics.ranks(probabilities, truth)
    names = sorted(set(scripts))
    script = np.array([names.index(s) for s in scripts], np.int32)[truth]
    outcomes = Outcomes(
        place=np.arange(n) if place is None else place,
        truth=truth,
        predicted=predicted,
        confidence=probabilities.max(axis=1),
        truth_probability=probabilities[np.arange(n), truth],
        rank=rank,
        script=script,
        source=np.zeros(n, np.int32) if source is None else source,
        writer=np.full(n, -1, np.int32) if writer is None else writer,
    )
    scores = metrics.class_scores(confusion)
    return Judgement(
        evaluation=Evaluation(
            schema=SCHEMA, model=model, data=data, split="test", target=target, n=n,  # type: ignore[arg-type]
            top={str(k): float(np.mean(rank < k)) for k in (1, 2, 5)},
            macro=metrics.macro(scores), weighted=metrics.weighted(scores),
            ece=_ece(outcomes),
            classes=tuple(
                ClassScore(c, float(p), float(r), float(f), int(s), script=k)
                for c, p, r, f, s, k in zip(
                    classes, scores.precision, scores.recall, scores.f1, scores.support, scripts,
                    strict=True,
                )
            ),
            confused=tuple(
                Confused(classes[t], classes[p], k)
                for t, p, k in metrics.confused_pairs(confusion, 50)
            ),
            intervals=_intervals(outcomes, scores),
            scripts=_groups(names, script, outcomes),
            sources=_groups(sources, outcomes.source, outcomes),
            writers=_writers(outcomes),
            lenient=tuple(
                Lenient("case", (g,), {"1": min(1.0, float(np.mean(rank < 1)) + 0.02)},
                        metrics.macro(scores), metrics.weighted(scores))
                for g in groups
            ),
            confidence=_confidence(outcomes, probabilities, temperature),
            matching=matching or Matching(len(classes)), glyphs_per_s=12345.6, warning=warning,
        ),
        confusion=confusion,
        outcomes=outcomes,
    )  # fmt: skip


def _interval(share: float, n: int) -> Interval:
    half = 1.96 * (share * (1 - share) / max(n, 1)) ** 0.5
    return Interval(max(0.0, share - half), min(1.0, share + half))


def _intervals(outcomes: Outcomes, scores: metrics.ClassScores) -> Intervals:
    writers = len(set(outcomes.writer.tolist()) - {-1})
    n = len(outcomes)
    average = metrics.macro(scores)
    return Intervals(
        by="writer" if writers > 1 else "glyph",
        writers=writers,
        top={str(k): _interval(float(np.mean(outcomes.rank < k)), n) for k in (1, 2, 5)},
        macro={m: _interval(getattr(average, m), n) for m in ("precision", "recall", "f1")},
    )


def _groups(
    names: Sequence[str], group: NDArray[np.int32], outcomes: Outcomes
) -> tuple[GroupScore, ...]:
    found = []
    for number, name in enumerate(names):
        rank = outcomes.rank[group == number]
        if len(rank):
            top = {str(k): float(np.mean(rank < k)) for k in (1, 2, 5)}
            found.append(
                GroupScore(name, len(rank), top, _interval(top["1"], len(rank)), 0.98 * top["1"])
            )
    return tuple(found)


def _writers(outcomes: Outcomes) -> Writers | None:
    known = outcomes.writer >= 0
    writer = outcomes.writer[known]
    rows = np.bincount(writer)
    if (rows > 0).sum() < 2:
        return None
    right = np.bincount(writer, weights=outcomes.rank[known] == 0)
    shares = np.sort((right / np.maximum(rows, 1))[rows >= 10])
    if not len(shares):
        return None
    low, tenth, median, high = np.quantile(shares, (0, 0.1, 0.5, 1)).tolist()
    return Writers(len(shares), 10, low, tenth, median, high)


def _ece(outcomes: Outcomes) -> float:
    confidence = outcomes.confidence.astype(float)
    number = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    gaps = np.bincount(number, weights=(outcomes.rank == 0) - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def _confidence(
    outcomes: Outcomes, probabilities: NDArray[np.float32], temperature: float
) -> Confidence:
    confidence, right = outcomes.confidence.astype(float), outcomes.rank == 0
    number = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    bins = tuple(
        Bin(k / 15, (k + 1) / 15, int((number == k).sum()), float(confidence[number == k].mean()),
            float(right[number == k].mean()))
        for k in range(15) if (number == k).any()
    )  # fmt: skip
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    kept = np.arange(1, len(order) + 1)
    risk = wrong / kept
    some = np.unique(np.linspace(0, len(order) - 1, 200).astype(int))
    thresholds = []
    for wanted in (0.9, 0.95, 0.98, 0.99, 0.995, 0.999):
        good = np.flatnonzero(1 - risk >= wanted)
        last = int(good[-1]) if len(good) else -1
        thresholds.append(
            Threshold(wanted, float(confidence[order[last]]), (last + 1) / len(order))
            if len(good) else Threshold(wanted, None, 0.0)
        )  # fmt: skip
    own = outcomes.truth_probability.astype(float)
    brier = float(np.mean((probabilities.astype(float) ** 2).sum(axis=1) - 2 * own + 1))
    return Confidence(
        temperature, float(np.mean(-np.log(np.maximum(own, 1e-9)))), brier,
        max(abs(b.accuracy - b.confidence) for b in bins), float(risk.mean()), bins,
        tuple((kept[some] / len(order)).tolist()), tuple(risk[some].tolist()), tuple(thresholds),
    )  # fmt: skip


def audit_of(
    judgement: Judgement,
    probabilities: NDArray[np.float32],
    images: Pictures,
    *,
    labels: int = 60,
    outliers: int = 20,
    twins: int = 5,
    origin: Callable[[int], str] = "made-up/{}.png".format,
    source: str = "made-up",
) -> Audit:
    """The rows whose label is least likely, the least confident ones, and made-up twins."""
    outcomes, names = judgement.outcomes, [c.char for c in judgement.evaluation.classes]
    doubt = np.argsort(outcomes.truth_probability, kind="stable")[:labels].tolist()
    unsure = np.argsort(outcomes.confidence, kind="stable")[:outliers].tolist()
    found = []
    for kind, rows in (("label", doubt), ("outlier", unsure)):
        for row in rows:
            place = int(outcomes.place[row])
            best = np.argsort(-probabilities[row], kind="stable")[:5].tolist()
            other = next(k for k in best if k != outcomes.truth[row])
            found.append(
                Suspect(
                    kind, place, source, origin(place), "test",  # type: ignore[arg-type]
                    hashlib.sha256(images([place])[0].tobytes()).hexdigest(),
                    names[outcomes.truth[row]], float(outcomes.truth_probability[row]),
                    names[other],
                    tuple(Candidate(names[k], float(probabilities[row, k])) for k in best),
                    1 - float(outcomes.truth_probability[row]),
                )
            )  # fmt: skip
    pairs = tuple(
        Twin(int(outcomes.place[k]), origin(k), names[outcomes.truth[k]], k + 1, origin(k + 1),
             names[(outcomes.truth[k] + k) % len(names)], "train", 0.001 * k)
        for k in range(twins)
    )  # fmt: skip
    return Audit(0.0123, tuple(found), pairs, rows_with_twin=len(pairs))
