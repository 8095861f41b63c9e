"""What can be asked of recipes and datasets: lists, licences, checks."""

from pathlib import Path
from typing import TYPE_CHECKING

from hwcli import console
from hwcli.commands.ingest.make import tell

if TYPE_CHECKING:
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


def show(recipe: "Recipe", json_: bool) -> None:
    """Sources, licences and citations of `recipe`."""
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


def verify(which: str, json_: bool) -> None:
    """Check the dataset in a folder."""
    from hwcli.ingest.verify import verify_dataset

    folder = Path(which)
    with console.results() as stdout, console.progress("verify", "shard") as progress:
        info = verify_dataset(folder, progress)
        tell(stdout, folder, info, json_)
