"""`hwcli ingest`: from a recipe to a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from hwcli import console
from hwcli.commands.options import Quiet, Verbose
from hwcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from hwcli.dataset import DatasetInfo
    from hwcli.ingest import IngestOptions, Prepared
    from hwcli.recipe import Recipe


def ingest(
    recipe: Annotated[
        str, typer.Argument(help="Name of a shipped recipe, or a .toml file.", metavar="RECIPE")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the dataset.", show_default="data/NAME")
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(help="Folder or https address with the archives; asked before the network."),
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on without sources that are not to be had.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(help="Decoding processes.", min=0, show_default="one a core")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option(help="At most so many rows of each source.", min=1)
    ] = None,
    proportions: Annotated[
        str, typer.Option(help="Rows a source, as one of the recipe's named sets says.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fetch and plan, but make no dataset.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Make a dataset anew that is there already.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped recipes.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show the recipe: sources, licences, citations.")
    ] = False,
    preview: Annotated[
        Path | None, typer.Option(help="Also write a contact sheet of all classes, a PNG.")
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(help="Check the dataset in this folder, and do nothing else.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Make a dataset from a recipe: fetch, read, normalise, split, write.

    If the same recipe with the same options is there already, it is only verified. Downloads stay
    in the cache folder of the user; an interrupted one goes on.

    For example:

    hwcli ingest --list

    hwcli ingest multi-script --preview sheet.png

    hwcli ingest emnist-bymerge --mirror /mnt/archives --allow-missing

    hwcli ingest --verify data/multi-script
    """
    from hwcli.recipe import load_recipe

    if list_:
        _list(json_)
        return
    if verify is not None:
        _verify(verify, json_)
        return
    if not recipe:
        raise UsageError("no recipe is given", hint="`hwcli ingest --list` shows them all")
    chosen = load_recipe(recipe)
    if show:
        _show(chosen, json_)
        return
    options = _options(mirror, offline, allow_missing, jobs, limit, proportions, force)
    if dry_run:
        _plan(chosen, options, json_)
        return
    _ingest(chosen, out, options, preview, json_)


def _options(
    mirror: str,
    offline: bool,
    allow_missing: bool,
    jobs: int,
    limit: int | None,
    proportions: str,
    force: bool,
) -> "IngestOptions":
    from hwcli.fetch import FetchOptions
    from hwcli.ingest import IngestOptions
    from hwcli.ingest.plan import PlanOptions

    if mirror and not mirror.startswith(("https:", "http:")):
        _check_mirror(Path(mirror))
    return IngestOptions(
        plan=PlanOptions(limit=limit, proportions=proportions, allow_missing=allow_missing),
        fetch=FetchOptions(mirror=mirror, offline=offline),
        jobs=jobs,
        force=force,
    )


def _check_mirror(folder: Path) -> None:
    try:
        there = folder.is_dir()
    except OSError as error:
        raise InputError(f"--mirror {folder}: {error.strerror}") from error
    if not there:
        raise InputError(f"--mirror {folder}: no such folder")


def _ingest(
    recipe: "Recipe", out: Path | None, options: "IngestOptions", preview: Path | None, json_: bool
) -> None:
    from hwcli.atomic import writing
    from hwcli.dataset import DATA_FOLDER, FILE_NAME, open_dataset
    from hwcli.errors import DatasetError
    from hwcli.ingest import ingest as run

    folder = out or DATA_FOLDER / recipe.name
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
        _tell(stdout, folder, info, json_)


def _plan(recipe: "Recipe", options: "IngestOptions", json_: bool) -> None:
    from hwcli.ingest import prepare

    with console.results() as stdout, console.progress("fetch", "B") as fetching:
        prepared = prepare(recipe, options, fetching)
        _tell_plan(stdout, recipe, prepared, json_)


def _verify(folder: Path, json_: bool) -> None:
    from hwcli.ingest.verify import verify_dataset

    with console.results() as stdout, console.progress("verify", "shard") as progress:
        info = verify_dataset(folder, progress)
        _tell(stdout, folder, info, json_)


def _list(json_: bool) -> None:
    import json

    from hwcli.recipe import load_recipe, shipped

    recipes = [load_recipe(name) for name in shipped()]
    with console.results() as stdout:
        if json_:
            rows = [{"name": r.name, "title": r.title, "target": r.target} for r in recipes]
            print(json.dumps(rows, ensure_ascii=False), file=stdout)
            return
        width = max((len(r.name) for r in recipes), default=0)
        for recipe in recipes:
            print(f"{recipe.name:{width}}  {recipe.title}", file=stdout)


def _show(recipe: "Recipe", json_: bool) -> None:
    import json

    from hwcli.structure import unstructure

    with console.results() as stdout:
        if json_:
            print(json.dumps(unstructure(recipe), ensure_ascii=False), file=stdout)
            return
        print(f"{recipe.name}: {recipe.title} (target: {recipe.target})", file=stdout)
        for source in recipe.source:
            print(f"\n{source.name} ({source.script})", file=stdout)
            print(f"  from      {source.url}", file=stdout)
            print(f"  licence   {source.license}", file=stdout)
            print(f"  citation  {source.citation}", file=stdout)
            if source.homepage:
                print(f"  homepage  {source.homepage}", file=stdout)
        for name in recipe.proportions:
            print(f"\nproportions: {name}", file=stdout)


def _tell(stdout: TextIO, folder: Path, info: "DatasetInfo", json_: bool) -> None:
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
    for by in ("split", "script", "source"):
        cells = (f"{name} {count:,}" for name, count in info.counts.get(by, {}).items())
        print(f"  {by:8}{', '.join(cells)}", file=stdout)
    for dropped in info.dropped:
        print(f"  dropped {dropped.count:,} of {dropped.source}: {dropped.reason}", file=stdout)
    for missing in info.recipe.get("missing", ()):
        print(f"  missing {missing}", file=stdout)
    for note in info.recipe.get("notes", ()):
        print(f"  note    {note}", file=stdout)


def _tell_plan(stdout: TextIO, recipe: "Recipe", prepared: "Prepared", json_: bool) -> None:
    """What a dataset would hold, if all its images are good and no two are equal."""
    import json
    from collections import Counter

    from hwcli.shards import Split

    plan = prepared.plan
    counts: dict[str, Counter[str]] = {"split": Counter(), "source": Counter()}
    for part in plan.parts:
        counts["split"].update(Split(int(s)).name for s in part.split)
        counts["source"][plan.tables.sources[part.source]] += len(part.row)
    if json_:
        record = {"name": recipe.name, "rows": len(plan), "classes": plan.tables.classes, **counts}
        print(json.dumps(record, ensure_ascii=False), file=stdout)
        return
    print(
        f"{recipe.name}: {len(plan):,} rows planned, {len(plan.tables.classes):,} classes",
        file=stdout,
    )
    for by, numbers in counts.items():
        cells = (f"{name} {count:,}" for name, count in numbers.items())
        print(f"  {by:8}{', '.join(cells)}", file=stdout)
