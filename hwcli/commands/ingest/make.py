"""Makes a dataset, or plans it, and says what came of it."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hwcli import console
from hwcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hwcli.dataset import CorrectionsEntry, DatasetInfo
    from hwcli.fetch import FetchOptions
    from hwcli.ingest import IngestOptions, Prepared
    from hwcli.ingest.decode import Pool
    from hwcli.ingest.dedup import Dedup
    from hwcli.recipe import Recipe


def fetching(mirror: str, offline: bool, max_expanded: int, max_members: int) -> "FetchOptions":
    """Where archives may come from, and what they may hold."""
    from hwcli.fetch import FetchOptions

    if mirror and not mirror.startswith(("https:", "http:")):
        _check_mirror(Path(mirror))
    return FetchOptions(
        mirror=mirror,
        offline=offline,
        max_expanded_gib=max_expanded,
        max_members=max_members,
    )


def options(
    fetch: "FetchOptions",
    *,
    allow_missing: bool,
    limit: int | None,
    proportions: str,
    jobs: int,
    force: bool,
    dedup: "Dedup",
    corrections: list[Path],
    engine: str,
    address: str | None,
) -> "IngestOptions":
    """The options of `ingest` as core takes them."""
    from hwcli.ingest import IngestOptions
    from hwcli.ingest.plan import PlanOptions

    plan = PlanOptions(limit=limit, proportions=proportions, allow_missing=allow_missing)
    return IngestOptions(
        plan=plan,
        fetch=fetch,
        jobs=jobs,
        force=force,
        dedup=dedup,
        corrections=tuple(corrections),
        pool=_ray_pool(address) if engine == "ray" else None,
    )


def _ray_pool(address: str | None) -> "Callable[[int], Pool]":
    """What decodes by Ray, which is looked for now rather than after minutes of fetching."""
    from hwcli.engines.ray.cluster import look_for

    look_for(address)
    from functools import partial

    from hwcli.engines.ray.decode import RayPool

    return partial(RayPool, address)


def without_checksums(recipe: "Recipe") -> "Recipe":
    """`recipe` taking any archive, of which the user is told."""
    from hwcli.recipe import unverified

    console.notice("--unverified: no archive's checksum is looked at")
    return unverified(recipe)


def _check_mirror(folder: Path) -> None:
    try:
        there = folder.is_dir()
    except OSError as error:
        raise InputError(f"--mirror {folder}: {error.strerror}") from error
    if not there:
        raise InputError(f"--mirror {folder}: no such folder")


def make(
    recipe: "Recipe", out: Path | None, options: "IngestOptions", preview: Path | None, json_: bool
) -> None:
    """Make the dataset of `recipe`."""
    from hwcli.atomic import check_writable, writing
    from hwcli.dataset import DATA_FOLDER, FILE_NAME, open_dataset
    from hwcli.errors import DatasetError
    from hwcli.ingest import ingest as run

    folder = out or DATA_FOLDER / recipe.name
    if preview is not None:
        with writing(preview, InputError):  # told now, not after minutes of work
            check_writable(preview)
    with writing(folder, DatasetError):  # it may lie where we must not look
        before = open_dataset(folder).sha256 if (folder / FILE_NAME).is_file() else ""
    with console.results() as stdout:
        with (
            console.progress("fetch", "B") as fetching,
            console.progress("ingest", "row") as building,
        ):
            info = run(recipe, folder, options, fetching=fetching, building=building)
        if before and not options.force and before == open_dataset(folder).sha256:
            console.notice(f"{folder}: there already, and whole; --force makes it anew")
        if preview is not None:
            from hwcli.sheet import write_sheet

            write_sheet(open_dataset(folder), preview)
        tell(stdout, folder, info, json_)


def be_strict(recipe: "Recipe", out: Path | None) -> None:
    """Raise unless the dataset just made is all that its recipe promises.

    Raises:
        QualityGateError: it is not.
    """
    from hwcli.dataset import DATA_FOLDER, open_dataset
    from hwcli.errors import QualityGateError
    from hwcli.ingest.changes import DROPPED

    folder = out or DATA_FOLDER / recipe.name
    info = open_dataset(folder).info
    faults = [f"{name} is missing" for name in info.recipe.get("missing", ())]
    for dropped in info.dropped:
        if not dropped.reason.startswith(("duplicate", DROPPED)):
            faults.append(f"{dropped.count:,} of {dropped.source} left out: {dropped.reason}")
    if info.duplicates and info.duplicates.conflict:
        count = info.duplicates.conflict
        faults.append(f"{count:,} equal images bear different characters (duplicates.csv)")
    for each in info.corrections:
        if each.refused:
            faults.append(f"corrections not applied: {each.refused:,} of {each.file}")
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise QualityGateError(f"{folder}: --strict: {faults[0]}{more}")


def plan(recipe: "Recipe", options: "IngestOptions", json_: bool) -> None:
    """Say what the dataset of `recipe` would hold."""
    from hwcli.ingest import prepare

    with console.results() as stdout, console.progress("fetch", "B") as fetching:
        prepared = prepare(recipe, options, fetching)
        _tell_plan(stdout, recipe, prepared, json_)


def tell(stdout: TextIO, folder: Path, info: "DatasetInfo", json_: bool) -> None:
    """The result: where it is and what is in it."""
    import json

    from hwcli.structure import unstructure

    if json_:
        record = {"folder": str(folder), **unstructure(info)}
        print(json.dumps(record, ensure_ascii=False), file=stdout)
        return
    rows = sum(s.rows for s in info.shards)
    print(
        f"{folder}: {rows:,} rows, {len(info.classes):,} classes, "
        f"{len(info.scripts)} script{'s' * (len(info.scripts) != 1)}",
        file=stdout,
    )
    for by in ("split", "script"):
        cells = (f"{name} {count:,}" for name, count in info.counts.get(by, {}).items() if count)
        print(f"  {by:8}{', '.join(cells)}", file=stdout)
    _tell_sources(stdout, info)
    if pairs := info.duplicates:
        kinds = [(pairs.exact, "exact"), (pairs.near, "near"), (pairs.conflict, "conflicting")]
        told = ", ".join(f"{count:,} {kind}" for count, kind in kinds if count)
        if told:
            print(f"  pairs   {told}: {folder / pairs.file}", file=stdout)
    _tell_corrections(stdout, info.corrections)
    for missing in info.recipe.get("missing", ()):
        print(f"  missing {missing}", file=stdout)
    for note in info.recipe.get("notes", ()):
        print(f"  note    {note}", file=stdout)


def _tell_sources(stdout: TextIO, info: "DatasetInfo") -> None:
    """A line for each source: its classes and rows, and what of it was dropped."""
    width = max((len(s.name) for s in info.sources), default=0)
    for i, source in enumerate(info.sources):
        reasons = Counter[str]()
        for dropped in info.dropped:
            if dropped.source == source.name:
                reasons[_kind(dropped.reason)] += dropped.count
        told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        head = "sources" if i == 0 else ""
        line = f"  {head:8}{source.name:{width}}  {source.script} {source.classes:4} classes"
        rows = f" {source.rows:>9,} rows"
        print(line + rows + (f", dropped {told}" if told else ""), file=stdout)


def _tell_corrections(stdout: TextIO, entries: "tuple[CorrectionsEntry, ...]") -> None:
    """A line for each file of corrections."""
    for i, entry in enumerate(entries):
        print(f"  {'fixes' if i == 0 else '':8}{entry.summary()}", file=stdout)


def _tell_plan(stdout: TextIO, recipe: "Recipe", prepared: "Prepared", json_: bool) -> None:
    """What a dataset would hold, if all its images are good and no two are equal."""
    import json

    from hwcli.shards import Split
    from hwcli.structure import unstructure

    plan = prepared.plan
    counts: dict[str, Counter[str]] = {"split": Counter(), "source": Counter()}
    for part in plan.parts:
        counts["split"].update(Split(int(s)).name for s in part.split)
        counts["source"][plan.tables.sources[part.source]] += len(part.row)
    if json_:
        record = {
            "name": recipe.name,
            "rows": len(plan),
            "classes": plan.tables.classes,
            **counts,
            "corrections": unstructure(plan.corrections),
        }
        print(json.dumps(record, ensure_ascii=False), file=stdout)
        return
    print(
        f"{recipe.name}: {len(plan):,} rows planned, {len(plan.tables.classes):,} classes",
        file=stdout,
    )
    for by, numbers in counts.items():
        cells = (f"{name} {count:,}" for name, count in numbers.items())
        print(f"  {by:8}{', '.join(cells)}", file=stdout)
    _tell_corrections(stdout, plan.corrections)


def _kind(reason: str) -> str:
    """Of the reasons that `dataset.json` tells one by one, what they have in common."""
    if reason.startswith("duplicate:"):
        return "duplicates"
    if reason.startswith("label ") and reason.endswith(" is not in the recipe"):
        return "of labels that the recipe leaves out"
    return reason
