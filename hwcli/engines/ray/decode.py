"""Images of datasets decoded by Ray's workers, for `hwcli ingest --engine ray`."""

import pickle
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from typing import Any, cast

import cv2

from hwcli.engines.ray.cluster import connected, first_line, import_ray
from hwcli.ingest.decode import Decoded, Treatment
from hwcli.readers.reader import Block

_TRIES = 3
"""Times that a block is given to another worker where one was lost."""


class RayPool:
    """Decodes blocks on a cluster; a block whose worker is lost is decoded by another."""

    def __init__(self, address: str | None, jobs: int) -> None:
        """Connect, as `connected` does.

        Raises:
            DependencyError: Ray is not installed, or there is no cluster at `address`.
            UsageError: `address` is none.
        """
        self._connection = ExitStack()
        self.jobs = self._connection.enter_context(connected(address, jobs))
        self._ray = import_ray()
        self._task = self._ray.remote(num_cpus=1, max_retries=_TRIES)(_decode)

    def submit(
        self, work: Callable[[Block, Treatment], Decoded], block: Block, how: Treatment
    ) -> "_Pending":
        """Have `work` done; its result is waited for by `.result()`."""
        return _Pending(self._ray, self._task.remote(work, block, how))

    def shutdown(self) -> None:
        """Leave the cluster."""
        self._connection.close()


class _Pending:
    """A result to come."""

    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference

    def result(self) -> Decoded:
        """Wait for the result.

        Raises:
            BrokenProcessPool: one worker after the other was lost with it.
        """
        try:
            return cast("Decoded", pickle.loads(self._ray.get(self._reference)))
        except self._ray.exceptions.RayTaskError:
            raise  # a bug, or a damaged source
        except self._ray.exceptions.RayError as error:
            raise BrokenProcessPool(first_line(error)) from error


def _decode(work: Callable[[Block, Treatment], Decoded], block: Block, how: Treatment) -> bytes:
    """The pickled result: arrays that Ray hands out cannot be written, and fill its memory."""
    cv2.setNumThreads(1)
    return pickle.dumps(work(block, how))
