"""The recipe that makes a dataset of a review, as `hwcli ingest --from-review` takes it."""

import re
from dataclasses import dataclass
from pathlib import Path

from hwcli.atomic import write_bytes, writing
from hwcli.corrections import parse_decisions
from hwcli.errors import DatasetError, InputError, UsageError
from hwcli.fetch.archive import read_file
from hwcli.own.script import script_of
from hwcli.recipe import SCHEMA, LabelRule, Part, Recipe, Source
from hwcli.review.decided import MOST_CORRECTIONS, Decided, decide
from hwcli.review.record import CORRECTIONS, FILE, MOST_BYTES, ReviewRecord, parse_review

_NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review and what was decided of it."""

    folder: Path
    table: str
    """The file of corrections, by its path in the folder."""
    record: ReviewRecord
    decided: Decided
    copied: bool
    """Whether the corrections were put into the folder just now."""


def open_reviewed(folder: Path, corrections: Path | None, *, force: bool = False) -> Reviewed:
    """The review in `folder` with `corrections`, which come to lie in it if they do not yet.

    Args:
        folder: what `hwcli ocr --review` has made.
        corrections: what its page has saved; `corrections.csv` in the folder if not given.
        force: put it there though another is there.

    Raises:
        InputError: no review, or no corrections.
        DatasetError: the review is damaged.
        RecipeError: the corrections are of another review, or have a mistake in them.
        UsageError: other corrections are in the folder already.
    """
    if not (folder / FILE).is_file():
        hint = "`hwcli ocr PHOTOS --review DIR` makes one"
        raise InputError(f"{folder}: no review, for it has no {FILE}", hint=hint)
    record = parse_review(_read(folder / FILE, MOST_BYTES), str(folder / FILE))
    there = folder / CORRECTIONS
    file = corrections or there
    if not file.is_file():
        page = folder / "index.html"
        raise InputError(
            f"{file}: no such file",
            hint=None if corrections else f"save it from {page}, and name it by --corrections FILE",
        )
    raw = _read(file, MOST_CORRECTIONS)
    decided = decide(record, parse_decisions(raw, file), str(file))
    inside = file.resolve().is_relative_to(folder.resolve())
    if inside:
        table = file.resolve().relative_to(folder.resolve()).as_posix()
        return Reviewed(folder, table, record, decided, copied=False)
    if there.exists() and not force and _read(there, MOST_CORRECTIONS) != raw:
        raise UsageError(
            f"{there}: is there already, and says otherwise than {file}",
            hint="--force puts the new file in its place",
        )
    with writing(there, InputError):
        write_bytes(there, raw)
    return Reviewed(folder, CORRECTIONS, record, decided, copied=True)


def _read(path: Path, limit: int) -> bytes:
    try:
        return read_file(path, limit)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def draft(reviewed: Reviewed, writer: str = "") -> Recipe:
    """The recipe of `reviewed`, all of it written by `writer` if that is known.

    Raises:
        DatasetError: the review says nothing of how its images are made.
        InputError: its path cannot be written in a recipe.
    """
    record, path = reviewed.record, reviewed.folder.resolve()
    if record.normalisation is None:
        raise DatasetError(f"{reviewed.folder / FILE}: has no normalisation")
    classes = classes_of(reviewed)
    counts: dict[str, int] = {}
    for _, label in reviewed.decided.labelled:
        counts[classes[label]] = counts.get(classes[label], 0) + 1
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name).strip("-._")[:60] or "review"
    try:
        source = Source(
            name=name,
            script=script_of(counts).code,
            url=f"file:{path}/",
            format="review",
            part=(Part(images=FILE, labels=reviewed.table),),
            license=_NOT_STATED,
            citation=f"{_NOT_STATED} (own photos, reviewed, {name})",
            label=LabelRule(),
            classes={} if all(k == v for k, v in classes.items()) else classes,
            writer=writer,
        )
    except ValueError as error:
        raise InputError(f"{reviewed.folder}: {error}", hint="rename it") from error
    return Recipe(
        schema=SCHEMA,
        name=name,
        title=f"Own photos, reviewed: {name}",
        target="char",
        source=(source,),
        image=record.normalisation,
    )


def classes_of(reviewed: Reviewed) -> dict[str, str]:
    """From what a glyph was told to be to its class.

    Where the model has one class for both cases of a letter, so has the dataset.
    """
    merged = set(reviewed.record.merged)
    labels = sorted({label for _, label in reviewed.decided.labelled})
    return {c: c.upper() if c.islower() and c.upper() in merged else c for c in labels}
