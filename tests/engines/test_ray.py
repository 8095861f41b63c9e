"""Photos by Ray: the same records, and workers and photos that die."""
# ruff: noqa: E402

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("ray")
fsspec = pytest.importorskip("fsspec")

from broken_photos import good
from conftest import Result as Shown
from hwcli.classify import find_model
from hwcli.engines import local
from hwcli.engines.photo import ReadOptions
from hwcli.engines.ray import photos as engine
from hwcli.engines.ray.cluster import connected
from hwcli.engines.ray.decode import RayPool
from hwcli.engines.ray.remote import Addresses
from hwcli.errors import DependencyError
from hwcli.outputs import Result
from hwcli.page.inputs import find_photos
from hwcli.page.reading import Failure
from ray_workers import KILLER, Killable, Mortal, running

TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")


@pytest.fixture(scope="module")
def workers() -> Iterator[int]:
    """A Ray of two workers for all tests here, whose processes find this folder."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), before]))
    try:
        with connected(None, 2) as count:
            yield count
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{n:03}.png" for n in range(24)]
    for number, path in enumerate(paths):
        path.write_bytes(good(number))
    return paths


def by_local(photos: list[Path]) -> list[Result]:
    return list(local.read_photos(photos, ReadOptions(find_model(None)), jobs=1))


def by_file(results: list[Result]) -> list[Result]:
    return sorted(results, key=lambda r: r.file)


def test_the_same_results_as_the_local_engine(workers: int, photos: list[Path]) -> None:
    photos[3].write_bytes(b"nothing")
    results = list(engine.read_photos(photos, ReadOptions(find_model(None)), workers))
    assert by_file(results) == by_local(photos)


def test_workers_of_another_version_are_told(
    workers: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.new_job
    monkeypatch.setattr(
        engine, "new_job", lambda options, **how: replace(real(options, **how), version="0.0.0")
    )
    with pytest.raises(DependencyError, match=r"this is 0\.0\.0: the same version"):
        list(engine.read_photos(photos, ReadOptions(find_model(None)), workers))


def test_what_is_known_is_not_read_again(workers: int, photos: list[Path]) -> None:
    before = {r.file: r.sha256 for r in by_local(photos)}
    photos[5].write_bytes(good(77))
    results = engine.read_photos(photos, ReadOptions(find_model(None)), workers, known=before.get)
    assert {r.file: len(r.readings) for r in results} == {
        str(p): int(p == photos[5]) for p in photos
    }


def test_more_photos_than_one_run_of_ray_takes(
    workers: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no more of the list is asked for than that takes."""
    monkeypatch.setattr(engine, "_WINDOW", 8)
    asked = 0

    def listed() -> Iterator[Path]:
        nonlocal asked
        for photo in photos:
            asked += 1
            yield photo

    results = engine.read_photos(listed(), ReadOptions(find_model(None)), workers)
    first = next(results)
    assert asked == 16
    assert by_file([first, *results]) == by_local(photos)


def test_one_that_kills_its_process_costs_itself_alone(
    workers: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PhotoReader", Killable)
    expected = by_local(photos)
    for place in (7, 8, 20):
        photos[place].write_bytes(KILLER)
    results = by_file(list(engine.read_photos(photos, ReadOptions(find_model(None)), workers)))
    assert [i for i, r in enumerate(results) if r.failed] == [7, 8, 20]
    (failure,) = results[7].readings
    assert isinstance(failure, Failure) and failure.kind == "Crash"
    assert [r for r in results if not r.failed] == [
        r for i, r in enumerate(expected) if i not in (7, 8, 20)
    ]


def test_one_that_kills_worker_after_worker_is_given_up(
    workers: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PhotoReader", Mortal)
    monkeypatch.setattr(engine, "_TRIES", 1)
    del photos[12:]
    photos[7].write_bytes(KILLER)
    results = by_file(list(engine.read_photos(photos, ReadOptions(find_model(None)), workers)))
    assert [r.file for r in results] == [str(p) for p in photos]
    assert [i for i, r in enumerate(results) if r.failed] == [7]


def test_what_a_killed_worker_was_reading_is_read_again(workers: int, photos: list[Path]) -> None:
    results = engine.read_photos(photos, ReadOptions(find_model(None)), workers)
    seen = [next(results)]
    os.kill(running()[0], signal.SIGKILL)
    assert by_file([*seen, *results]) == by_local(photos)


def test_a_bug_in_a_worker_is_told(
    workers: int, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.new_job(ReadOptions(find_model(None)))
    monkeypatch.setattr(engine, "new_job", lambda _, **__: job)
    with pytest.raises(AttributeError):
        list(engine.read_photos([object()], ReadOptions(find_model(None)), workers))  # type: ignore[list-item]


def test_photos_at_addresses(workers: int, photos: list[Path], tmp_path: Path) -> None:
    """Told apart from paths, found in folders, read by the worker, and missed if they are not."""
    (tmp_path / "sub").mkdir()
    photos[0].rename(tmp_path / "sub" / "a.png")
    (tmp_path / ".hidden.png").write_bytes(good(1))
    urls = [f"file://{tmp_path}", f"file://{tmp_path}/none.png", f"{tmp_path}/sub"]
    sources = list(find_photos(urls, elsewhere=Addresses()))
    names = [str(s) for s in sources]
    assert names[:2] == [f"file://{photos[1]}", f"file://{photos[2]}"]
    assert names[-3:] == [f"file://{tmp_path}/sub/a.png", urls[1], f"{tmp_path}/sub/a.png"]
    results = {
        r.file: r for r in engine.read_photos(sources, ReadOptions(find_model(None)), workers)
    }
    assert set(results) == set(names)
    assert [name for name in names if results[name].failed] == [urls[1]]
    (failure,) = results[urls[1]].readings
    assert isinstance(failure, Failure) and failure.message == f"{urls[1]}: no such file or folder"
    assert results[names[0]].sha256 == by_local([photos[1]])[0].sha256


def test_parts_stopped_by_errors_and_gone_on_with(
    workers: int, photos: list[Path], hwcli: Callable[..., Shown], tmp_path: Path
) -> None:
    for place in range(0, 24, 4):
        photos[place].write_bytes(b"nothing")
    out, ray = tmp_path / "parts", ("--engine", "ray", "--out", tmp_path / "parts")
    code, _, err = hwcli("ocr", *photos, *ray, "--max-errors", 2)
    assert code == 8 and "stopped: 3 of" in err
    code, _, err = hwcli("ocr", *photos, *ray)
    assert code == 2 and "--resume" in err
    code, _, err = hwcli("ocr", *photos, *ray, "--resume")
    assert code == 8 and "photos were read already" in err and "6 of 24" in err
    lines = [x for part in sorted(out.glob("*.jsonl")) for x in part.read_text().splitlines()]
    assert sorted(lines) == sorted(hwcli("ocr", *photos, "--jobs", 1).out.splitlines())


@pytest.mark.parametrize("out", [None, "r.jsonl", "r.csv"])
def test_the_same_bytes_in_any_output(
    out: str | None, workers: int, photos: list[Path], hwcli: Callable[..., Shown]
) -> None:
    photos[3].write_bytes(b"nothing")
    format_ = ("--format", "csv" if out == "r.csv" else "jsonl")
    local = hwcli("ocr", *photos[:8], *format_).out
    where = ("--out", out) if out else ()
    result = hwcli("ocr", *photos[:8], *where, "--engine", "ray")
    assert result.code == 8
    if out is not None:
        result = result._replace(out=Path(out).read_text("utf-8"))
    assert sorted(result.out.splitlines()) == sorted(local.splitlines())


def test_a_dataset_is_the_same_bytes(
    workers: int, hwcli: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwcli.ingest.build._FEW", 0)
    blocks = []
    real = RayPool.submit
    monkeypatch.setattr(RayPool, "submit", lambda *a: blocks.append(a) or real(*a))
    assert hwcli("ingest", "sample", "--out", "a").code == 0
    assert not blocks
    assert hwcli("ingest", "sample", "--out", "b", "--engine", "ray").code == 0
    assert len(blocks) > 1
    for file in Path("a").iterdir():
        assert file.read_bytes() == Path("b", file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--engine", "ray", "--address", "here"), 2, "not HOST:PORT or auto"),
        (("--engine", "ray", "--address", "127.0.0.1:1"), 10, "Connection refused"),
        (("--address", "auto"), 2, "--engine ray"),
        (("--engine", "ray", "--overlay", "seen"), 2, "--overlay"),
        (("--engine", "ray", "--device", "cuda"), 2, "--device cuda"),
        (("--engine", "ray", "--format", "page"), 2, "one photo"),
        (("--engine", "ray", "--format", "csv", "--out", "there"), 2, "jsonl or parquet"),
        (("--engine", "ray", "--format", "parquet"), 2, "--out DIR"),
        (("--engine", "local", "--format", "parquet", "--out", "there"), 2, "--engine ray"),
        (("--engine", "local", "--out", "s3://bucket/there"), 2, "--engine ray"),
        (("--engine", "ray", "--out", "nosuch://bucket/there"), 3, "nosuch"),
    ],
)
def test_what_does_not_go_is_told_in_a_line(
    flags: tuple[str, ...], code: int, said: str, photos: list[Path], hwcli: Callable[..., Shown]
) -> None:
    result = hwcli("ocr", photos[0], *flags)
    assert result.code == code
    assert said in result.err and result.err.count("\n") <= 2
    assert not Path("there").exists()
