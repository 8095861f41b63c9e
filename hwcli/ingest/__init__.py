"""From a recipe to a dataset: fetched, planned, decoded, normalised, rid of duplicates, written."""

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hwcli
from hwcli.atomic import writing
from hwcli.corrections import CorrectionFile, read_corrections
from hwcli.dataset import FILE_NAME, DatasetInfo, SourceEntry, open_dataset, write_info
from hwcli.errors import DatasetError, FetchError, RecipeError
from hwcli.fetch import FetchOptions, fetch
from hwcli.fetch.archive import Archive
from hwcli.ingest.build import BuildOptions, Built, build_shards, check_journal
from hwcli.ingest.decode import DecoderKilled, Pool
from hwcli.ingest.dedup import Dedup
from hwcli.ingest.fingerprint import Digests, fingerprint
from hwcli.ingest.journal import Journal, clear
from hwcli.ingest.plan import PlanOptions, make_plan
from hwcli.ingest.rows import Plan
from hwcli.ingest.verify import verify_dataset
from hwcli.lock import only_one
from hwcli.processes import cores, get_ready
from hwcli.progress import Progress, silent
from hwcli.recipe import Recipe, Source
from hwcli.structure import unstructure

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How `ingest` goes about it."""

    plan: PlanOptions = field(default_factory=PlanOptions)
    fetch: FetchOptions = field(default_factory=FetchOptions)
    jobs: int = 0
    """Decoding processes; 0: one for each core."""
    dedup: Dedup = "exact"
    force: bool = False
    """Make a dataset anew that is there already."""
    corrections: tuple[Path, ...] = ()
    """Files of corrections, applied after those that the recipe names."""
    pool: Callable[[int], Pool] | None = None
    """Begins what decodes, given `jobs`; None for processes of this machine."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A plan, and the archives it reads."""

    plan: Plan
    archives: dict[str, Archive]
    """By source."""
    digests: dict[str, tuple[str, ...]]
    """`sha256:… file name` of each source's files."""


def correction_files(recipe: Recipe, options: IngestOptions) -> tuple[CorrectionFile, ...]:
    """The corrections of `recipe` and `options`, in the order in which they are applied.

    Raises:
        RecipeError: a file is not there, or has a mistake in it.
    """
    return tuple(map(read_corrections, (*map(Path, recipe.corrections), *options.corrections)))


def prepare(
    recipe: Recipe,
    options: IngestOptions,
    fetching: Progress = silent,
    corrections: Sequence[CorrectionFile] | None = None,
) -> Prepared:
    """Fetch what `recipe` needs and plan its dataset; nothing is written but the cache.

    Args:
        recipe: what to make.
        options: how to go about it.
        fetching: told of bytes fetched.
        corrections: as `correction_files` gives them, where they have been read already.

    Raises:
        FetchError, AuthError: a source is not to be had, or damaged.
        RecipeError: the options or corrections do not fit the recipe.
    """
    if corrections is None:
        corrections = correction_files(recipe, options)
    archives: dict[str, Archive] = {}

    with Digests() as digests:

        def archive_of(source: Source) -> Archive:
            archive = archives[source.name] = fetch(source, options.fetch, fetching)
            digests.begin(source.name, archive)
            return archive

        plan = make_plan(recipe, options.plan, archive_of, corrections)
        return Prepared(plan, archives, digests.result())


def ingest(
    recipe: Recipe,
    folder: Path,
    options: IngestOptions,
    *,
    fetching: Progress = silent,
    building: Progress = silent,
) -> DatasetInfo:
    """Make the dataset of `recipe` in `folder`, which appears under its name only when whole.

    If the same recipe with the same options is there already, it is verified and left alone.

    Args:
        recipe: what to make.
        folder: where to put it.
        options: how to go about it.
        fetching: told of bytes fetched.
        building: told of rows decoded.

    Raises:
        DatasetError: another dataset, or something else, is in `folder`; or it cannot be written.
        FetchError, AuthError: a source is not to be had, or damaged.
        RecipeError: the options or corrections do not fit the recipe.
    """
    corrections = correction_files(recipe, options)
    resolved = _resolved(recipe, options, corrections)
    if folder.name in ("", ".."):  # what stands beside it is called by its name
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 (links stay what they are)
    with writing(folder, DatasetError), only_one(folder):
        if not options.force and (info := _there_already(recipe, resolved, folder, options)):
            return info
        _refuse_foreign(folder)
        if options.pool is None:
            get_ready(options.jobs)
        jobs = options.jobs if options.pool else options.jobs or cores()
        prepared = prepare(recipe, options, fetching, corrections)
        partial = folder.with_name(folder.name + ".partial")
        journal = _journal(partial, options, recipe, resolved, prepared)
        try:
            how = BuildOptions(jobs, options.dedup, options.pool)
            built = build_shards(recipe, prepared.plan, journal, how, building)
            info = _info(recipe, prepared, built, resolved)
            write_info(partial, info)
            journal.name_shards(built.shards)
            _put_in_place(partial, folder)
            clear(folder)
        except DecoderKilled:
            raise  # what is whole is kept
        except (DatasetError, FetchError, RecipeError, OSError):  # a full disk, a damaged source
            shutil.rmtree(partial, ignore_errors=True)
            raise
        except BaseException:  # also Ctrl-C: what is whole is kept, and nothing else
            if not journal.done:
                shutil.rmtree(partial, ignore_errors=True)
            raise
    return info


def _journal(
    partial: Path,
    options: IngestOptions,
    recipe: Recipe,
    resolved: dict[str, Any],
    prepared: Prepared,
) -> Journal:
    """The whole shards that an earlier run of the same has left, or a fresh folder."""
    if options.force:
        shutil.rmtree(partial, ignore_errors=True)
    journal = Journal(
        partial,
        fingerprint(resolved, prepared.plan, prepared.archives, prepared.digests),
        len(prepared.plan),
    )
    check_journal(journal, prepared.plan, recipe)
    if rows := sum(done.shard.rows for done in journal.done):
        _log.warning("%s: going on after the %s rows of an earlier run", partial, f"{rows:,}")
    return journal


def _resolved(
    recipe: Recipe, options: IngestOptions, corrections: Sequence[CorrectionFile]
) -> dict[str, Any]:
    """Recipe and options as `dataset.json` keeps them, less what came of them."""
    files = [{"file": file.name, "sha256": file.sha256} for file in corrections]
    kept = {
        "limit": options.plan.limit,
        "proportions": options.plan.proportions or None,
        "dedup": options.dedup if options.dedup != "exact" else None,
        "corrections": files or None,  # those of the recipe too, whose paths say nothing
    }
    said = {k: v for k, v in unstructure(recipe).items() if k != "corrections"}
    return {**said, "options": {k: v for k, v in kept.items() if v is not None}}


def _there_already(
    recipe: Recipe, resolved: dict[str, Any], folder: Path, options: IngestOptions
) -> DatasetInfo | None:
    """The dataset in `folder` if it is this very one and whole."""
    if not (folder / FILE_NAME).is_file():
        return None
    info = open_dataset(folder).info
    kept = {k: v for k, v in info.recipe.items() if k not in ("missing", "notes")}
    if kept != resolved or info.hwcli != hwcli.__version__:
        raise DatasetError(
            f"{folder}: holds a dataset made by another recipe, options or version",
            hint="--force makes it anew, --out puts this one elsewhere",
        )
    if info.recipe.get("missing") and not options.plan.allow_missing:
        raise DatasetError(
            f"{folder}: was made without {info.recipe['missing'][0]}",
            hint="--allow-missing takes it as it is, --force tries again",
        )
    if any(s.url.startswith("file:") for s in recipe.source):
        return None  # the user's own files may have changed
    try:
        verify_dataset(folder)
    except DatasetError as error:
        _log.warning("%s; making it anew", error.message)
        return None
    clear(folder)  # an earlier run may have been killed when all but this was done
    os.utime(folder / FILE_NAME)  # `train` takes the dataset ingested last
    _log.info("%s: there already, and whole", folder)
    return info


def _refuse_foreign(folder: Path) -> None:
    """Raise if `folder` holds anything but a dataset: it is going to be replaced."""
    if folder.exists() and not (folder / FILE_NAME).is_file():
        if folder.is_dir() and not any(folder.iterdir()):
            return
        raise DatasetError(f"{folder}: is there, and no dataset", hint="choose another --out")


def _put_in_place(partial: Path, folder: Path) -> None:
    old = folder.with_name(folder.name + ".old.partial")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    partial.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def _info(
    recipe: Recipe, prepared: Prepared, built: Built, resolved: dict[str, Any]
) -> DatasetInfo:
    """What `dataset.json` is to say."""
    plan = prepared.plan
    sources = tuple(
        SourceEntry(
            name=source.name,
            script=source.script,
            license=source.license,
            citation=source.citation,
            homepage=source.homepage or None,
            archives=prepared.digests.get(source.name, ()),
            rows=built.counts["source"][source.name],
            classes=classes,
            redistributable=source.redistributable,
            bibtex=source.bibtex,
        )
        for source, classes in zip(recipe.source, built.classes_of, strict=True)
    )
    return DatasetInfo(
        name=recipe.name,
        title=recipe.title,
        target=recipe.target,
        normalisation=recipe.image,
        classes=plan.tables.classes,
        scripts=plan.tables.scripts,
        sources=sources,
        shards=built.shards,
        counts=built.counts,
        dropped=built.dropped,
        duplicates=built.duplicates,
        corrections=plan.corrections,
        recipe={**resolved, "missing": list(plan.missing), "notes": list(plan.notes)},
        hwcli=hwcli.__version__,
    )
