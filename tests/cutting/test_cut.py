"""Pieces of composed pages: which character each is, and the dataset that comes of them."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composed import sample_dataset, sample_stock
from conftest import Result
from hwcli.characters import NO_CHARACTER
from hwcli.compose.page import Composed, compose
from hwcli.cutting.cut import Pieces, cut
from hwcli.cutting.dataset import CutOptions, cut_dataset
from hwcli.dataset import open_dataset
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.shards import Split

Hwcli = Callable[..., Result]
HOW = Normalisation()


@pytest.fixture(scope="module")
def finder() -> Finder:
    """The bundled one."""
    return Finder(find_finder(BUNDLED), threads=1)


def page_of(seed: int) -> Composed:
    """A page of the sample's glyphs."""
    return compose(sample_stock(), np.random.default_rng([7, seed]))


def pieces_of(page: Composed, finder: Finder) -> Pieces:
    """What is cut out of it."""
    return cut(page, finder, HOW, np.random.default_rng(1))


def test_most_glyphs_of_a_page_are_cut_out_once_under_their_own_character(finder: Finder) -> None:
    """The characters of the pieces are those that were written, none more often than it was."""
    written = cut_out = beyond = 0
    for seed in range(8):
        page = page_of(seed)
        there = Counter(glyph.char for glyph in page.glyphs)
        pieces = pieces_of(page, finder)
        told = Counter(c for c in pieces.chars if c != NO_CHARACTER)
        written += there.total()
        cut_out += (told & there).total()
        beyond += (told - there).total()
        assert pieces.images.shape == (len(pieces.chars), 28, 28)
        assert len(pieces.scripts) == len(pieces.pages) == len(pieces.chars)
    assert cut_out > 0.5 * written
    assert beyond < 0.04 * written  # a doubt may name a glyph twice


def test_what_is_mixed_or_torn_is_no_character(finder: Finder) -> None:
    """Glyphs taken for each other's ink, or for none's, are not told as characters."""
    page = page_of(3)
    nothing = replace(page, ids=np.minimum(page.ids, 0), glyphs=())
    assert set(pieces_of(nothing, finder).chars) <= {NO_CHARACTER}
    half = page.ids.copy()  # every glyph is two: even and odd rows of 6 pixels
    stripes = (np.arange(half.shape[0]) // 6 % 2)[:, None]
    half[(half > 0) & (stripes == 1)] += len(page.glyphs)
    torn = Composed(page.grey, half, page.glyphs * 2, page.height, page.layout, page.joined)
    told = Counter(pieces_of(torn, finder).chars)
    assert told[NO_CHARACTER] > 0.8 * told.total()


def test_the_dataset_holds_pages_of_each_split(tmp_path: Path, hwcli: Hwcli) -> None:
    """The command makes it; the same again is the same; splits are those of the glyphs."""
    source = str(sample_dataset())
    done = hwcli("ingest", "compose", source, "--pages", "8", "--out", str(tmp_path / "a"), "-q")
    assert done.code == 0, done.err
    first = open_dataset(tmp_path / "a")
    info = first.info
    assert info.classes[-1] == NO_CHARACTER
    assert all(info.counts["split"].values())
    assert info.counts["class"][NO_CHARACTER] < 0.5 * sum(info.counts["class"].values())
    assert sum(info.counts["class"].values()) == sum(s.rows for s in info.shards)
    assert info.recipe["composed"]["pages"] == 8
    rows = first.load(Split.test)
    assert all(origin.startswith("test/page-") for origin in rows.origins)
    options = CutOptions(pages=8, jobs=1)
    cut_dataset(open_dataset(Path(source)), find_finder(BUNDLED), tmp_path / "b", options)
    second = open_dataset(tmp_path / "b")
    assert (second.load().images == first.load().images).all()
    assert (second.load().label == first.load().label).all()


def test_what_is_there_is_not_overwritten(tmp_path: Path, hwcli: Hwcli) -> None:
    """A dataset needs --force, anything else is never touched, and --out is asked for."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").write_text("mine")
    source = str(sample_dataset())
    done = hwcli("ingest", "compose", source, "--out", str(tmp_path / "x"), "-q")
    assert (done.code, "is there, and no dataset" in done.err) == (DatasetError.exit_code, True)
    done = hwcli("ingest", "compose", source, "-q")
    assert (done.code, "compose needs --out" in done.err) == (2, True)
    done = hwcli("ingest", "compose", source, source, "--out", str(tmp_path / "y"), "-q")
    assert (done.code, "compose takes one dataset" in done.err) == (2, True)


def test_what_would_be_ignored_is_refused(tmp_path: Path, hwcli: Hwcli) -> None:
    """Options of recipes do not go with `compose`, nor those of `compose` with anything else."""
    source, out = str(sample_dataset()), ("--out", str(tmp_path / "x"))
    for more in (("--limit", "3"), ("--strict",), ("--mirror", str(tmp_path)), ("--dedup", "near")):
        done = hwcli("ingest", "compose", source, *out, *more)
        assert (done.code, f"compose and {more[0]} do not go" in done.err) == (2, True)
    done = hwcli("ingest", "merge", source, source, "--strict", *out)
    assert (done.code, "merge and --strict do not go" in done.err) == (2, True)
    done = hwcli("ingest", "sample", "--pages", "5", *out)
    assert (done.code, "--pages is for" in done.err) == (2, True)
    assert not (tmp_path / "x").exists()


def test_a_dataset_is_not_replaced_by_what_is_cut_out_of_it(tmp_path: Path, hwcli: Hwcli) -> None:
    """Even with --force."""
    source = tmp_path / "own"
    shutil.copytree(sample_dataset(), source)
    done = hwcli("ingest", "compose", str(source), "--out", str(source), "--force", "-q")
    assert done.code == DatasetError.exit_code and "is the dataset itself" in done.err
    assert open_dataset(source).sha256 == open_dataset(sample_dataset()).sha256
