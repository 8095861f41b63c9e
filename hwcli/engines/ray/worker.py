"""What reads photos on a worker: an actor that outlives its photos, and the process it guards."""

import os
import pickle
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hwcli import __version__
from hwcli.classify import name_of
from hwcli.engines.photo import ReadOptions, new_reader, read_photo
from hwcli.engines.ray.remote import Remote, fetch
from hwcli.engines.ray.rendered import rendered
from hwcli.errors import DependencyError, HwcliError
from hwcli.outputs.output import Result
from hwcli.page.photo import Source
from hwcli.page.reader import Reader
from hwcli.page.reading import Failure, Page
from hwcli.processes import new_pool, submit

if TYPE_CHECKING:
    import pyarrow as pa

Item = tuple[Source, str | None]
"""A photo, and the sha256 with which it was read before."""
_FETCHERS = 8
"""Photos of a batch that are fetched from their addresses at once: there one waits, not works."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker on any machine needs to know."""

    options: ReadOptions
    model: bytes
    """The file at `options.model`, which may not be there on the worker's machine."""
    finder: bytes
    """The file at `options.finder`."""
    folder: str
    """That of the command, where paths begin; not changed to where there is none of the name."""
    render: bool
    """Whether pages are put into JSON by the worker."""
    version: str = __version__
    """Of hwcli, where the command was given."""


def new_job(options: ReadOptions, *, render: bool = False) -> Job:
    """What workers are told of `options`."""
    called = options.model.with_name(name_of(options.model) + options.model.suffix)
    finder = options.finder.read_bytes()
    return Job(
        replace(options, model=called), options.model.read_bytes(), finder, str(Path.cwd()), render
    )


def crashed(source: Source) -> Result:
    """The result of a photo that cannot be read without the end of the process that reads it."""
    name = str(source)
    return Result(name, "", (Failure(name, "Crash", f"{name}: the process that read it died"),))


class PhotoReader:
    """Called with batches of photos, each a row, gives their results; an actor of Ray Data.

    It reads by a process of its own. What crashes that, or has the system kill it for its memory,
    ends neither the actor nor, but for itself, what is in the same batch; and Ray, which would give
    the batch to one worker after the other, does not learn of it.
    """

    @staticmethod
    def read(source: Source, known: str | None) -> bytes:
        """The pickled result of `source`; called in the guarded process."""
        sha256, found = read_photo(_Child.reader, source, _Child.options, known)
        readings: tuple[Page | Failure, ...] = tuple(found)
        if _Child.render:
            readings = tuple(rendered(r) if isinstance(r, Page) else r for r in readings)
        return pickle.dumps(Result(str(source), sha256, readings))

    def __init__(self, job: Job) -> None:
        # This process belongs to Ray, whose script the guarded one would import for nothing.
        vars(sys.modules["__main__"]).pop("__file__", None)
        self._job = job
        self._threads = ThreadPoolExecutor(_FETCHERS)
        self._start()

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        """The results of `batch`: numbers of batches, and pickled lists of pickled results."""
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        results = [pickle.dumps(self._answer(row.as_py())) for row in batch["work"]]
        return pa.table(
            {"number": batch["number"], "results": pa.array(results, pa.large_binary())}
        )

    def _answer(self, work: bytes) -> list[bytes] | Exception:
        if self._job.version != __version__:
            return DependencyError(
                f"a worker of Ray has hwcli {__version__}, this is {self._job.version}: the same "
                "version is needed on all machines"
            )
        try:
            return self._read(pickle.loads(work))
        except (
            Exception
        ) as error:  # a bug: Ray would take it for a lost worker, our driver tells it
            return error

    def _read(self, items: Sequence[Item]) -> list[bytes]:
        """The pickled result of each of `items`."""
        sources = [source for source, _ in items]
        if any(isinstance(source, Remote) for source in sources):
            fetched = list(self._threads.map(fetch, sources))
        else:
            fetched = list(sources)
        work = [(name, source, known) for (name, known), source in zip(items, fetched, strict=True)]
        results: list[bytes] = []
        try:
            futures = [self._submit(name, source, known) for name, source, known in work]
            for future in futures:
                results.append(future.result())
        except BrokenProcessPool:
            self._start()
            results += [self._read_alone(*each) for each in work[len(results) :]]
        return results

    def _submit(
        self, named: Source, source: Source | HwcliError, known: str | None
    ) -> "Future[bytes]":
        if isinstance(source, HwcliError):
            failed: Future[bytes] = Future()
            failed.set_result(pickle.dumps(_failed(named, source)))
            return failed
        return submit(self._pool, self.read, source, known)

    def _read_alone(self, named: Source, source: Source | HwcliError, known: str | None) -> bytes:
        """By a process that the next photo can do without."""
        try:
            return self._submit(named, source, known).result()
        except BrokenProcessPool:
            self._start()
            return pickle.dumps(crashed(named))

    def _start(self) -> None:
        self._pool = new_pool(1, _start_child, self._job)
        submit(self._pool, os.getpid)  # so that the model is there when the first photo comes


def _failed(source: Source, error: HwcliError) -> Result:
    name = str(source)
    return Result(name, "", (Failure(name, type(error).__name__, error.message),))


class _Child:
    """What the guarded process holds."""

    reader: Reader
    options: ReadOptions
    render: bool


def _start_child(job: Job) -> None:
    _Child.render = job.render
    with TemporaryDirectory() as folder:
        model = Path(folder, job.options.model.name)
        model.write_bytes(job.model)
        finder = Path(folder, "finder", "finder.onnx")
        finder.parent.mkdir()
        finder.write_bytes(job.finder)
        _Child.options = replace(job.options, model=model, finder=finder)
        _Child.reader = new_reader(_Child.options, threads=1)
    with suppress(OSError):
        os.chdir(job.folder)
