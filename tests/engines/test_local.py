"""Photos over processes: order, completeness, and processes that die."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from hwcli.classify import find_model
from hwcli.engines import part, pool
from hwcli.engines.jobs import jobs_for
from hwcli.engines.local import read_photos
from hwcli.engines.photo import ReadOptions, new_reader
from hwcli.errors import InputError
from hwcli.page.photo import Source
from hwcli.page.reading import Failure, Page

KILLER = b"P5 1 1 255 kill"


def deadly(source: Source, known: str | None, start: int, most: int) -> pool.Part:
    """Reads like a worker, but for files and pages that kill it."""
    data = Path(str(source)).read_bytes()
    if data == KILLER or (data.startswith(b"II") and start <= DEADLY_PAGE < start + most):
        os.kill(os.getpid(), signal.SIGKILL)
    return WORK(source, known, start, most)


WORK = pool.read_part
DEADLY_PAGE = 13


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n:02}.png" for n in range(24)]
    for path in paths:
        Image.new("L", (40, 40), 255).save(path)
    return paths


def test_every_photo_once_and_in_order(photos: list[Path]) -> None:
    readings = read_photos(photos, ReadOptions(find_model(None)), jobs=2)
    assert [r.file for r in readings] == [str(p) for p in photos]


@pytest.mark.parametrize(
    "too_much",
    [lambda *_: np.zeros(1 << 60, np.uint8),
     lambda *_: cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 20))],
)  # fmt: skip
def test_a_photo_that_takes_all_memory_is_told(
    too_much: Callable[..., object], photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwcli.page.reader.find_on_sheet", too_much)
    results = list(read_photos(photos[:2], ReadOptions(find_model(None)), jobs=1))
    told = [(r.kind, r.message) for result in results for r in result.readings]
    assert told == [("MemoryError", f"{p}: not enough memory to read it") for p in photos[:2]]


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


def tiff(path: Path, pages: int) -> Path:
    """Pages of 40, 41, 42 … pixels."""
    first, *others = (Image.new("L", (40 + n, 40), 255) for n in range(pages))
    first.save(path, save_all=True, append_images=others)
    return path


@pytest.mark.parametrize("jobs", [1, 2])
def test_pages_of_a_long_file_come_in_order_and_a_few_at_a_time(jobs: int, tmp_path: Path) -> None:
    """Among photos, each known to be the last of its file or not."""
    sources = [tiff(tmp_path / "a.tif", 1), tiff(tmp_path / "b.tif", 45), tmp_path / "missing.png",
               tiff(tmp_path / "c.tif", 3)]  # fmt: skip
    results = list(read_photos(sources, ReadOptions(find_model(None)), jobs=jobs))
    assert max(len(r.readings) for r in results) <= 8
    pages = [(r.file, p.width) for r in results for p in r.readings if isinstance(p, Page)]
    wanted = ((s, n) for s, n in zip(sources, (1, 45, 0, 3), strict=True))
    assert pages == [(str(s), 40 + k) for s, n in wanted for k in range(n)]
    ends = [r.file for r in results if not r.more]
    assert ends == [str(s) for s in sources]
    numbers = [p.page for r in results for p in r.readings if r.file == str(sources[1])]
    assert numbers == list(range(1, 46))


def test_a_file_that_changes_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the process that goes on with it had it open or not."""
    for name, value in (("options", None), ("reader", None), ("photo", None)):
        monkeypatch.setattr(part._Worker, name, value, raising=False)
    part._Worker.options = ReadOptions(find_model(None))
    part._Worker.reader = new_reader(part._Worker.options, threads=1)
    source = tiff(tmp_path / "a.tif", 20)
    first = part.read_part(source, None, 1, 8)
    assert (first.count, len(first.result.readings)) == (20, 8)
    second = part.read_part(source, first.result.sha256, 9, 8)
    assert [p.page for p in second.result.readings] == list(range(9, 17))
    tiff(source, 21)
    for _ in range(2):
        changed = part.read_part(source, first.result.sha256, 17, 8)
        (failure,) = changed.result.readings
        assert isinstance(failure, Failure) and failure.page == 17
        assert "has changed" in failure.message
        part._Worker.photo = None


def test_the_first_comes_while_the_second_is_not_there_yet(photos: list[Path]) -> None:
    """As when another program finds them, slowly."""
    go_on = threading.Event()

    def found() -> Iterator[Path]:
        yield photos[0]
        assert go_on.wait(60)
        yield from photos[1:]

    readings = read_photos(found(), ReadOptions(find_model(None)), jobs=2)
    files = [next(readings).file]
    go_on.set()
    assert files + [r.file for r in readings] == [str(p) for p in photos]


def test_what_stops_the_search_is_raised_after_what_was_found(photos: list[Path]) -> None:
    def found() -> Iterator[Path]:
        yield from photos[:9]
        raise InputError("no more")

    files = []
    with pytest.raises(InputError, match="no more"):
        for result in read_photos(found(), ReadOptions(find_model(None)), jobs=2):
            files.append(result.file)
    assert files == [str(p) for p in photos[:9]]


def test_no_more_is_read_than_is_asked_for(photos: list[Path]) -> None:
    """A slow reader of the results holds the search up."""
    taken: list[Path] = []

    def found() -> Iterator[Path]:
        for _ in range(50):
            for photo in photos:
                taken.append(photo)
                yield photo

    readings = read_photos(found(), ReadOptions(find_model(None)), jobs=2)
    next(readings)
    time.sleep(0.5)
    assert len(taken) <= 2 * 2 * 4 + 3
    readings.close()  # type: ignore[attr-defined]


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_page_that_kills_its_process_is_told_and_the_others_are_read(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tiff(tmp_path / "a.tif", 40)
    monkeypatch.setattr(pool, "read_part", deadly)
    results = list(
        read_photos([*photos[:2], source, *photos[2:4]], ReadOptions(find_model(None)), 2)
    )
    pages = [p for r in results if r.file == str(source) for p in r.readings]
    assert [p.page for p in pages] == list(range(1, 41))
    assert [p.page for p in pages if isinstance(p, Failure)] == [DEADLY_PAGE]
    assert pages[DEADLY_PAGE - 1].message == f"{source}: page 13: the process that read it died"
    assert [r.file for r in results if not r.more] == list(
        map(str, [*photos[:2], source, *photos[2:4]])
    )


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_one_that_kills_its_process_is_told_and_the_pool_goes_on(
    photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, far apart: each is one record, and what comes after is read by many again."""
    for place in (5, 20):
        photos[place].write_bytes(KILLER)
    asked: list[int] = []
    real = pool.new_pool
    monkeypatch.setattr(pool, "new_pool", lambda n, *a: asked.append(n) or real(n, *a))
    monkeypatch.setattr(pool, "read_part", deadly)
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
    assert 1 <= jobs_for(photos) <= most


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core")
def test_one_file_of_many_pages_is_work_for_many(tmp_path: Path) -> None:
    assert jobs_for(1, [tiff(tmp_path / "a.tif", 1)]) == 1
    assert jobs_for(1, [tiff(tmp_path / "a.tif", 40)]) > 1
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4" + bytes(1_000_000))
    assert jobs_for(1, [tmp_path / "a.pdf"]) > 1
    (tmp_path / "b.tif").write_bytes(b"")
    assert jobs_for(2, [tmp_path / "b.tif", tmp_path / "missing.pdf"]) == 1
