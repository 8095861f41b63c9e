"""Photos on this machine, results in the order of the photos and their pages."""

from collections.abc import Callable, Iterable, Iterator

from hwcli.engines.photo import ReadOptions, new_reader, read_pages
from hwcli.outputs.output import Result
from hwcli.page.photo import Source

Known = Callable[[str], str | None]
"""From a file to the sha256 with which it was read before; None if it was not."""


def nothing_known(file: str) -> str | None:
    """None: nothing was read before."""
    return None


def read_photos(
    sources: Iterable[Source],
    options: ReadOptions,
    jobs: int,
    *,
    known: Known = nothing_known,
) -> Iterator[Result]:
    """What is on each of `sources`, in order, each as soon as it is known.

    Of a file of several pages there come several results, each of some of its pages.

    Args:
        sources: photos, and files of several pages.
        options: how they are read.
        jobs: processes; with 1 it is done by this one.
        known: a photo whose content is still what it was is not read again, and its result has no
            readings.

    Raises:
        ModelError: the model cannot be used; nothing has been read then.
    """
    reader = new_reader(options, threads=1)  # more gain nothing of so little work, and wait busily
    if jobs > 1:
        from hwcli.engines.pool import read_in_processes  # noqa: PLC0415 (one photo starts sooner)

        yield from read_in_processes(iter(sources), options, jobs, known)
        return
    for source in sources:
        sha256, pages = read_pages(reader, source, options, known(str(source)))
        result = None
        for number, (reading, count) in enumerate(pages, 1):
            result = Result(str(source), sha256, (reading,), more=number < count)
            yield result
        if result is None:
            yield Result(str(source), sha256, ())
