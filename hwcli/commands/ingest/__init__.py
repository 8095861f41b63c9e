"""`hwcli ingest`: from recipes to datasets, and what can be asked of both."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hwcli.commands.ingest import combine, look, make, own, review
from hwcli.commands.options import Address, Engine, Quiet, Verbose, check_address
from hwcli.errors import UsageError


def ingest(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A shipped recipe, a .toml file, your own images (a folder, an archive, a file of "
            "arrays), or a dataset; `merge` and two datasets or more; `compose` and a dataset.",
            metavar="WHAT",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the dataset or export.", show_default="data/NAME"),
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(help="Folder or https address with the archives; asked before the network."),
    ] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on without sources that are not to be had.")
    ] = False,
    unverified: Annotated[
        bool,
        typer.Option("--unverified", help="Take archives with other checksums than the recipe's."),
    ] = False,
    max_expanded: Annotated[
        int, typer.Option(help="GiB that an archive may hold, unpacked.", min=1)
    ] = 64,
    max_members: Annotated[
        int, typer.Option(help="Files that an archive may hold.", min=1)
    ] = 5_000_000,
    jobs: Annotated[
        int, typer.Option(help="Decoding processes.", min=0, show_default="one a core")
    ] = 0,
    engine: Engine = "local",
    address: Address = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many rows of each source.", min=1)
    ] = None,
    proportions: Annotated[
        str, typer.Option(help="Rows a source, as one of the recipe's named sets says.")
    ] = "",
    dedup: Annotated[
        Literal["off", "exact", "near"],
        typer.Option(help="Whether equal, or also nearly equal, images are looked for."),
    ] = "exact",
    corrections: Annotated[
        list[Path] | None,
        typer.Option(
            help="A CSV of rows to relabel or drop, as `hwcli eval` writes suspects.csv; may be "
            "given several times. With --from-review, what its page saved.",
            metavar="FILE",
        ),
    ] = None,
    from_review: Annotated[
        Path | None,
        typer.Option(
            help="Make a dataset of what was corrected in this folder of `hwcli ocr --review`.",
            metavar="DIR",
        ),
    ] = None,
    writer: Annotated[
        str, typer.Option(help="Who wrote what is in --from-review.", metavar="NAME")
    ] = "",
    pages: Annotated[
        int, typer.Option(help="Pages that `compose` makes to train on.", min=1)
    ] = 6000,
    seed: Annotated[int, typer.Option(help="Of the pages of `compose`.", min=0)] = 0,
    finder: Annotated[
        str, typer.Option(help="Finder by which `compose` cuts them up: bundled, a run, a file.")
    ] = "bundled",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fetch and plan, but make no dataset.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Make a dataset or export anew that is there already.")
    ] = False,
    labels: Annotated[
        str,
        typer.Option(
            help="Where the labels of your own images stand: folder, csv:FILE, or pattern:RE.",
            show_default="found out",
        ),
    ] = "",
    write_recipe: Annotated[
        Path | None,
        typer.Option(help="Write the recipe to a .toml file (-: print it), and make no dataset."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="End with 11 if a source is missing, anything but duplicates was left out, "
            "equal images bear different characters, or a correction fits no row.",
        ),
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the shipped recipes.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show the recipe: sources, licences, sizes, citations.")
    ] = False,
    preview: Annotated[
        Path | None, typer.Option(help="Also write a contact sheet of all classes, a PNG.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check a dataset, and do nothing else.")
    ] = False,
    info: Annotated[
        bool, typer.Option("--info", help="Show what is in a dataset; -v: every class.")
    ] = False,
    cite: Annotated[
        bool, typer.Option("--cite", help="The citations of a dataset or recipe, as BibTeX.")
    ] = False,
    export: Annotated[
        combine.ExportFormat | None, typer.Option(help="Write a dataset in another format.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Make a dataset from a recipe, or of your own images: fetch, read, normalise, split, write.

    If the same recipe with the same options is there already, it is only verified. Downloads stay
    in the cache folder of the user; an interrupted one goes on.

    `compose` writes pages with the glyphs of a dataset, photographs them, and cuts them up as `ocr`
    cuts up photos. What comes of it is a dataset to train and to judge on: glyphs as photos show
    them, and pieces that are no character, of the class ␡.

    Of your own images it is found out, and said, where the labels stand, whether ink is dark or
    light, how large they are and which way up; --write-recipe gives the recipe to edit. A pattern
    is a regular expression of Python, searched in each path below the folder: the group `label`,
    or the only group, is the label, and `writer` who wrote it. One with repeats inside repeats,
    such as (a+)+, may take for ever.

    For example:

    hwcli ingest --list

    hwcli ingest multi-script --preview sheet.png

    hwcli ingest emnist-bymerge --mirror /mnt/archives --allow-missing

    hwcli ingest my-images/ --labels 'pattern:^(?P<writer>[^_]+)_(?P<label>[^_]+)_'

    hwcli ingest my-images/ --write-recipe mine.toml

    hwcli ingest --verify data/multi-script

    hwcli ingest --info data/multi-script

    hwcli ingest merge latin kannada --out data/both

    hwcli ingest compose latin --pages 2000 --out data/latin-cut

    hwcli ingest --export webdataset data/latin --out latin-wds

    hwcli ingest dhcd --cite

    hwcli ingest dhcd --corrections suspects.csv --force

    hwcli ingest --from-review doubts/ --corrections corrections.csv --out data/mine
    """
    check_address(engine, address)
    if list_:
        look.list_recipes(json_)
        return
    fixes = corrections or []
    chosen = {
        "merge": what is not None and what[:1] == ["merge"],
        "compose": what is not None and what[:1] == ["compose"], "--info": info, "--cite": cite,
        "--export": export is not None, "--verify": verify, "--show": show, "--dry-run": dry_run,
        "--write-recipe": write_recipe is not None,
    }  # fmt: skip
    _only_one([name for name, wanted in chosen.items() if wanted])
    if from_review is not None:
        review.check_alone([name for name, on in chosen.items() if on], what or [], labels)
    elif writer:
        raise UsageError("--writer is for --from-review", hint="a recipe has `writer` for it")
    elif corrections:
        _only_one([*(name for name, on in chosen.items() if on and name != "--dry-run"),
                   "--corrections"])  # fmt: skip
    combine.refuse(ctx, what[0] if what else "")
    if what and what[0] == "merge":
        combine.merge(what[1:], out, force, json_)
        return
    if what and what[0] == "compose":
        combine.compose(what[1:], finder, pages, seed, jobs, out, force, json_)
        return
    which = "" if from_review else _one(what or [])
    if info:
        look.info(which, json_, every_class=verbose > 0)
        return
    if cite:
        look.cite(which, json_)
        return
    if export is not None:
        combine.export(which, export, out, force, json_)
        return
    if verify:
        look.verify(which, json_)
        return
    if write_recipe is not None:
        clash = {"--out": out, "--preview": preview, "--limit": limit,
                 "--proportions": proportions, "--json": json_}  # fmt: skip
        clashing = [name for name, on in clash.items() if on]
        drafted = review.recipe_of(from_review, fixes, writer, force) if from_review else None
        own.write(which, labels, write_recipe, force, clashing, drafted)
        return
    if not (show or dry_run or engine == "ray"):
        from hwcli.processes import get_ready

        get_ready(jobs)  # before what is to come has been imported here
    if from_review is not None:
        recipe, fixes = review.recipe_of(from_review, fixes, writer, force), []
    else:
        recipe = own.recipe_of(which, labels)
    fetching = make.fetching(mirror, offline, max_expanded, max_members)
    if show:
        look.show(recipe, fetching, json_)
        return
    options = make.options(
        fetching,
        allow_missing=allow_missing,
        limit=limit,
        proportions=proportions,
        jobs=jobs,
        force=force,
        dedup=dedup,
        corrections=fixes,
        engine=engine,
        address=address,
    )
    if unverified:
        recipe = make.without_checksums(recipe)
    if dry_run:
        make.plan(recipe, options, json_)
        return
    make.make(recipe, out, options, preview, json_)
    if strict:
        make.be_strict(recipe, out)


def _only_one(chosen: list[str]) -> None:
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} do not go together")


def _one(what: list[str]) -> str:
    if not what:
        raise UsageError(
            "no recipe or dataset is given", hint="`hwcli ingest --list` shows them all"
        )
    if len(what) > 1:
        raise UsageError(f"one recipe at a time, not also {what[1]!r}")
    return what[0]
