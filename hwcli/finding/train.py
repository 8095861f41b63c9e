"""Training of the finder: pages composed beside it, a pass over them, and so on until time is up.

Losses: binary cross-entropy for ink, CenterNet's focal loss for middles, smooth L1 for the way to
them. AdamW with a cosine schedule, gradients clipped, weights averaged over the last steps; bf16
where the processor has it.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from hwcli.finding.export import load_finder, unfolded
from hwcli.finding.judge import Score, judge
from hwcli.finding.network import FinderNet
from hwcli.finding.samples import Sample, make_samples, start_composing
from hwcli.finding.targets import Example, example
from hwcli.finding.trained import TrainedFinder
from hwcli.page.finder import Characters, Finder, decode
from hwcli.processes import new_pool, submit
from hwcli.shards import Split
from hwcli.training.device import uses_bf16

logger = logging.getLogger(__name__)

_PAGES = 256
"""Composed for an epoch."""
_HELD = 4
"""Epochs whose pages are drawn from."""
_CROPS = 1536
"""An epoch."""
_JUDGED = 64
"""Pages on which the finder is judged; their glyphs are of the validation split."""
_LOOKED_AT = 48
"""Crops for which batch norms are made that were folded away, and which tell ranges for 8 bits."""
_WARM_UP = 60
"""Steps."""
_CLIP, _DECAY, _WEIGHT_DECAY = 5.0, 0.995, 1e-3


@dataclass(frozen=True, slots=True)
class FinderOptions:
    """One training of the finder."""

    time_s: float = 1800.0
    """Seconds; the schedule follows the clock."""
    batch_size: int = 12
    """Crops a step."""
    lr: float = 3e-3
    """The highest learning rate."""
    seed: int = 0
    threads: int = 0
    """Of the CPU; 0 for one a core."""


@dataclass(frozen=True, slots=True)
class FinderEpoch:
    """How it went until now."""

    epoch: int
    loss: float
    score: Score | None
    """On pages of other writers; None where it was not judged."""
    seconds: float


def train_finder(
    dataset: Path,
    options: FinderOptions,
    *,
    init: Path | None = None,
    progress: Callable[[int, int], None],
    on_epoch: Callable[[FinderEpoch], None],
) -> TrainedFinder:
    """Train a finder on pages composed of the glyphs of `dataset`.

    It begins with the weights at `init`, if there are any.

    Raises:
        DatasetError: no dataset, or one without a train or a validation split.
        ModelError: no weights of a finder at `init`.
    """
    torch.manual_seed(options.seed)
    network = load_finder(init) if init else FinderNet()
    if options.threads:
        torch.set_num_threads(options.threads)
    rng = np.random.default_rng(options.seed)
    held_out = _composed(dataset, Split.val, options.seed, _JUDGED)
    pool = new_pool(1, start_composing, dataset, (Split.train,))
    try:
        first = submit(pool, make_samples, options.seed, 0, _PAGES).result()
        views = _views(first, np.random.default_rng(options.seed))
        if isinstance(network, Finder):
            network = unfolded(network, views)
        trainer = _Trainer(options, network)
        pages: deque[list[Sample]] = deque([first], maxlen=_HELD)
        start, epoch = time.monotonic(), 0
        while (spent := time.monotonic() - start) < options.time_s:
            epoch += 1
            coming = submit(pool, make_samples, options.seed, epoch * _PAGES, _PAGES)
            held = [sample for some in pages for sample in some]
            loss = math.nan
            for loss in trainer.steps(held, rng, start):  # noqa: B007  # the last one tells
                spent = time.monotonic() - start
                progress(min(round(spent), round(options.time_s)), round(options.time_s))
            score = trainer.judged(held_out) if epoch % 8 == 0 else None
            on_epoch(FinderEpoch(epoch, loss, score, spent))
            if spent < options.time_s:
                pages.append(coming.result())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return TrainedFinder(trainer.average.eval(), trainer.judged(held_out), held_out, views)


def _views(samples: Sequence[Sample], rng: Generator) -> Tensor:
    drawn = rng.choice(len(samples), _LOOKED_AT)
    return _stacked([example(samples[i], rng) for i in drawn.tolist()])[0]


def _composed(dataset: Path, split: Split, seed: int, count: int) -> list[Sample]:
    pool = new_pool(1, start_composing, dataset, (split,))
    try:
        return submit(pool, make_samples, seed + 1, 0, count).result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Trainer:
    """The network, its optimiser and the average of its weights."""

    def __init__(self, options: FinderOptions, network: FinderNet) -> None:
        self._options = options
        self._network = network.train().to(memory_format=torch.channels_last)
        self.average = FinderNet()
        self.average.load_state_dict(network.state_dict())
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=options.lr, weight_decay=_WEIGHT_DECAY
        )
        self._step = 0
        self._loss = math.nan
        self._bf16 = uses_bf16("auto", torch.device("cpu"))

    def steps(self, held: Sequence[Sample], rng: Generator, start: float) -> Iterator[float]:
        """An epoch of steps, or fewer if time is up: the loss, smoothed, after each."""
        weights = np.sqrt([min(sample.view.size, 400_000) for sample in held])
        weights /= weights.sum()
        size = self._options.batch_size

        def batch() -> tuple[Tensor, ...]:
            drawn = rng.choice(len(held), size, p=weights)
            return _stacked([example(held[i], rng) for i in drawn.tolist()])

        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(batch)
            for _ in range(_CROPS // size):
                share = (time.monotonic() - start) / self._options.time_s
                if share >= 1:
                    break
                now, coming = coming.result(), beside.submit(batch)
                yield self._learn(now, share)

    def _learn(self, batch: tuple[Tensor, ...], share: float) -> float:
        rate = min(1.0, self._step / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * share))
        for group in self._optimizer.param_groups:
            group["lr"] = self._options.lr * rate + 1e-5
        view, *wanted = batch
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            planes = self._network(view.to(memory_format=torch.channels_last))
        loss = _loss(planes.float(), *wanted)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _CLIP)
        self._optimizer.step()
        self._step += 1
        self._average()
        now = float(loss.detach())
        self._loss = now if math.isnan(self._loss) else 0.97 * self._loss + 0.03 * now
        return self._loss

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(_DECAY, self._step / (self._step + 10))
        theirs = self._network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - decay)
            else:
                value.copy_(theirs[name])

    @torch.no_grad()
    def judged(self, samples: Sequence[Sample]) -> Score:
        """How well the averaged network finds what is on `samples`."""
        network = self.average.eval()

        def found() -> Iterator[tuple[Sample, Characters]]:
            for sample in samples:
                height, width = sample.view.shape
                view = torch.zeros(1, 1, -(-height // 16) * 16, -(-width // 16) * 16)
                view[0, 0, :height, :width] = torch.from_numpy(sample.view) / 255
                planes = network(view)[0, :, : -(-height // 2), : -(-width // 2)]
                yield sample, decode(planes.numpy())

        return judge(found())


def _stacked(examples: Sequence[Example]) -> tuple[Tensor, ...]:
    view = torch.from_numpy(np.stack([e.view for e in examples]))[:, None].float() / 255
    ink, middle = (
        torch.from_numpy(np.stack([getattr(e, name) for e in examples]))[:, None]
        for name in ("ink", "middle")
    )
    return view, ink, middle, torch.from_numpy(np.stack([e.way for e in examples]))


def _loss(planes: Tensor, ink: Tensor, middle: Tensor, way: Tensor) -> Tensor:
    inked = functional.binary_cross_entropy_with_logits(
        planes[:, :1], ink, pos_weight=torch.tensor(2.0)
    )
    p = torch.sigmoid(planes[:, 1:2]).clamp(1e-5, 1 - 1e-5)
    peak = (middle > 0.999).float()
    focal = peak * (1 - p) ** 2 * p.log() + (1 - peak) * (1 - middle) ** 4 * p**2 * (1 - p).log()
    centred = -focal.sum() / peak.sum().clamp(min=1)
    apart = functional.smooth_l1_loss(planes[:, 2:] * ink, way * ink, reduction="sum", beta=0.1)
    total: Tensor = 3 * inked + 0.5 * centred + apart / ink.sum().clamp(min=1)
    return total
