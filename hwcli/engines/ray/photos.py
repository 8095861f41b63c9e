"""Photos over Ray Data: results in any order, each as soon as its batch is known."""

import pickle
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hwcli.engines.local import Known, nothing_known
from hwcli.engines.photo import ReadOptions, new_reader
from hwcli.engines.ray.cluster import first_line, import_ray, quiet_warnings
from hwcli.engines.ray.worker import Item, Job, PhotoReader, crashed, new_job
from hwcli.errors import DependencyError
from hwcli.outputs.output import Result
from hwcli.page.photo import Source

_BATCH = 32
"""Photos that a worker is given at once: a second of work, against milliseconds of Ray's."""
_WINDOW = 5_000
"""Photos for each worker in one run of Ray Data, which wants to know all beforehand: starting its
workers takes seconds, so there must be minutes of work."""
_MOST = 1_000_000
"""Photos in one such run, for the memory of their names here."""
_TRIES = 3
"""Times that a batch is given to another worker where one was lost."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """How batches are given to workers."""

    workers: int
    ahead: int
    """Batches that wait at a worker, the one it reads among them."""


def read_photos(
    sources: Iterable[Source],
    options: ReadOptions,
    workers: int,
    *,
    known: Known = nothing_known,
    render: bool = False,
) -> Generator[Result, None, None]:
    """What is on each of `sources`, each photo once, in any order; `connected` must be around it.

    What a lost worker was reading is given to another; what one worker after the other is lost with
    is read by itself, and if even so there is no result it is a `Failure`.

    Args:
        sources: photos, by paths that are the same on all machines or by addresses.
        options: how they are read.
        workers: actors, each on a core.
        known: as `hwcli.engines.local.read_photos` has it.
        render: have workers put pages into JSON; they come as `Rendered`.

    Raises:
        ModelError: the model cannot be used; nothing has been read then.
        DependencyError: Ray gave up.
    """
    new_reader(options, threads=1)
    job = new_job(options, render=render)
    rest = iter(sources)
    while some := list(islice(rest, min(workers * _WINDOW, _MOST))):
        yield from _read_window([(source, known(str(source))) for source in some], job, workers)


def _read_window(items: list[Item], job: Job, workers: int) -> Generator[Result, None, None]:
    size = max(1, min(_BATCH, len(items) // (workers * 4)))
    batches = [items[at : at + size] for at in range(0, len(items), size)]
    lost = yield from _read_batches(batches, job, _Pass(min(workers, len(batches)), ahead=2))
    if not lost:
        return
    singles = [[item] for batch in lost for item in batch]
    lost = yield from _read_batches(singles, job, _Pass(min(workers, len(singles)), ahead=1))
    yield from (crashed(source) for batch in lost for source, _ in batch)


def _read_batches(
    batches: Sequence[list[Item]], job: Job, how: _Pass
) -> Generator[Result, None, list[list[Item]]]:
    """The results of `batches`, and at the end those batches of which there are none."""
    ray = import_ray()
    waiting = dict(enumerate(batches))
    try:
        with quiet_warnings():
            tables = _dataset(ray, batches, job, how).iter_batches(
                batch_size=None, batch_format="pyarrow", prefetch_batches=0
            )
        for table in tables:
            for number, results in zip(table["number"], table["results"], strict=True):
                del waiting[number.as_py()]
                answer = pickle.loads(results.as_py())  # from our own workers
                if isinstance(answer, Exception):
                    raise answer
                yield from map(pickle.loads, answer)
    except (ray.exceptions.RayError, ray.data.exceptions.RayDataUserCodeException) as error:
        raise DependencyError(f"Ray gave up: {first_line(error)}") from error
    return list(waiting.values())


def _dataset(ray: Any, batches: Sequence[list[Item]], job: Job, how: _Pass) -> Any:
    """Of results, a row a batch."""
    ray.data.DataContext.get_current().max_errored_blocks = -1  # those that are lost are read again
    rows = [{"number": n, "work": pickle.dumps(batch)} for n, batch in enumerate(batches)]
    return ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        PhotoReader,
        fn_constructor_args=(job,),
        batch_size=1,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            size=how.workers, max_tasks_in_flight_per_actor=how.ahead
        ),
        num_cpus=1,
        max_restarts=-1,
        max_task_retries=_TRIES,
    )
