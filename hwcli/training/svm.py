"""Fitting a support vector machine, in place of the loop."""

import itertools
import logging
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from hwcli.errors import ModelError
from hwcli.metrics import negative_log_likelihood
from hwcli.models.svm import DEGREE, Machine, Svm
from hwcli.models.table import find_entry, options_of
from hwcli.progress import Progress
from hwcli.training.data import Glyphs, Source
from hwcli.training.judging import logits_of
from hwcli.training.loop import Run
from hwcli.training.options import TrainOptions
from hwcli.training.runs import Epoch, append_epoch

logger = logging.getLogger(__name__)

GRID_GLYPHS = 3000
"""The grid is searched on at most so many: it is fitted a hundred times."""
FOLDS = 3
_BLOCK = 4096
"""Rows that are looked through at a time."""
_GRID_C = {"rbf": (1.0, 10.0, 100.0), "linear": (0.01, 0.1, 1.0), "poly": (0.1, 1.0, 10.0)}
_GRID_GAMMA = {"rbf": (0.3, 1.0, 3.0), "linear": (1.0,), "poly": (1.0, 3.0)}
"""As multiples of 1 / (pixels · variance), scikit-learn's `scale`."""
_USED = {"seed", "device", "threads", "target", "stream", "deterministic"}
"""Options of a run that a machine follows; the others are for what learns in steps."""

Vectors = NDArray[np.float64]
Targets = NDArray[np.int64]


def fit_machine(
    run: Run, architecture: Svm, progress: Progress, on_start: Callable[[], None]
) -> Epoch:
    """Fit `architecture` to the training split of `run`; the one line of its records.

    The machine, its options and the record are entered into `run`; `on_start` is called before
    anything is written.

    Raises:
        ModelError: fewer than two classes to tell apart, or too few glyphs for the grid.
    """
    _warn_of_unused(run.options)
    run.device = torch.device("cpu")
    glyphs, targets = _draw(run.data.train, architecture.max_glyphs, run.options.seed)
    if len(np.unique(targets)) < 2:
        raise ModelError("an svm wants glyphs of two classes and more")
    on_start()
    x = _vectors(glyphs)
    scale = float(1 / (x.shape[1] * max(x.var(), 1e-12)))
    chosen = replace(architecture, gamma=architecture.gamma or scale)
    if architecture.grid:
        chosen = _search(chosen, x, targets, scale, run.options.seed, progress)
    machine = _svc(chosen).fit(x, targets)
    run.model, fitted = as_machine(machine, glyphs, chosen, classes=len(run.info.classes))
    run.info = replace(run.info, options=options_of(fitted))
    progress(1, 1)
    return _judge(run, glyphs, targets)


def _warn_of_unused(options: TrainOptions) -> None:
    own = find_entry("svm").training
    unset = 0 if options.time_s else None  # a time takes the place of the epochs
    changed = [
        f"--{f.name.removesuffix('_s').replace('_', '-')}"
        for f in fields(options)
        if f.name not in _USED and getattr(options, f.name) not in (getattr(own, f.name), unset)
    ]
    if changed:
        logger.warning("svm does not learn in steps: without effect: %s", ", ".join(changed))


def _draw(data: Source, most: int, seed: int) -> tuple[NDArray[np.uint8], Targets]:
    """At most `most` rows, as evenly from the classes as they have them, in random order."""
    targets = data.targets.cpu().numpy()
    order = np.random.default_rng(seed).permutation(len(targets))
    if len(targets) > most:
        by_class = order[np.argsort(targets[order], kind="stable")]
        counts = np.bincount(targets)
        place = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
        order = by_class[np.argsort(place, kind="stable")][:most]
        logger.warning(
            "fitting on %s of %s glyphs, evenly from the classes (--max-glyphs)",
            f"{most:,}", f"{len(targets):,}",
        )  # fmt: skip
    return _images(data, order), targets[order]


def _images(data: Source, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
    """The images of `rows`, in that order, wherever they are kept."""
    wanted = np.sort(rows)
    parts, start = [], 0
    for images, _ in data.in_order(_BLOCK):
        first, last = np.searchsorted(wanted, (start, start + len(images)))
        parts.append(images[torch.from_numpy(wanted[first:last] - start)].cpu().numpy())
        start += len(images)
    return np.concatenate(parts)[np.argsort(np.argsort(rows))]


def _vectors(glyphs: NDArray[np.uint8]) -> Vectors:
    """Float64 (N, size²) of uint8 (N, size, size), divided in float32 as networks see them."""
    return (glyphs.reshape(len(glyphs), -1).astype(np.float32) / np.float32(255)).astype(np.float64)


def _svc(options: Svm) -> SVC:
    return SVC(
        C=options.c,
        kernel=options.kernel,
        gamma=options.gamma,
        degree=DEGREE,
        decision_function_shape="ovr",
        cache_size=500,
    )


def as_machine(
    svc: SVC, glyphs: NDArray[np.uint8], options: Svm, *, classes: int
) -> tuple[Machine, Svm]:
    """What `svc` has learned, fitted on `glyphs` with targets below `classes`, as a network."""
    known, counts = svc.classes_.astype(np.int64), svc.n_support_
    k, m = len(known), int(counts.max())
    fitted = replace(options, fitted=k, supports=m)
    machine = Machine(fitted, classes=classes, size=glyphs.shape[1])
    sign = -1.0 if k == 2 else 1.0  # scikit-learn turns the one pair there is
    start = 0
    for own, count in enumerate(counts):
        rows = slice(start, start + count)
        vectors = glyphs[svc.support_[rows]].reshape(count, -1)
        machine.supports[own, :count] = torch.from_numpy(vectors)
        others = [c for c in range(k) if c != own]
        duals = sign * svc.dual_coef_[:, rows].T
        machine.duals[own, :count] = torch.zeros(count, k).index_copy(
            1, torch.tensor(others), torch.from_numpy(duals).float()
        )
        start += count
    pairs = itertools.combinations(range(k), 2)
    for (one, other), value in zip(pairs, svc.intercept_, strict=True):
        machine.intercepts[one, other] = machine.intercepts[other, one] = sign * float(value)
    machine.place.fill_(k)
    machine.place[torch.from_numpy(known)] = torch.arange(k)
    return machine.eval(), fitted


def _search(
    options: Svm, x: Vectors, targets: Targets, scale: float, seed: int, progress: Progress
) -> Svm:
    """`options` with the C, gamma and kernel of the highest cross-validated accuracy."""
    x, targets = x[:GRID_GLYPHS], targets[:GRID_GLYPHS]  # drawn: the order is random or even
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    grid = [
        replace(options, kernel=kernel, c=c, gamma=factor * scale)
        for kernel in _GRID_C
        for c in _GRID_C[kernel]
        for factor in _GRID_GAMMA[kernel]
    ]
    smallest = int(np.bincount(targets)[np.unique(targets)].min())
    if smallest < FOLDS:
        raise ModelError(f"--grid wants {FOLDS} glyphs of each class, one has {smallest}")
    logger.warning("grid: %d settings, %d folds of %s glyphs", len(grid), FOLDS, f"{len(x):,}")
    logger.warning("  kernel   C       gamma     accuracy")
    scores = []
    for done, candidate in enumerate(grid, start=1):
        scores.append(float(cross_val_score(_svc(candidate), x, targets, cv=folds).mean()))
        gamma = "" if candidate.kernel == "linear" else f"{candidate.gamma:.5f}"
        logger.warning("  %-6s  %6g  %9s   %.4f", candidate.kernel, candidate.c, gamma, scores[-1])
        progress(done, len(grid) + 1)
    best = grid[int(np.argmax(scores))]
    logger.warning("best: %s, C %g, gamma %.5f", best.kernel, best.c, best.gamma)
    return best


def _judge(run: Run, glyphs: NDArray[np.uint8], targets: Targets) -> Epoch:
    """The fitted machine's record; its losses are of the scores as logits, uncalibrated."""
    took = run.clock() - run.start
    seen = Glyphs(torch.from_numpy(glyphs), torch.from_numpy(targets))
    (ours, _), (theirs, judged) = (
        logits_of(run.model, part, run.device, at_most=len(part)) for part in (seen, run.data.val)
    )
    scores, truth = theirs.numpy(), judged.numpy()
    epoch = Epoch(
        epoch=1,
        step=1,
        loss=negative_log_likelihood(ours.numpy(), targets, 1.0),
        lr=0.0,
        val_loss=negative_log_likelihood(scores, truth, 1.0),
        val_accuracy=float((scores.argmax(1) == truth).mean()),
        seconds=round(took, 3),
        images_per_s=round(len(targets) / max(took, 1e-9), 1),
    )
    run.epochs.append(epoch)
    run.best = epoch
    append_epoch(run.folder, epoch)
    return epoch
