"""Photos over processes: order, completeness, and processes that die."""

import multiprocessing
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from hwcli.classify import find_model
from hwcli.engines.local import ReadOptions, default_jobs, read_photos


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n:02}.png" for n in range(24)]
    for path in paths:
        Image.new("L", (40, 40), 255).save(path)
    return paths


def test_every_photo_once_and_in_order(photos: list[Path]) -> None:
    readings = read_photos(photos, ReadOptions(find_model(None)), jobs=2)
    assert [r.file for r in readings] == [str(p) for p in photos]


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
