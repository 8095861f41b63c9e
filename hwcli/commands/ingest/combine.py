"""Makes something else of datasets that are there: one of several, pages cut up, another format."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hwcli import console
from hwcli.commands.data_choice import choose_dataset
from hwcli.commands.ingest.make import tell
from hwcli.errors import UsageError

if TYPE_CHECKING:
    from hwcli.dataset import Dataset


_ALWAYS = frozenset({"what", "out", "force", "json_", "quiet", "verbose", "offline"})
_COMPOSING = frozenset({"pages", "seed", "finder", "jobs"})
"""Options that `compose` takes, by their parameters, and above those that `merge` takes too."""


class ExportFormat(StrEnum):
    """What `--export` can write; the keys of `hwcli.export.EXPORTERS`."""

    imagefolder = "imagefolder"
    webdataset = "webdataset"
    parquet = "parquet"
    npz = "npz"


def refuse(ctx: typer.Context, first: str) -> None:
    """Refuse options that `merge` or `compose` would ignore, or all but `compose`."""
    for param in ctx.command.params:
        name = param.name or ""
        value = ctx.params.get(name)
        if not value or value == param.get_default(ctx) or name in _ALWAYS:
            continue
        if first in ("merge", "compose") and not (first == "compose" and name in _COMPOSING):
            raise UsageError(f"{first} and {param.opts[0]} do not go together")
        if first != "compose" and name in _COMPOSING - {"jobs"}:
            raise UsageError(f"{param.opts[0]} is for `hwcli ingest compose`")


def merge(which: list[str], out: Path | None, force: bool, json_: bool) -> None:
    """Join datasets to one."""
    from hwcli.merging import merge_datasets

    if len(which) < 2:
        raise UsageError(
            "merge takes two datasets or more", hint="`hwcli ingest merge A B --out C`"
        )
    if out is None:
        raise UsageError("merge needs --out, the folder of the new dataset")
    datasets = [choose_dataset(each) for each in which]
    with console.results() as stdout, console.progress("merge", "row") as progress:
        info = merge_datasets(datasets, out, force=force, progress=progress)
        tell(stdout, out, info, json_)


def compose(
    which: list[str], finder: str, pages: int, seed: int, jobs: int, out: Path | None,
    force: bool, json_: bool,
) -> None:  # fmt: skip
    """Compose pages of a dataset's glyphs and cut them up as `ocr` would."""
    if len(which) != 1:
        raise UsageError("compose takes one dataset", hint="`hwcli ingest compose A --out B`")
    if out is None:
        raise UsageError("compose needs --out, the folder of the new dataset")
    from hwcli.cutting.dataset import CutOptions, cut_dataset
    from hwcli.page.finder import find_finder

    dataset, options = choose_dataset(which[0]), CutOptions(pages, seed, jobs)
    path = find_finder(finder)
    with console.results() as stdout, console.progress("compose", "page") as progress:
        info = cut_dataset(dataset, path, out, options, force=force, progress=progress)
        tell(stdout, out, info, json_)


def export(which: str, kind: ExportFormat, out: Path | None, force: bool, json_: bool) -> None:
    """Write a dataset in another format."""
    import json

    from hwcli.export import export_dataset

    dataset = choose_dataset(which)
    folder = out or Path(f"{dataset.info.name}-{kind}")
    _warn(dataset)
    with console.results() as stdout, console.progress("export", "row") as progress:
        done = export_dataset(dataset, kind.value, folder, force=force, progress=progress)
        if json_:
            record = {
                "folder": str(folder),
                "format": str(kind),
                "rows": done.rows,
                "files": done.files,
                "bytes": done.bytes,
            }
            print(json.dumps(record, ensure_ascii=False), file=stdout)
            return
        size = f"{done.bytes / 1e6:,.1f} MB"
        print(f"{folder}: {done.rows:,} rows, {done.files:,} files, {size}", file=stdout)


def _warn(dataset: "Dataset") -> None:
    """Say which sources must not be passed on."""
    for source in dataset.info.sources:
        if not source.redistributable:
            console.notice(
                f"not known to be redistributable: {source.name} ({source.license}); "
                "keep the export to yourself"
            )
