"""The stock of the built-in sample, to compose pages of."""

from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from hwcli.compose.stock import Stock, load_stock
from hwcli.ingest import IngestOptions, ingest
from hwcli.recipe import load_recipe
from hwcli.shards import Split


@lru_cache(maxsize=1)
def sample_dataset() -> Path:
    """The folder of the sample as a dataset, made once."""
    folder = Path(mkdtemp(prefix="hwcli-sample-")) / "sample"
    ingest(load_recipe("sample"), folder, IngestOptions())
    return folder


@lru_cache(maxsize=1)
def sample_stock() -> Stock:
    """Its glyphs of the train split."""
    return load_stock(sample_dataset(), [Split.train])
