"""Every export is made into the same dataset again, by its own recipe."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from hwcli.dataset import Dataset, open_dataset
from hwcli.export import EXPORTERS, ExportFormat, export_dataset
from hwcli.ingest import IngestOptions, ingest
from hwcli.ingest.verify import verify_dataset
from hwcli.recipe import load_recipe
from hwcli.shards import Split
from small_datasets import Row, dataset_of, facts, row_lists, writers

FORMATS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            kind == "parquet" and find_spec("pyarrow") is None, reason="pyarrow is an extra"
        ),
    )
    for kind in EXPORTERS
]


def again(dataset: Dataset, kind: ExportFormat) -> Dataset:
    export_dataset(dataset, kind, Path("out"))
    ingest(load_recipe("out/recipe.toml"), Path("back"), IngestOptions(jobs=1))
    verify_dataset(Path("back"))
    return open_dataset(Path("back"))


def assert_same(one: Dataset, two: Dataset) -> None:
    assert facts(one) == facts(two)
    assert writers(one) == writers(two)
    assert two.info.dropped == ()
    for name in ("name", "title", "target", "classes", "scripts"):
        assert getattr(one.info, name) == getattr(two.info, name), name
    how, then = one.info.normalisation, two.info.normalisation
    assert (how.size, how.fit, how.centre, how.stroke) == (
        then.size, then.fit, then.centre, then.stroke,
    )  # fmt: skip
    told = [
        {s.name: (s.script, s.license, s.citation, s.homepage, s.bibtex, s.redistributable)
         for s in d.info.sources}
        for d in (one, two)
    ]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=row_lists())
def test_the_same_dataset_again(kind: ExportFormat, rows: list[Row]) -> None:
    for name in ("d", "out", "back"):
        shutil.rmtree(name, ignore_errors=True)
    dataset = dataset_of(rows, Path("d"))
    assert_same(dataset, again(dataset, kind))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("split", Split)
def test_a_dataset_of_one_row_and_one_split(kind: ExportFormat, split: Split) -> None:
    dataset = dataset_of([Row(1, "A", split)], Path("d"))
    assert_same(dataset, again(dataset, kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_source_of_two_scripts_becomes_two(kind: ExportFormat) -> None:
    dataset = dataset_of([Row(1, "A", source=0), Row(2, "क", source=1)], Path("d"))
    # Nothing that `ingest` writes is so, but a dataset may be.
    shard = dataset.shard(0)
    shard.source[:] = 0
    path = dataset.folder / "s-0.h5"
    _rewrite(path, dataset, shard)
    back = again(open_dataset(Path("d")), kind)
    assert sorted(s.name for s in back.info.sources) == ["one-Deva", "one-Latn"]
    assert {v[1] for v in facts(back).values()} == {"Deva", "Latn"}


def _rewrite(path: Path, dataset: Dataset, rows: object) -> None:
    from hwcli.shard_writer import ShardWriter
    from hwcli.shards import Rows, Tables

    assert isinstance(rows, Rows)
    info = dataset.info
    tables = Tables(info.classes, info.scripts, tuple(s.name for s in info.sources))
    with ShardWriter(path, size=info.normalisation.size, tables=tables) as out:
        out.append(rows)
