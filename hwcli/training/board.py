"""TensorBoard's event files beside `metrics.jsonl`, for whoever watches runs with it."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hwcli.errors import DependencyError
from hwcli.training.loop import Epoch


def check_tensorboard() -> None:
    """Raise DependencyError where the package that writes event files is missing."""
    if importlib.util.find_spec("tensorboard") is None:
        raise DependencyError(
            "--tensorboard needs the package tensorboard",
            hint="pip install 'hwcli[tensorboard]'",
        )


@contextmanager
def board(folder: Path, *, wanted: bool) -> Iterator[Callable[[Epoch], None]]:
    """A callable that records an epoch as scalars in `folder`, or does nothing unless `wanted`.

    Raises:
        DependencyError: the package is missing.
    """
    if not wanted:
        yield lambda epoch: None
        return
    check_tensorboard()
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 (an optional dependency)

    writers: list[SummaryWriter] = []

    def record(epoch: Epoch) -> None:
        if not writers:  # it makes its file at once, and a run may be refused before
            writers.append(SummaryWriter(str(folder)))
        writer = writers[0]
        scalars = {
            "loss/training": epoch.loss,
            "loss/validation": epoch.val_loss,
            "accuracy/validation": epoch.val_accuracy,
            "learning rate": epoch.lr,
            "images a second": epoch.images_per_s,
        }
        for name, value in scalars.items():
            writer.add_scalar(name, value, epoch.epoch)
        writer.flush()

    try:
        yield record
    finally:
        for writer in writers:
            writer.close()
