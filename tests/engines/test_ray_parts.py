"""Parts in folders here and at addresses: whole, known, and gone on with."""
# ruff: noqa: E402

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

fsspec = pytest.importorskip("fsspec")
pq = pytest.importorskip("pyarrow.parquet")

from hwcli.engines.ray.columns import ParquetParts
from hwcli.engines.ray.parts import JsonlParts, PartFormat, PartsOutput
from hwcli.engines.ray.place import Place
from hwcli.errors import UsageError
from hwcli.formats.jsonl import JsonlFormat
from hwcli.outputs import Result
from hwcli.page.reading import Failure, Page
from readings import page_of

RUN = {"model": "x"}


class Killed(BaseException):
    pass


def result(file: str, sha256: str = "1", *, failed: bool = False) -> Result:
    if failed:
        return Result(file, sha256, (Failure(file, "InputError", f"{file}: no"),))
    return Result(file, sha256, (page_of([["AB", "C"], ["D" * 20]], file=file, others=("x", "y")),))


def output(where: str, kind: PartFormat, *, resume: bool = True, force: bool = False,
           run: dict[str, object] = RUN) -> PartsOutput:  # fmt: skip
    return PartsOutput(where, kind, run, resume=resume, force=force, part_bytes=20_000)


def held(where: str, kind: PartFormat) -> list[str]:
    """The files that the parts are about, in their order."""
    place, files = Place(where), []
    for name in sorted(n for n in place.names() if n.endswith(kind.suffix)):
        data = place.read(name)
        if kind.suffix == ".jsonl":
            files += [json.loads(line)["file"] for line in data.splitlines()]
        else:
            files += pq.read_table(io.BytesIO(data))["file"].to_pylist()
    return files


@pytest.fixture(params=["here", "address"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "out") if request.param == "here" else f"memory://{tmp_path.name}/out"


@pytest.fixture(params=[JsonlParts, ParquetParts])
def kind(request: pytest.FixtureRequest) -> PartFormat:
    return request.param()


def test_parts_are_whole_and_gone_on_with(where: str, kind: PartFormat) -> None:
    """What is known is left, what failed or has changed is done anew, no record is there twice."""
    names = [f"{n}.png" for n in range(30)]
    first = output(where, kind)
    for name in names[:20]:
        first.write(result(name, failed=name == "4.png"))
    first.close()
    assert held(where, kind) == names[:20]
    assert len([n for n in Place(where).names() if n.endswith(kind.suffix)]) > 1
    second = output(where, kind)
    assert [n for n in names if second.done(n) is None] == ["4.png", *names[20:]]
    for name in ("4.png", *names[20:]):
        second.write(result(name))
    second.write(result("7.png", "2"))  # it has changed
    second.write(Result("8.png", "1", ()))  # it has not
    second.close()
    assert sorted(held(where, kind)) == sorted(names)
    assert held(where, kind)[-1] == "7.png"
    third = output(where, kind)
    assert third.done("7.png") == "2"
    third.close()
    assert sorted(held(where, kind)) == sorted(names)


@pytest.mark.parametrize("at", range(1, 14))
def test_a_kill_at_any_write_loses_nothing_that_was_seen(
    at: int, kind: PartFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{n}.png" for n in range(16)]
    where, writes = str(tmp_path), 0
    real = {name: getattr(Place, name) for name in ("write", "delete")}

    def dying(name: str) -> Callable[..., None]:
        def change(self: Place, *args: object) -> None:
            nonlocal writes
            writes += 1
            if writes == at:
                raise Killed
            real[name](self, *args)

        return change

    before = output(where, kind)
    for name in names[:8]:
        before.write(result(name, failed=name in ("1.png", "6.png")))
    before.close()
    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(Place, name, dying(name))
        try:
            killed = output(where, kind)
            for name in ("2.png", *names):
                if killed.done(name) is None or name == "2.png":
                    killed.write(result(name, "2"))
            killed.close()
        except Killed:
            pass
    seen = set(held(where, kind)) - {"1.png", "6.png"}
    assert seen >= {n for n in names[:8] if n not in ("1.png", "6.png")}
    last = output(where, kind)
    for name in names:
        if last.done(name) is None:
            last.write(result(name, "2"))
    last.close()
    assert sorted(held(where, kind)) == sorted(names)


def test_another_run_begins_anew(
    where: str, kind: PartFormat, caplog: pytest.LogCaptureFixture
) -> None:
    for run in (RUN, {"model": "y"}):
        out = output(where, kind, run=run)
        assert out.done("a.png") is None
        out.write(result("a.png"))
        out.close()
    assert held(where, kind) == ["a.png"]
    assert f"part-00000{kind.suffix}.old" in Place(where).names(), "what was reported is not lost"
    assert caplog.text.count("read with another model or options") == 1
    with pytest.raises(UsageError, match="earlier run"):
        output(where, kind, resume=False)
    output(where, kind, resume=False, force=True).close()
    assert held(where, kind) == []


def test_parquet_says_what_jsonl_says(tmp_path: Path) -> None:
    results = [result("a.png"), result("b\udcff\\udcfe.png"), result("c.png", failed=True)]
    out = output(str(tmp_path), ParquetParts())
    for each in results:
        out.write(each)
    out.close()
    rows = pq.read_table(tmp_path / "part-00000.parquet").to_pylist()
    format_ = JsonlFormat(1)
    for row, each in zip(rows, results, strict=True):
        (reading,) = each.readings
        line = format_.page(reading) if isinstance(reading, Page) else format_.failure(reading)
        expected = json.loads(line)
        expected["file"] = expected["file"].replace("\udcff", r"\xff")
        assert {k: v for k, v in row.items() if v is not None} == expected
