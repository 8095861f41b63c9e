"""`hwcli ocr --engine ray`: the same records, read by the workers of Ray, in any order."""

import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hwcli import console
from hwcli.commands.ocr.run import Asked, Count, read_options, run_of
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.engines.photo import ReadOptions
    from hwcli.engines.ray.parts import PartFormat
    from hwcli.outputs import Output

_KNOWN = 100_000
"""Photos that are found before the first is read: fewer, and how many there are is known."""


def run_ray(paths: Sequence[str], asked: Asked) -> None:
    """Read the photos at `paths`.

    Raises:
        PartialFailure: some could not be read, or more than were allowed.
        DependencyError: Ray is not installed, or not there.
    """
    _refuse(asked)
    from hwcli.engines.ray.cluster import connected, look_for

    look_for(asked.address)
    from hwcli.engines.ray.photos import read_photos
    from hwcli.engines.ray.remote import Addresses
    from hwcli.page.inputs import find_photos

    stdin = sys.stdin.buffer if sys.stdin else None
    found = find_photos(
        paths, globs=asked.globs, stdin=stdin, from0=asked.from0, elsewhere=Addresses()
    )
    some = list(islice(found, _KNOWN))
    total = len(some) if len(some) < _KNOWN else 0
    options = read_options(asked)
    with console.results() as stream, console.progress("reading", "photo") as progress:
        output = _open(asked, options, stream)
        count = Count(asked.max_errors)
        try:
            with connected(asked.address, asked.jobs or 0) as workers:
                photos = chain(some, found)
                results = read_photos(
                    photos, options, workers, known=output.done, render=_as_json(asked)
                )
                with closing(results):  # before the connection is
                    for result in results:
                        output.write(result)
                        count.add(result)
                        progress(count.files, total)
        finally:
            output.close()
    count.end()


def _refuse(asked: Asked) -> None:
    if asked.out is None and "parquet" in (asked.formats or "").split(","):
        raise UsageError("--format parquet is written in parts", hint="--out DIR is where")
    if asked.overlay is not None:
        raise UsageError(
            "--overlay does not go with --engine ray",
            hint="`hwcli ocr --overlay` draws those photos that you look at",
        )
    if asked.review is not None:
        raise UsageError(
            "--review does not go with --engine ray",
            hint="`hwcli ocr --review` collects from those photos that you look at",
        )
    if asked.device not in ("auto", "cpu"):
        raise UsageError(f"--device {asked.device}: Ray's workers read on the CPU")


def _open(asked: Asked, options: "ReadOptions", stream: TextIO) -> "Output":
    from hwcli.engines.ray.parts import JsonlParts, PartsOutput
    from hwcli.engines.ray.remote import is_url
    from hwcli.engines.ray.rendered import RenderedJsonl
    from hwcli.formats import FORMATS
    from hwcli.outputs import FileOutput, StreamOutput, choose_target

    names = tuple(dict.fromkeys((asked.formats or "jsonl").split(",")))
    out, run = asked.out, run_of(options)
    if out is not None and ("parquet" in names or is_url(out) or _is_folder(out)):
        if len(names) > 1 or names[0] not in ("jsonl", "parquet"):
            raise UsageError(
                f"--format {asked.formats}: --engine ray writes parts of jsonl or parquet",
                hint="--out FILE takes any format",
            )
        parts = JsonlParts() if names[0] == "jsonl" else _parquet()
        run |= {"format": names[0]}
        return PartsOutput(out, parts, run, resume=asked.resume, force=asked.force)
    target = choose_target(Path(out) if out is not None else None, asked.formats)
    kind = RenderedJsonl if _as_json(asked) else FORMATS[target.formats[0]]
    if not kind.many:
        raise UsageError(f"--format {kind.name} holds one photo, and Ray is for many")
    if target.file is None:
        return StreamOutput(stream, kind(asked.topk))
    return FileOutput(
        target.file, kind(asked.topk), run | {"format": kind.name},
        resume=asked.resume, force=asked.force,
    )  # fmt: skip


def _as_json(asked: Asked) -> bool:
    """Whether records are wanted as JSON, or made of it."""
    if asked.formats is None and asked.out is not None and not _is_folder(asked.out):
        return asked.out.lower().endswith(".jsonl")
    return asked.formats in (None, "jsonl", "parquet")


def _is_folder(out: str) -> bool:
    from hwcli.outputs import choose_target

    return choose_target(Path(out), None).folder is not None


def _parquet() -> "PartFormat":
    from hwcli.engines.ray.columns import ParquetParts

    return ParquetParts()
