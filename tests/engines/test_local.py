"""Photos over processes: order, completeness, and processes that die."""

import multiprocessing
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from hwcli.classify import find_model
from hwcli.engines import local
from hwcli.engines.local import default_jobs, read_photos
from hwcli.engines.photo import ReadOptions
from hwcli.outputs import Result
from hwcli.page.photo import Source
from hwcli.page.reading import Failure, Page

KILLER = b"P5 1 1 255 kill"


def deadly(source: Source, known: str | None) -> Result:
    """Reads like a worker, but for files that kill it."""
    if Path(str(source)).read_bytes() == KILLER:
        os.kill(os.getpid(), signal.SIGKILL)
    return WORK(source, known)


WORK = local._read_in_worker


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n:02}.png" for n in range(24)]
    for path in paths:
        Image.new("L", (40, 40), 255).save(path)
    return paths


def test_every_photo_once_and_in_order(photos: list[Path]) -> None:
    readings = read_photos(photos, ReadOptions(find_model(None)), jobs=2)
    assert [r.file for r in readings] == [str(p) for p in photos]


def test_what_is_known_is_not_read_again(photos: list[Path]) -> None:
    """By its content: a photo that has changed is."""
    options = ReadOptions(find_model(None))
    before = {r.file: r.sha256 for r in read_photos(photos, options, jobs=1)}
    assert len(set(before.values())) == 1, "they are all alike"
    Image.new("L", (41, 40), 255).save(photos[3])
    for jobs in (1, 2):
        results = list(read_photos(photos, options, jobs=jobs, known=before.get))
        assert [r.file for r in results if r.readings] == [str(photos[3])]
        assert [r.file for r in results] == [str(p) for p in photos]


def test_pages_come_one_by_one_where_that_is_wanted(tmp_path: Path) -> None:
    first, second = Image.new("L", (40, 40), 255), Image.new("L", (50, 40), 255)
    first.save(tmp_path / "a.tif", save_all=True, append_images=[second])
    for by_page, sizes in ((True, [[40], [50]]), (False, [[40, 50]])):
        results = read_photos(
            [tmp_path / "a.tif"], ReadOptions(find_model(None)), jobs=1, by_page=by_page
        )
        assert [[p.width for p in r.readings if isinstance(p, Page)] for r in results] == sizes


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_one_that_kills_its_process_is_told_and_the_pool_goes_on(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, far apart: each is one record, and what comes after is read by many again."""
    for place in (5, 20):
        photos[place].write_bytes(KILLER)
    asked: list[int] = []
    real = local.new_pool
    monkeypatch.setattr(local, "new_pool", lambda n, *a: asked.append(n) or real(n, *a))
    monkeypatch.setattr(local, "_read_in_worker", deadly)
    results = list(read_photos(photos, ReadOptions(find_model(None)), jobs=2))
    assert [r.file for r in results] == [str(p) for p in photos]
    assert [i for i, r in enumerate(results) if r.failed] == [5, 20]
    (failure,) = results[5].readings
    assert isinstance(failure, Failure) and failure.kind == "Crash"
    assert asked.count(2) >= 2, "a new pool takes over"


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_nothing_is_lost_when_processes_are_killed(photos: list[Path]) -> None:
    readings = read_photos(photos, ReadOptions(find_model(None)), jobs=2)
    files = [next(readings).file]
    for child in multiprocessing.active_children():
        with suppress(ProcessLookupError):  # the pool ends the others when one has died
            os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
    files += [r.file for r in readings]
    assert files == [str(p) for p in photos]


def test_stopping_early_ends_the_processes(photos: list[Path]) -> None:
    readings = read_photos(photos, ReadOptions(find_model(None)), jobs=2)
    next(readings)
    readings.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("photos, most", [(1, 1), (3, 1), (100_000, os.cpu_count())])
def test_few_photos_are_not_worth_processes(photos: int, most: int) -> None:
    assert 1 <= default_jobs(photos) <= most
