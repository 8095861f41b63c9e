"""One model trained by many processes: each takes its share of every batch (DDP).

The batch size is that of all together, and every process draws the same batches, so the losses are
those of one process. Batch norm takes the statistics of all shares on CUDA; on the CPU, where torch
has no such layer, each process those of its own share, and the first one's are kept.
"""

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from hwcli.errors import DependencyError, UsageError
from hwcli.training.crew import Place

_PATIENCE = datetime.timedelta(minutes=30)
"""How long one process waits for another that says nothing but is there: reading data may take."""
_GONE_S = 1.0
"""How long gloo's threads take to end when another process has gone: ended sooner, they abort."""


@contextmanager
def joined(place: Place, device: torch.device) -> Iterator["Crew"]:
    """The processes of this run, which find each other by the environment that torchrun sets.

    Raises:
        DependencyError: they do not find each other, or this build of torch cannot.
    """
    if place.size == 1:
        yield Crew(place, device)
        return
    if not distributed.is_available():
        raise DependencyError("this build of torch cannot train with several processes")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    try:
        distributed.init_process_group(backend, timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise DependencyError(f"the processes do not find each other ({_first(error)})") from error
    try:
        yield Crew(place, device)
    except DependencyError:
        time.sleep(_GONE_S)
        raise
    finally:
        distributed.destroy_process_group()


def check_batch(place: Place, batch_size: int, rows: int) -> None:
    """Raise UsageError unless every process gets at least a row of every batch."""
    if min(batch_size, rows) < place.size:
        raise UsageError(
            f"batches of {min(batch_size, rows)} are too small for {place.size} processes",
            hint="--batch-size is that of all processes together",
        )


class Crew:
    """What the processes of a run do together; with one alone, nothing."""

    def __init__(self, place: Place, device: torch.device) -> None:
        self.place = place
        self._device = device
        self._together = place.size > 1

    def wrap(self, model: nn.Module) -> nn.Module:
        """`model`, whose gradients will be the mean over all processes."""
        if not self._together:
            return model
        with self.talking():
            ids = [self._device] if self._device.type == "cuda" else None
            wrapped: nn.Module = DistributedDataParallel(model, device_ids=ids)
        return wrapped

    def synced(self, model: nn.Module) -> nn.Module:
        """`model` with batch norms that know of all shares, where torch has them."""
        if not self._together or self._device.type != "cuda":
            return model
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return converted

    def share(self, batch: Tensor) -> Tensor:
        """This process's rows of `batch`; sizes differ by one at most."""
        if not self._together:
            return batch
        return torch.tensor_split(batch, self.place.size)[self.place.rank]

    def total(self, values: Tensor) -> list[float]:
        """The sums of `values` (n,) over all processes."""
        if self._together:
            values = values.double()
            with self.talking():
                distributed.all_reduce(values)
        return [float(v) for v in values.tolist()]

    def said_by_first(self, value: float) -> float:
        """The first process's `value`, so that all decide alike."""
        if not self._together:
            return value
        told = torch.tensor([value], dtype=torch.float32, device=self._device)
        with self.talking():
            distributed.broadcast(told, 0)
        return float(told.item())

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Turns what torch raises when another process has gone into one line.

        Raises:
            DependencyError: instead of that.
        """
        try:
            yield
        except RuntimeError as error:
            if not self._together:
                raise
            raise DependencyError(
                f"process {self.place.rank} of {self.place.size} lost another one "
                f"({_first(error)})",
                hint="--resume goes on from the last whole epoch",
            ) from error


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:150]
