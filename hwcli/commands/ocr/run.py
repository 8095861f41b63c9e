"""Reads what `hwcli ocr` was asked to read, and gives the records away."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from hwcli import __version__, console
from hwcli.errors import InputError, PartialFailure, UsageError

if TYPE_CHECKING:
    from hwcli.engines.photo import ReadOptions
    from hwcli.outputs import Output, Result, Target
    from hwcli.page.photo import Piped, Source

_KNOWN = 1000
"""Photos that are found before the first is read: fewer, and how many there are is known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags."""

    model: str | None
    finder: str
    topk: int
    formats: str | None
    chars: str | None
    scripts: str | None
    min_confidence: float
    reject_char: str
    context: bool
    turn: str
    out: str | None
    resume: bool
    force: bool
    max_errors: int | None
    overlay: Path | None
    review: Path | None
    review_limit: int
    globs: tuple[str, ...]
    from0: bool
    max_megapixels: float
    device: str
    jobs: int | None
    engine: str = "local"
    address: str | None = None


def run(paths: Sequence[str], asked: Asked) -> None:
    """Read the photos at `paths`.

    Raises:
        PartialFailure: some could not be read, or more than were allowed.
    """
    if asked.engine == "ray":
        from hwcli.commands.ocr.ray import run_ray

        run_ray(paths, asked)
        return
    from hwcli.commands.ocr.review import new_review, save_review
    from hwcli.engines.jobs import get_ready, jobs_for
    from hwcli.outputs import choose_target
    from hwcli.page.inputs import find_photos

    out = Path(asked.out) if asked.out is not None else None
    target = choose_target(out, asked.formats)
    review = new_review(
        asked.review, asked.min_confidence, asked.review_limit, out, asked.overlay,
        resume=asked.resume,
    )  # fmt: skip
    stdin = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer) if sys.stdin else None
    found = find_photos(paths, globs=asked.globs, stdin=stdin, from0=asked.from0)
    # What a pipe has to say may come slowly: the first photo does not wait for the second.
    some = list(islice(found, 1 if "-" in paths else _KNOWN))
    is_all = len(some) < _KNOWN and "-" not in paths
    few = len(some) if is_all or str(some[0]) == "-" else _KNOWN
    only = str(some[0]) if few == 1 else None
    get_ready(jobs := asked.jobs or jobs_for(few, some))
    from hwcli.engines.local import read_photos

    options = read_options(asked)
    piped: list[Piped] = []
    photos = _keep_piped(chain(some, found), piped) if asked.overlay else chain(some, found)
    with console.results() as stream, console.progress("reading", "photo") as progress:
        output = _open(target, asked, options, paths, stream, only)
        count = Count(asked.max_errors)
        try:
            for result in read_photos(photos, options, jobs, known=output.done):
                output.write(result)
                if review is not None:
                    review.add(result)
                count.add(result)
                if asked.overlay is not None:
                    _draw(result, asked.overlay, piped[0] if piped else None)
                progress(count.files, max(count.files, few) if is_all else 0)
        finally:
            try:
                output.close()
            finally:
                save_review(review)  # also of a run that was stopped, or whose reader has gone
    count.end()


def read_options(asked: Asked) -> "ReadOptions":
    """How photos are to be read."""
    from hwcli.classify import find_model
    from hwcli.commands.ocr.review import reviewing
    from hwcli.engines.photo import ReadOptions
    from hwcli.page.choice import Choice, parse_chars, parse_scripts
    from hwcli.page.finder import find_finder
    from hwcli.page.reader import ReadingOptions

    choice = Choice(
        parse_chars(asked.chars) if asked.chars is not None else frozenset(),
        parse_scripts(asked.scripts) if asked.scripts is not None else frozenset(),
    )
    reading = ReadingOptions(
        asked.topk, asked.context, choice, asked.min_confidence, asked.reject_char,
        reviewing(asked.min_confidence, asked.review_limit) if asked.review else None,
        None if asked.turn == "auto" else int(asked.turn) // 90,
    )  # fmt: skip
    finder = find_finder(asked.finder)
    return ReadOptions(find_model(asked.model), reading, asked.max_megapixels, asked.device, finder)


def _open(
    target: "Target",
    asked: Asked,
    options: "ReadOptions",
    paths: Sequence[str],
    stream: TextIO,
    only: str | None,
) -> "Output":
    """The output; `only` is the path of the only photo, if there is but one."""
    from hwcli.formats import FORMATS
    from hwcli.outputs import FileOutput, FolderOutput, StreamOutput

    if target.folder is not None:
        root = Path(paths[0]) if len(paths) == 1 and Path(paths[0]).is_dir() else None
        return FolderOutput(
            target.folder, target.formats, asked.topk, run_of(options), root=root,
            resume=asked.resume, force=asked.force,
        )  # fmt: skip
    kind = FORMATS[target.formats[0]]
    if only is None and not kind.many:
        raise UsageError(
            f"--format {kind.name} holds one photo, and there are more",
            hint="--out DIR writes a file for each",
        )
    if target.file is None:
        return StreamOutput(stream, kind(asked.topk), only)
    return FileOutput(
        target.file, kind(asked.topk), run_of(options) | {"format": kind.name},
        resume=asked.resume, force=asked.force,
    )  # fmt: skip


def run_of(options: "ReadOptions") -> dict[str, Any]:
    """What a record depends on beside its photo: with another, all is read anew."""
    reading = asdict(options.reading)
    choice = {name: sorted(values) for name, values in reading.pop("choice").items()}
    del reading["reviewing"]  # no record is another by it
    return {
        "hwcli": __version__,
        "model": _sha256(options.model),
        "finder": _sha256(options.finder),
        "max_megapixels": options.max_megapixels,
        **reading,
        **choice,
    }


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


class Count:
    """Counts what was read and what was not, and says when it is too much."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.files = self._pages = self._failed = self._known = 0
        self._last = ""

    def add(self, result: "Result") -> None:
        """Count `result`, and tell of what could not be read.

        Raises:
            PartialFailure: that is more than was allowed.
        """
        from hwcli.page.reading import Failure

        self.files += result.file != self._last  # a result may be a page of the last one's file
        self._last = result.file
        self._pages += max(1, len(result.readings))
        self._known += not result.readings
        for reading in result.readings:
            if isinstance(reading, Failure):
                self._failed += 1
                console.complain(reading.message)
        if self._most is not None and self._failed > self._most:
            raise PartialFailure(f"stopped: {self._told()}")

    def end(self) -> None:
        """Say how it went.

        Raises:
            PartialFailure: something could not be read.
        """
        if self._known:
            console.notice(f"{self._known:,} of {self.files:,} photos were read already")
        if self._failed:
            raise PartialFailure(self._told())

    def _told(self) -> str:
        what = "photos" if self._pages == self.files else "pages"
        return f"{self._failed:,} of {self._pages:,} {what} could not be read"


def _keep_piped(photos: Iterator["Source"], piped: list["Piped"]) -> Iterator["Source"]:
    """`photos`; an image that came through standard input is put into `piped` too."""
    from hwcli.page.photo import Piped

    for photo in photos:
        if isinstance(photo, Piped):
            piped.append(photo)
        yield photo


def _draw(result: "Result", folder: Path, piped: "Piped | None") -> None:
    from hwcli.page.overlay import save_overlay
    from hwcli.page.reading import Page

    for reading in result.readings:
        if isinstance(reading, Page):
            console.notice(f"drawn: {save_overlay(reading, folder, piped)}")
