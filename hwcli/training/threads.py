"""How many threads of the CPU a run uses, where nobody has said it."""

import copy
import logging
import time
from collections import deque
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.nn import functional

logger = logging.getLogger(__name__)

_STEPS = 8
"""Steps over whose mean the watch judges, so that one hiccup does not count."""
_TOO_SLOW = 2.5
"""Times the step of a single thread that a step of all threads may take."""


class ThreadWatch:
    """Goes on with one thread where several get into each other's way.

    Small networks wait for all threads many times a step. When other programs use the cores, that
    wait becomes the time slice of the scheduler: measured on 2 cores with one of them busy, two
    threads train 69 images/s where one trains 1,182. Left alone, nothing changes, so a run without
    such neighbours is repeated exactly by its seed.
    """

    def __init__(self, model: nn.Module, images: Tensor, targets: Tensor, *, bf16: bool) -> None:
        """Time a step of one thread on copies.

        Args:
            model: in training mode, on the CPU.
            images: float (N, 1, S, S), a batch.
            targets: int64 (N,).
            bf16: whether the run's passes are in bfloat16.
        """
        self._recent: deque[float] = deque(maxlen=_STEPS)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng(devices=[]):
                self._alone_s = _step_s(copy.deepcopy(model), images, targets, bf16=bf16)
        finally:
            torch.set_num_threads(threads)

    def took(self, seconds: float) -> None:
        """Take note of a step, and change to one thread if that is faster by far."""
        self._recent.append(seconds)
        full = len(self._recent) == _STEPS
        if full and torch.get_num_threads() > 1 and fmean(self._recent) > _TOO_SLOW * self._alone_s:
            logger.warning("other programs use the cores: going on with one thread (--threads 1)")
            torch.set_num_threads(1)


def _step_s(model: nn.Module, images: Tensor, targets: Tensor, *, bf16: bool) -> float:
    """Seconds of the fastest of a few steps: the first ones only warm up."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = model(images)
        loss = functional.cross_entropy(logits.float(), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        times.append(time.perf_counter() - start)
    return min(times)
