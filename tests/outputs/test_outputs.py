"""Records on disk: whole, known again by content, and nothing lost whenever a run is killed."""

import json
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwcli.errors import UsageError
from hwcli.formats import FORMATS
from hwcli.outputs import FileOutput, FolderOutput, Result, choose_target
from hwcli.page.reading import Failure, Page

RUN = {"model": "abc", "topk": 1}


def page(file: str, number: int | None = None, model: str = "m") -> Page:
    return Page(file, 10, 20, "Zyyy", (), (), model, 0.0, False, number)


def result(file: str, sha: str = "1", *, failed: bool = False, model: str = "m") -> Result:
    reading = Failure(file, "InputError", "bad") if failed else page(file, model=model)
    return Result(file, sha, (reading,))


_OPEN: list[FileOutput | FolderOutput] = []


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    """Outputs that a test leaves open, as a kill does, are let go of."""
    yield
    let_go()


def let_go() -> None:
    while _OPEN:
        output = _OPEN.pop()
        output._journal.close()
        if isinstance(output, FileOutput):
            output._file.close()
        else:
            for document in output._part.documents.values() if output._part else ():
                document._file.close()


def opened(
    path: Path, name: str = "jsonl", run: dict[str, object] = RUN, *, resume: bool = False,
    force: bool = False,
) -> FileOutput:  # fmt: skip
    _OPEN.append(FileOutput(path, FORMATS[name](1), run, resume=resume, force=force))
    return _OPEN[-1]


def files_in(path: Path) -> list[str]:
    return [json.loads(line)["file"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("out", "formats", "names", "is_file"),
    [
        (None, None, ("jsonl",), False),
        (None, "alto", ("alto",), False),
        ("a.csv", None, ("csv",), True),
        ("a.page.xml", None, ("page",), True),
        ("A.JSONL", None, ("jsonl",), True),
        ("a.txt", "tsv", ("tsv",), True),
        ("seen", None, ("jsonl",), False),
        ("seen.2026", "alto,jsonl,alto", ("alto", "jsonl"), False),
    ],
)
def test_what_out_and_format_mean(
    out: str | None, formats: str | None, names: tuple[str, ...], is_file: bool
) -> None:
    target = choose_target(Path(out) if out else None, formats)
    assert target.formats == names
    assert (target.file is not None) == is_file
    assert (target.folder is not None) == (out is not None and not is_file)


def test_a_folder_that_is_there_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert choose_target(tmp_path / "a.csv", None).folder == tmp_path / "a.csv"


@pytest.mark.parametrize(
    ("out", "formats"),
    [(None, "jsonl,csv"), ("a.csv", "csv,tsv"), (None, "x"), ("a.json", None), ("own.JPG", None)],
)
def test_formats_for_which_there_is_no_room(out: str | None, formats: str) -> None:
    with pytest.raises(UsageError):
        choose_target(Path(out) if out else None, formats)


def test_a_file_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.jsonl"
    first = opened(path)
    first.write(result("1.jpg"))
    first.write(result("2.jpg", failed=True))
    first.close()
    assert files_in(path) == ["1.jpg", "2.jpg"]
    again = opened(path, resume=True)
    assert (again.done("1.jpg"), again.done("2.jpg")) == ("1", None), "what failed is tried again"
    again.write(Result("1.jpg", "1", ()))
    again.write(result("2.jpg"))
    again.close()
    assert files_in(path) == ["1.jpg", "2.jpg"]
    assert not list(tmp_path.glob("deep/*.new")) and not list(tmp_path.glob("deep/*.partial"))


def test_what_has_changed_replaces_what_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    first = opened(path)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        first.write(result(name))
    first.close()
    again = opened(path, resume=True)
    again.write(result("2.jpg", "2", model="new"))
    again.close()
    assert files_in(path) == ["1.jpg", "3.jpg", "2.jpg"]
    assert opened(path, resume=True).done("2.jpg") == "2"


@pytest.mark.parametrize("name", ["hocr", "alto", "csv"])
def test_a_document_has_one_head_and_one_foot(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    first = opened(path, name)
    first.write(result("1.jpg"))
    first.close()
    once = path.read_bytes()
    again = opened(path, name, resume=True)
    again.close()
    assert path.read_bytes() == once
    whole = opened(tmp_path / "b", name)
    for photo in ("1.jpg", "2.jpg"):
        whole.write(result(photo))
    whole.close()
    again = opened(path, name, resume=True)
    again.write(result("2.jpg"))
    again.close()
    assert path.read_bytes() == (tmp_path / "b").read_bytes()


def test_another_model_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.jsonl"
    first = opened(path)
    first.write(result("1.jpg"))
    first.close()
    again = opened(path, run={"model": "other"}, resume=True)
    assert again.done("1.jpg") is None
    again.write(result("1.jpg", model="other"))
    again.close()
    assert [json.loads(line)["model"] for line in path.read_text().splitlines()] == ["other"]
    assert "read with another model or options" in caplog.text
    kept = tmp_path / "a.jsonl.old"
    assert files_in(kept) == ["1.jpg"], "what was reported is not lost"


def test_what_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("three days of work\n")
    with pytest.raises(UsageError) as caught:
        opened(path)
    assert "--resume" in str(caught.value.hint)
    assert path.read_text() == "three days of work\n"
    opened(path, force=True).close()
    assert path.read_text() == ""


@settings(max_examples=60)
@given(cut=st.integers(0, 2000), journal_cut=st.integers(0, 2000))
def test_cut_anywhere_it_is_whole_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, cut: int, journal_cut: int
) -> None:
    """Whatever a kill or a full disk has left of both files, resuming gives every record once."""
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "a.jsonl"
    names = [f"{i}.jpg" for i in range(5)]
    first = opened(path)
    for name in names:
        first.write(result(name))
    for left, size in ((path, cut), (folder / "a.jsonl.journal", journal_cut)):
        with left.open("r+b") as file:
            file.truncate(min(size, left.stat().st_size))
    again = opened(path, resume=True)
    for name in names:
        known = again.done(name)
        again.write(Result(name, "1", ()) if known == "1" else result(name))
    again.close()
    assert sorted(files_in(path)) == names
    let_go()


def test_killed_between_the_two_renames_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file stands beside the old journal; the new journal is there under its own name."""
    path = tmp_path / "a.jsonl"
    first = opened(path)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        first.write(result(name, failed=name == "1.jpg"))
    first.close()
    kept = (tmp_path / "a.jsonl.journal").read_bytes()
    opened(path, resume=True)  # takes the failure out, and is killed at once
    new = (tmp_path / "a.jsonl.journal").read_bytes()
    assert new != kept
    (tmp_path / "a.jsonl.journal").write_bytes(kept)
    (tmp_path / "a.jsonl.journal.new").write_bytes(new)
    again = opened(path, resume=True)
    assert [again.done(n) for n in ("1.jpg", "2.jpg", "3.jpg")] == [None, "1", "1"]


@pytest.mark.parametrize(
    "line", [b"\0\0\0\n", b"[]\n", b'{"file": 3}\n', b'{"file":"x","sha256":"1","start":-5}\n',
             b'{"file":"x","sha256":"1","end":1e999}\n', b"[" * 100_000 + b"\n",
             b'{"file":"x","sha256":"1","start":0,"end":99999999999,"crc32":0}\n'],
)  # fmt: skip
def test_a_hostile_journal_is_believed_up_to_there(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    first = opened(path)
    first.write(result("1.jpg"))
    first.close()
    with (tmp_path / "a.jsonl.journal").open("ab") as journal:
        journal.write(line)
    again = opened(path, resume=True)
    assert again.done("1.jpg") == "1" and again.done("x") is None


def test_a_name_that_is_not_utf_8_is_known_again(tmp_path: Path) -> None:
    name = b"\xff\xfe.jpg".decode("utf-8", "surrogateescape")
    for output in (
        lambda: opened(tmp_path / "a.jsonl", resume=True),
        lambda: folder(tmp_path / "d", "jsonl", resume=True),
    ):
        one = output()
        one.write(result(name))
        one.close()
        assert output().done(name) == "1"


def folder(
    path: Path, *formats: str, root: Path | None = None, resume: bool = False, force: bool = False
) -> FolderOutput:
    _OPEN.append(FolderOutput(path, formats, 1, RUN, root=root, resume=resume, force=force))
    return _OPEN[-1]


def names_in(path: Path) -> set[str]:
    return {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()}


def test_a_file_for_each_photo_and_format(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", "jsonl", "alto", "text")
    for name in ("a.jpg", "sub/a.jpg", "/abs/../b.png", "-"):
        out.write(result(name))
    out.close()
    assert names_in(tmp_path / "o") == {"ocr.journal"} | {
        f"{name}{suffix}"
        for name in ("a.jpg", "sub/a.jpg", "abs/b.png", "stdin")
        for suffix in (".jsonl", ".alto.xml", ".txt")
    }


def test_below_the_only_folder_names_are_short(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", "jsonl", root=Path("photos"))
    out.write(result("photos/in/a.jpg"))
    out.close()
    assert "in/a.jpg.jsonl" in names_in(tmp_path / "o")


def test_a_page_each_where_a_document_holds_one(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", "page", "jsonl")
    out.write(Result("a.pdf", "1", (page("a.pdf", 1), page("a.pdf", 2))))
    out.close()
    names = {"a.pdf.jsonl", "a.pdf-0001.page.xml", "a.pdf-0002.page.xml", "ocr.journal"}
    assert names_in(tmp_path / "o") == names
    again = folder(tmp_path / "o", "page", "jsonl", resume=True)
    assert again.done("a.pdf") == "1"
    (tmp_path / "o" / "a.pdf-0001.page.xml").unlink()
    assert again.done("a.pdf") is None, "done means that its files are there"


def test_a_failure_leaves_no_file_of_an_earlier_success(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", "jsonl", "text")
    out.write(result("a.jpg"))
    out.close()
    out = folder(tmp_path / "o", "jsonl", "text", resume=True)
    assert out.done("a.jpg") == "1"
    out.write(result("a.jpg", "2", failed=True))
    out.close()
    assert names_in(tmp_path / "o") == {"a.jpg.jsonl", "ocr.journal"}
    assert "error" in (tmp_path / "o" / "a.jpg.jsonl").read_text()
    assert folder(tmp_path / "o", "jsonl", "text", resume=True).done("a.jpg") is None


def test_a_long_name_finds_room(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", "alto")
    out.write(result("é" * 120 + ".jpg"))
    out.close()
    assert len(names_in(tmp_path / "o")) == 2


def test_an_earlier_run_is_not_replaced_unasked(tmp_path: Path) -> None:
    folder(tmp_path / "o", "jsonl").close()
    with pytest.raises(UsageError, match="earlier run"):
        folder(tmp_path / "o", "jsonl")
    folder(tmp_path / "o", "jsonl", force=True).close()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        folder(tmp_path / "in the way" / "o", "jsonl")
    with pytest.raises(UsageError, match="cannot be written"):
        opened(tmp_path / "in the way" / "a.jsonl")
    shutil.rmtree(tmp_path, ignore_errors=True)


def parts(file: str, *, cut: int = 3) -> list[Result]:
    """Three pages, the second a failure, in as many results as `cut`."""
    pages = (page(file, 1), Failure(file, "InputError", "bad", 2), page(file, 3))
    ends = [Result(file, "1", (p,), more=True) for p in pages[: cut - 1]]
    return [*ends, Result(file, "1", pages[cut - 1 :])]


@pytest.mark.parametrize("name", ["jsonl", "hocr", "alto", "csv"])
def test_pages_that_come_one_by_one_make_the_same_file(name: str, tmp_path: Path) -> None:
    for place, cut in (("whole", 1), ("parts", 3)):
        one, many = opened(tmp_path / place, name), folder(tmp_path / f"{place}.d", name, "page")
        for output in (one, many):
            for item in (*parts("a.pdf", cut=cut), result("b.jpg")):
                output.write(item)
            output.close()
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()
    journals = [(tmp_path / f"{p}.journal").read_bytes() for p in ("whole", "parts")]
    assert journals[0] == journals[1]
    files = names_in(tmp_path / "parts.d")
    assert files == names_in(tmp_path / "whole.d")
    assert {"a.pdf-0001.page.xml", "a.pdf-0003.page.xml", "b.jpg.page.xml"} <= files
    for file in files:
        assert (tmp_path / "parts.d" / file).read_bytes() == (
            tmp_path / "whole.d" / file
        ).read_bytes()


def test_a_file_that_was_read_in_part_is_not_done(tmp_path: Path) -> None:
    """Killed, or stopped, between two of its pages."""
    for stopped in (True, False):
        for output, again in (
            (opened, tmp_path / f"{stopped}.jsonl"),
            (folder, tmp_path / f"{stopped}.d"),
        ):
            one = output(again, "jsonl")
            one.write(result("a.jpg"))
            one.write(parts("b.pdf")[0])
            if stopped:
                one.close()
            let_go()
            two = output(again, "jsonl", resume=True)
            assert (two.done("a.jpg"), two.done("b.pdf")) == ("1", None)
            two.write(result("b.pdf"))
            two.close()
    for stopped in (True, False):
        assert files_in(tmp_path / f"{stopped}.jsonl") == ["a.jpg", "b.pdf"]
        assert {"a.jpg.jsonl", "b.pdf.jsonl"} <= names_in(tmp_path / f"{stopped}.d")
    assert not (tmp_path / "True.d" / "b.pdf.jsonl.partial").exists()


@pytest.mark.parametrize("kind", [opened, folder])
def test_what_is_known_of_many_photos_is_small(
    kind: Callable[..., FileOutput | FolderOutput], tmp_path: Path
) -> None:
    count = 5000
    one = kind(tmp_path / "a", "jsonl")
    for number in range(count):
        one.write(result(f"/data/photos/folder/photo-{number:07}.jpg", f"{number:064}"))
    let_go()
    tracemalloc.start()
    two = kind(tmp_path / "a", "jsonl", resume=True)
    held, peak = (n / count for n in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    assert two.done("/data/photos/folder/photo-0000007.jpg") == f"{7:064}"
    assert held < 400 and peak < 600, "bytes a photo"
