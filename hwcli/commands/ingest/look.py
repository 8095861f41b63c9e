"""What can be asked of recipes and datasets: lists, licences, checks."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.data_choice import choose_dataset, made_here
from hwcli.commands.ingest.make import tell

if TYPE_CHECKING:
    from hwcli.citation import Cited
    from hwcli.fetch import FetchOptions
    from hwcli.recipe import Recipe


def list_recipes(json_: bool) -> None:
    """The shipped recipes."""
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


def show(recipe: "Recipe", fetch: "FetchOptions", json_: bool) -> None:
    """Sources, licences, sizes and citations of `recipe`."""
    import json

    from hwcli.about import about
    from hwcli.report.recipe import as_text
    from hwcli.structure import unstructure

    abouts = [about(recipe, source, fetch) for source in recipe.source]
    with console.results() as stdout:
        if not json_:
            stdout.write(as_text(recipe, abouts))
            return
        record = unstructure(recipe)
        for source, told in zip(record["source"], abouts, strict=True):
            source["about"] = unstructure(told)
        print(json.dumps(record, ensure_ascii=False), file=stdout)


def verify(which: str, json_: bool) -> None:
    """Check the dataset in a folder."""
    from hwcli.ingest.verify import verify_dataset

    folder = Path(which)
    with console.results() as stdout, console.progress("verify", "shard") as progress:
        info = verify_dataset(folder, progress)
        tell(stdout, folder, info, json_)


def info(which: str, json_: bool, *, every_class: bool) -> None:
    """What is in a dataset."""
    import json

    from hwcli.info import info_of
    from hwcli.report.dataset import as_text
    from hwcli.structure import unstructure

    dataset = choose_dataset(which)
    with console.results() as stdout, console.progress("read", "shard") as progress:
        told = info_of(dataset, progress)
        if json_:
            print(json.dumps(unstructure(told), ensure_ascii=False), file=stdout)
        else:
            stdout.write(as_text(told, every_class=every_class))


def cite(which: str, json_: bool) -> None:
    """Citations of the sources of a dataset, or of a recipe, as BibTeX."""
    import json

    from hwcli.citation import citations
    from hwcli.recipe import load_recipe, shipped
    from hwcli.structure import unstructure

    sources = _sources(which)
    recipes = (load_recipe(name) for name in shipped())
    known = {s.citation: s.bibtex for r in recipes for s in r.source if s.bibtex}
    found = citations(sources, known)
    with console.results() as stdout:
        if json_:
            print(json.dumps(unstructure(found), ensure_ascii=False), file=stdout)
            return
        print("\n\n".join(c.bibtex for c in found), file=stdout)


def _sources(which: str) -> "list[Cited]":
    """The sources of the dataset called `which` if there is one, else of the recipe."""
    from hwcli.dataset import open_dataset
    from hwcli.recipe import load_recipe

    folder = None if which.endswith(".toml") else made_here(which)
    if folder is None and "/" in which and not which.endswith(".toml"):
        choose_dataset(which)  # says what was looked for
    if folder is None:
        return list(load_recipe(which).source)
    entries = open_dataset(folder).info.sources
    console.notice(f"data: {folder}")
    return [e for e in entries if e.rows] or list(entries)
