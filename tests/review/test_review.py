"""`ocr --review` and `ingest --from-review`: what is shown, what is kept, all the way."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from conftest import Result
from hwcli.classify import find_model
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import DatasetError
from hwcli.glyph import Normalisation
from hwcli.outputs import Result as OcrResult
from hwcli.page import reader as reading
from hwcli.page.photo import load_photo
from hwcli.page.reader import Reader, ReadingOptions
from hwcli.page.reading import Box, Candidate, Failure
from hwcli.review.collect import Review
from hwcli.review.doubts import Doubt, Doubts, Reviewing
from hwcli.review.record import ReviewRecord, origin_of, parse_review, plain
from hwcli.review.write import COLUMNS
from pages import written
from readings import HOSTILE_NAMES, page_of

Hwcli = Callable[..., Result]
ROWS = ["AB3X7 HELLO", "KONTR 4R2B", "STUVX 1597", "DEFGH ABZ6"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "page.png"
    path.parent.mkdir()
    Image.fromarray(written(ROWS)).save(path)
    return path


@pytest.fixture
def seen(photo: Path, hwcli: Hwcli) -> Path:
    """A review of a page on which nearly all is doubtful."""
    folder = photo.parent.parent / "seen"
    code, _, err = hwcli("ocr", photo.parent, "--review", folder, "--min-confidence", 0.9999)
    assert code == 0 and "doubtful glyphs" in err, err
    return folder


def record(folder: Path) -> ReviewRecord:
    return parse_review((folder / "review.json").read_bytes(), "review.json")


def opened(folder: str) -> Dataset:
    return open_dataset(Path(folder))


def decide(
    folder: Path, *what: tuple[str, str], into: str | Path = "corrections.csv", **cells: str
) -> Path:
    """Corrections as the page saves them: `what` in turn for each glyph of the review."""
    path = folder / into
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for entry, (action, correction) in zip(record(folder).glyphs, cycle(what), strict=False):
            told = {"origin": entry.origin, "sha256": entry.sha256, "label": entry.char} | cells
            rows.writerow([action, correction, "review", *told.values(), "0.5", entry.file, "", ""])
    return path


def test_a_review_changes_no_record(photo: Path, hwcli: Hwcli, tmp_path: Path) -> None:
    without = hwcli("ocr", photo, "--topk", 2).out
    assert hwcli("ocr", photo, "--topk", 2, "--review", tmp_path / "seen").out == without


def test_the_least_sure_come_first_with_all_that_is_needed(photo: Path, seen: Path) -> None:
    told = record(seen)
    assert told.pages == 1 and told.doubtful == len(told.glyphs) > 20 and told.model == "glyphnet"
    sure = [entry.topk[0].p for entry in told.glyphs]
    assert sure == sorted(sure) and sure[-1] < 0.9999
    height, width = load_photo(photo).grey.shape
    lines = {row.replace(" ", "") for row in ROWS}
    for entry in told.glyphs:
        assert len(entry.topk) == 9
        x0, y0, x1, y1 = entry.box
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert entry.origin == f"{photo}#xywh={x0},{y0},{x1 - x0},{y1 - y0}"
        assert len(f"{entry.before}{entry.char}{entry.after}".replace(" ", "")) in map(len, lines)
        data = (seen / entry.image).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry.sha256
        ink = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert ink.dtype == np.uint8 and ink.ndim == 2 and ink.max() == 255
        assert abs(ink.shape[1] - (x1 - x0)) <= 4 and abs(ink.shape[0] - (y1 - y0)) <= 4


def test_what_is_shown_of_a_glyph_is_around_it(photo: Path) -> None:
    options = ReadingOptions(reviewing=Reviewing(1.0, 100))
    page = Reader(find_model(None), options).read_file(photo)
    assert page.doubts is not None and all(len(g.candidates) == 1 for g in page.glyphs)
    grey = load_photo(photo).grey
    for doubt in page.doubts.worst:
        shown, box = doubt.view_box, doubt.box
        assert shown.x0 <= box.x0 and box.x1 <= shown.x1 and shown.y0 <= box.y0
        assert box.y1 <= shown.y1
        view = cv2.imdecode(np.frombuffer(doubt.view, np.uint8), cv2.IMREAD_GRAYSCALE)
        piece = grey[shown.y0 : shown.y1, shown.x0 : shown.x1]
        assert max(view.shape) <= 336
        small = cv2.resize(piece, view.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(view.astype(int) - small).mean() < 6


def test_a_page_that_was_reduced_is_shown_at_its_own_places(photo: Path, tmp_path: Path) -> None:
    large = cv2.resize(written(ROWS), None, fx=8, fy=8)  # above 12 megapixels
    Image.fromarray(large).save(tmp_path / "large.jpg")
    options = ReadingOptions(reviewing=Reviewing(1.0, 100))
    page = Reader(find_model(None), options).read_file(tmp_path / "large.jpg")
    assert load_photo(tmp_path / "large.jpg").reduced > 1 and page.doubts is not None
    for doubt in page.doubts.worst:
        x0, y0, x1, y1 = doubt.view_box
        view = cv2.imdecode(np.frombuffer(doubt.view, np.uint8), cv2.IMREAD_GRAYSCALE)
        small = cv2.resize(large[y0:y1, x0:x1], view.shape[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(view.astype(int) - small).mean() < 8


def made(confidence: float, number: int, file: str = "a.png") -> OcrResult:
    """A photo with one doubtful glyph."""
    box = Box(number, 0, number + 5, 5)
    doubt = Doubt(box, (Candidate("A", confidence),), "", "", b"ink", b"view", Box(0, 0, 9, 9))
    doubts = Doubts(1, (doubt,), bytes(number % 7), Normalisation(), frozenset("O"))
    return OcrResult(file, "", (replace(page_of([[["A"]]], file=file), doubts=doubts),))


def test_no_more_are_kept_than_are_shown(tmp_path: Path) -> None:
    review = Review(tmp_path / "seen", below=0.9, limit=50)
    order = np.random.default_rng(3).permutation(1000)
    for number in order.tolist():
        review.add(made(round(number / 2000, 4), number))
        assert len(review._kept) <= 50 and len(review._origins) == len(review._kept)
    told = review.save()
    assert told.doubtful == 1000
    assert [entry.topk[0].p for entry in told.glyphs] == [round(n / 2000, 4) for n in range(50)]
    assert len(list((tmp_path / "seen" / "glyphs").iterdir())) == 50


def test_what_was_left_out_is_told(photo: Path, hwcli: Hwcli, tmp_path: Path) -> None:
    flags = ("--min-confidence", 0.9999, "--review-limit", 3)
    err = hwcli("ocr", photo, "--review", tmp_path / "seen", *flags).err
    told = record(tmp_path / "seen")
    assert len(told.glyphs) == 3 < told.doubtful
    assert f"3 doubtful glyphs; {told.doubtful - 3} surer ones are left out" in err
    text = (tmp_path / "seen" / "index.html").read_text("utf-8")
    assert (
        f"{told.doubtful} glyphs were doubtful" in text and text.count('<li class="suspect"') == 3
    )


def test_a_photo_that_is_named_twice_is_reviewed_once(tmp_path: Path) -> None:
    review = Review(tmp_path / "seen", below=0.9, limit=10)
    review.add(made(0.5, 1))
    review.add(made(0.5, 1))
    review.add(made(0.5, 1, "b.png"))
    told = review.save()
    assert [entry.file for entry in told.glyphs] == ["a.png", "b.png"] and told.doubtful == 2


def test_photos_that_cannot_be_read_are_listed(photo: Path, hwcli: Hwcli, tmp_path: Path) -> None:
    (photo.parent / "bad.png").write_bytes(b"no <b>image</b>")
    code, _, err = hwcli("ocr", photo.parent, "--review", tmp_path / "seen")
    assert code == 8 and "review:" in err
    (bad,) = record(tmp_path / "seen").not_read
    assert bad.file.endswith("bad.png")
    assert "bad.png: not an image" in (tmp_path / "seen" / "index.html").read_text("utf-8")


def test_a_run_that_was_stopped_leaves_the_review_of_what_was_read(
    photo: Path, hwcli: Hwcli, tmp_path: Path
) -> None:
    (photo.parent / "z.png").write_bytes(b"no image")
    code, _, _ = hwcli("ocr", photo.parent, "--review", tmp_path / "seen", "--on-error", "stop")
    told = record(tmp_path / "seen")
    assert code == 8 and (told.pages, told.failed) == (1, 1)


def test_what_an_earlier_run_has_read_is_not_in_it(
    photo: Path, hwcli: Hwcli, tmp_path: Path
) -> None:
    hwcli("ocr", photo, "--out", "a.jsonl")
    code, _, err = hwcli(
        "ocr", photo, "--out", "a.jsonl", "--resume", "--review", tmp_path / "seen"
    )
    assert code == 0 and "1 photos were read already" in err, err  # not read again for the review
    assert not (tmp_path / "seen").exists()


def test_processes_and_pages_change_nothing(photo: Path, hwcli: Hwcli, tmp_path: Path) -> None:
    first, second = (Image.fromarray(written(rows)) for rows in (ROWS[:1], ROWS[1:]))
    first.save(photo.parent / "two.tif", save_all=True, append_images=[second])
    texts = []
    for jobs in (1, 2):
        folder = tmp_path / f"jobs-{jobs}"
        flags = ("--jobs", jobs, "--min-confidence", 1, "--review", folder)
        assert hwcli("ocr", photo.parent, *flags).code == 0
        texts.append((folder / "review.json").read_text("utf-8"))
        assert {entry.page for entry in record(folder).glyphs} == {None, 1, 2}
    assert texts[0] == texts[1] and "two.tif#page=2&xywh=" in texts[0]


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=list(HOSTILE_NAMES))
def test_any_name_of_a_photo_can_be_written_and_read(name: str, tmp_path: Path) -> None:
    review = Review(tmp_path / "seen", below=0.9, limit=10)
    review.add(made(0.5, 1, name))
    review.add(OcrResult(name, "", (Failure(name, "InputError", f"{name}: </li><script>"),)))
    written_down = review.save()
    assert record(tmp_path / "seen") == written_down
    assert written_down.glyphs[0].origin == f"{plain(name)}#xywh=1,0,5,5"
    text = (tmp_path / "seen" / "index.html").read_text("utf-8")
    assert "<b>" not in text.split("<body>")[1].split("<svg")[0] and text.count("<script>") == 1


def test_the_place_of_a_glyph_is_a_fragment_of_its_page() -> None:
    assert origin_of("a.pdf", 3, Box(1, 2, 5, 9)) == "a.pdf#page=3&xywh=1,2,4,7"


@pytest.mark.parametrize(
    ("prepare", "flags", "said"),
    [
        (lambda d: (d / "mine.txt").write_text("x"), (), "holds 'mine.txt', which is of no review"),
        (lambda d: (d / "corrections.csv").write_text("x"), (), "of an earlier review"),
        (lambda d: (d / "index.html").write_text("my own"), (), "which is of no review"),
        (lambda d: None, ("--out", "seen/a.jsonl"), "--out seen/a.jsonl lies in --review seen"),
        (lambda d: None, ("--overlay", "seen"), "--overlay seen lies in --review seen"),
    ],
)
def test_nothing_of_somebody_is_replaced(
    prepare: Callable[[Path], object], flags: tuple[str, ...], said: str, photo: Path, hwcli: Hwcli
) -> None:
    folder = Path("seen")
    folder.mkdir()
    prepare(folder)
    before = sorted(folder.iterdir())
    code, out, err = hwcli("ocr", photo, "--review", folder, *flags)
    assert (code, out) == (2, "") and said in err, err
    assert sorted(folder.iterdir()) == before


def test_an_earlier_review_is_replaced(photo: Path, seen: Path, hwcli: Hwcli) -> None:
    (seen / "glyphs" / "9999.png").write_bytes(b"old")
    assert hwcli("ocr", photo, "--review", seen, "--review-limit", 2).code == 0
    assert len(list((seen / "glyphs").iterdir())) == len(record(seen).glyphs) <= 2


def test_a_file_that_is_none_of_its_own_is_not_deleted(
    photo: Path, seen: Path, hwcli: Hwcli
) -> None:
    """A browser calls a second download so."""
    (seen / "corrections (1).csv").write_text("x")
    code, _, err = hwcli("ocr", photo, "--review", seen)
    assert code == 2 and "holds 'corrections (1).csv'" in err, err
    assert record(seen).glyphs and (seen / "corrections (1).csv").exists()


def test_resume_replaces_no_review(photo: Path, hwcli: Hwcli, tmp_path: Path) -> None:
    """What is not read again would not be in the new one."""
    assert hwcli("ocr", photo, "--out", "a.jsonl", "--review", tmp_path / "seen").code == 0
    before = (tmp_path / "seen" / "review.json").read_bytes()
    code, _, err = hwcli(
        "ocr", photo, "--out", "a.jsonl", "--resume", "--review", tmp_path / "seen"
    )
    assert code == 2 and "holds a review already" in err, err
    assert (tmp_path / "seen" / "review.json").read_bytes() == before


def test_a_reader_who_goes_leaves_the_review(photo: Path, tmp_path: Path) -> None:
    copies = [photo.with_name(f"{n}.png") for n in range(30)]
    for path in copies:
        shutil.copy(photo, path)
    line = f"{sys.executable} -m hwcli ocr {photo.parent} --jobs 1 --review {tmp_path / 'seen'}"
    done = subprocess.run(f"{line} | head -n 1", shell=True, capture_output=True, check=True)
    assert done.stdout.count(b"\n") == 1
    assert 1 <= record(tmp_path / "seen").pages < 31


def test_a_link_is_not_replaced(photo: Path, seen: Path, hwcli: Hwcli) -> None:
    Path("link").symlink_to(seen)
    code, _, err = hwcli("ocr", photo, "--review", "link")
    assert code == 2 and "is a link" in err and Path("link").is_symlink()


def test_a_file_in_place_of_the_folder_is_refused(photo: Path, hwcli: Hwcli) -> None:
    Path("seen").write_text("x")
    code, _, err = hwcli("ocr", photo, "--review", "seen")
    assert code == 2 and "is no folder" in err


def test_what_is_learned_is_what_the_network_saw(
    photo: Path, hwcli: Hwcli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saw: list[np.ndarray] = []
    whole = reading.normalise_all

    def spy(crops: list[np.ndarray], how: Normalisation) -> tuple[np.ndarray, np.ndarray]:
        images, inked = whole(crops, how)
        saw.extend(images[inked])
        return images, inked

    monkeypatch.setattr(reading, "normalise_all", spy)
    seen = tmp_path / "seen"
    hwcli("ocr", photo, "--review", seen, "--min-confidence", 1, "--jobs", 1)
    decide(seen, ("keep", ""))
    assert hwcli("ingest", "--from-review", seen, "--out", "mine", "--dedup", "off").code == 0
    dataset = opened("mine")
    assert dataset.info.normalisation == record(seen).normalisation
    known = {image.tobytes() for image in saw}
    rows = dataset.load()
    assert len(rows.images) == len(record(seen).glyphs)
    assert all(image.tobytes() in known for image in rows.images)


def test_the_whole_way_round(photo: Path, seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("relabel", "§"), ("keep", ""), ("drop", ""), ("keep", ""), ("", ""))
    photo.unlink()  # the review has all that is needed
    flags = ("--from-review", seen, "--out", "mine", "--writer", "me", "--strict")
    code, out, err = hwcli("ingest", *flags)
    assert code == 0, err
    n = len(record(seen).glyphs)
    told = (
        f"{-(-n // 5)} corrected, {sum(i % 5 in (1, 3) for i in range(n))} right as they were read"
    )
    assert told in err and "no characters" in err and "not looked at" in out
    dataset = opened("mine")
    assert "§" in dataset.info.classes and dataset.info.recipe["source"][0]["writer"] == "me"
    rows = dataset.load()
    assert set(rows.writer.tolist()) == {0}
    places = {entry.origin for entry in record(seen).glyphs}
    assert {origin.decode() for origin in rows.origin.tolist()} <= places
    short = ("--data", "mine", "--epochs", 1, "--threads", 1)
    assert hwcli("train", "lenet", *short, "--out", "first").code == 0
    code, _, err = hwcli("train", "lenet", *short, "--out", "second", "--init", "first")
    assert code == 0, err
    Image.fromarray(written(ROWS)).save(photo)
    code, out, err = hwcli("ocr", photo, "--model", "second", "--topk", 99)
    known = {c["char"] for g in json.loads(out)["glyphs"] for c in g["topk"]}
    assert code == 0 and "§" in known
    code, _, err = hwcli("ingest", "--verify", "mine")
    assert code == 0, err


def test_the_same_twice_with_any_number_of_jobs(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""), ("relabel", "A"))
    shards = []
    for name, jobs in (("a", 1), ("b", 2)):
        code, _, err = hwcli("ingest", "--from-review", seen, "--out", name, "--jobs", jobs)
        assert code == 0, err
        shards.append([s.sha256 for s in opened(name).info.shards])
    assert shards[0] == shards[1]


def test_it_joins_with_other_datasets(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""))
    assert hwcli("ingest", "--from-review", seen, "--out", "mine").code == 0
    assert hwcli("ingest", "sample", "--out", "sample").code == 0
    code, _, err = hwcli("ingest", "merge", "mine", "sample", "--out", "both")
    assert code == 0, err
    assert {s.name for s in opened("both").info.sources} > {"seen"}


def test_letters_of_either_case_stay_one_class(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("relabel", "o"), ("relabel", "a"), ("relabel", "O"))
    code, _, err = hwcli("ingest", "--from-review", seen, "--out", "mine")
    assert code == 0 and "of either case, as the model has them: o" in err, err
    assert opened("mine").info.classes == ("O", "a")


def test_the_recipe_of_it_makes_the_same_dataset(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""), ("relabel", "o"))
    assert hwcli("ingest", "--from-review", seen, "--write-recipe", "mine.toml").code == 0
    assert hwcli("ingest", "mine.toml", "--out", "a").code == 0
    assert hwcli("ingest", "--from-review", seen, "--out", "b").code == 0
    a, b = (opened(n).info for n in "ab")
    assert [s.sha256 for s in a.shards] == [s.sha256 for s in b.shards]


def test_corrections_from_elsewhere_are_put_into_the_review(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""), into=Path("saved.csv").resolve())
    code, _, err = hwcli("ingest", "--from-review", seen, "--corrections", "saved.csv")
    assert code == 0 and "saved.csv: copied to" in err, err
    assert (seen / "corrections.csv").read_bytes() == Path("saved.csv").read_bytes()
    assert opened("data/seen").info.name == "seen"
    decide(seen, ("relabel", "A"), into=Path("saved.csv").resolve())
    flags = ("--from-review", seen, "--corrections", "saved.csv")
    code, _, err = hwcli("ingest", *flags)
    assert code == 2 and "says otherwise than saved.csv" in err
    assert hwcli("ingest", *flags, "--force").code == 0
    assert opened("data/seen").info.classes == ("A",)


def test_a_glyph_that_was_changed_since_is_left_out(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""))
    names = [entry.image for entry in record(seen).glyphs]
    shutil.copy(seen / names[1], seen / names[0])
    (seen / names[2]).unlink()
    assert hwcli("ingest", "--from-review", seen, "--out", "mine", "--dedup", "off").code == 0
    dropped = {d.reason: d.count for d in opened("mine").info.dropped}
    assert dropped == {"another image than was looked at": 1, "not there, or not readable": 1}


def broken(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """A folder whose review.json was changed."""

    def apply(folder: Path) -> None:
        data = json.loads((folder / "review.json").read_text("utf-8"))
        change(data)
        (folder / "review.json").write_text(json.dumps(data), "utf-8")

    return apply


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda d: shutil.rmtree(d), 3, "no review, for it has no review.json"),
        (lambda d: (d / "review.json").unlink(), 3, "no review"),
        (lambda d: (d / "corrections.csv").unlink(), 3, "corrections.csv: no such file"),
        (lambda d: (d / "review.json").write_bytes(b"{"), 6, "review.json: not JSON"),
        (lambda d: (d / "review.json").write_bytes(b"[" * 99999), 6, "review.json"),
        (broken(lambda r: r.update(schema="hwcli.review/9")), 6, "schema is 'hwcli.review/9'"),
        (broken(lambda r: r.update(more=1)), 6, "unknown key 'more'"),
        (broken(lambda r: r["glyphs"].append(r["glyphs"][0])), 6, "two of the same origin"),
        (broken(lambda r: r["glyphs"][0].update(topk=[])), 6, "topk must name what was read"),
        (broken(lambda r: r["glyphs"][0].update(sha256="x")), 6, "64 lower-case hex digits"),
        (broken(lambda r: r.pop("normalisation")), 6, "has no normalisation"),
        (broken(lambda r: r["normalisation"].update(size=0)), 6, "size must be from 8 to 512"),
        (lambda d: decide(d, ("keep", ""), origin="b.png#xywh=1,2,3,4"), 4, "not of this review"),
        (lambda d: decide(d, ("keep", ""), label="?"), 4, "line 2"),
        (lambda d: decide(d, ("keep", ""), sha256="0" * 64), 4, "not of this review"),
        (lambda d: decide(d, ("", "")), 4, "tells the character of no glyph"),
        (lambda d: decide(d, ("drop", "")), 4, "tells the character of no glyph"),
        (lambda d: decide(d, ("relabel", "")), 4, "relabel needs a correction"),
        (lambda d: decide(d, ("relabel", "\x1b")), 4, "may be no class"),
        (lambda d: decide(d, ("relabel", "  ")), 4, "the correction is blank"),
        (lambda d: decide(d, ("relabel", "\u200b")), 4, "the correction is blank"),
        (lambda d: decide(d, ("delete", "")), 4, "action 'delete' is none of"),
        (lambda d: (d / "corrections.csv").write_bytes(b"\0\1\2"), 4, "a NUL"),
        (lambda d: (d / "corrections.csv").write_bytes(b"a,b\n1,2\n"), 4, "has no column 'action'"),
        (lambda d: (d / "corrections.csv").write_bytes(b"\xff\xfe\xff"), 4, "not text in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(
    spoil: Callable[[Path], object], code: int, said: str, seen: Path, hwcli: Hwcli
) -> None:
    decide(seen, ("keep", ""))
    spoil(seen)
    result = hwcli("ingest", "--from-review", seen, "--out", "mine")
    assert result.code == code and said in result.err, result.err
    assert result.out == "" and "Traceback" not in result.err
    assert len([li for li in result.err.splitlines() if "hint:" not in li]) == 1
    assert not Path("mine").exists()


@pytest.mark.parametrize("path", ["../../secret.png", "/etc/hostname", "review.json"])
def test_no_path_in_a_review_leads_out_of_it(
    path: str, seen: Path, hwcli: Hwcli, tmp_path: Path
) -> None:
    target = tmp_path / "secret.png"
    shutil.copy(seen / record(seen).glyphs[0].image, target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()

    def swap(review: dict) -> None:
        review["glyphs"] = review["glyphs"][:2]
        review["glyphs"][0].update(image=path, sha256=digest)

    decide(seen, ("keep", ""))
    broken(swap)(seen)
    code, _, err = hwcli("ingest", "--from-review", seen, "--out", "mine")
    assert code == 6 and "is no glyph of a review" in err and not Path("mine").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("mnist",), "--from-review and 'mnist' do not go together"),
        (("--labels", "folder"), "--from-review and --labels do not go together"),
        (("--verify",), "--from-review and --verify do not go together"),
        (("--show", "--dry-run"), "--show and --dry-run do not go together"),
        (("--corrections", "a.csv", "--corrections", "b.csv"), "takes one file of --corrections"),
    ],
)
def test_flags_that_do_not_go_together(
    flags: tuple[str, ...], said: str, seen: Path, hwcli: Hwcli
) -> None:
    decide(seen, ("keep", ""))
    code, _, err = hwcli("ingest", "--from-review", seen, *flags)
    assert code == 2 and said in err, err


def test_a_writer_is_for_a_review_alone(hwcli: Hwcli) -> None:
    code, _, err = hwcli("ingest", "sample", "--writer", "me")
    assert code == 2 and "--writer is for --from-review" in err


def test_a_review_is_not_taken_for_images(seen: Path, hwcli: Hwcli) -> None:
    code, _, err = hwcli("ingest", seen)
    assert code == 2 and f"--from-review {seen} takes it" in err


def test_what_is_planned_and_shown_makes_nothing(seen: Path, hwcli: Hwcli) -> None:
    decide(seen, ("keep", ""))
    code, out, _ = hwcli("ingest", "--from-review", seen, "--dry-run")
    assert code == 0 and "rows planned" in out
    code, out, _ = hwcli("ingest", "--from-review", seen, "--show")
    assert code == 0 and "not stated" in out
    assert not Path("data").exists()


def test_nothing_doubtful_is_a_page_that_says_so(hwcli: Hwcli, tmp_path: Path) -> None:
    Image.new("L", (60, 60), 255).save(tmp_path / "white.png")
    code, _, err = hwcli("ocr", tmp_path / "white.png", "--review", tmp_path / "seen")
    assert code == 0 and "0 doubtful glyphs" in err
    assert "Nothing is doubtful" in (tmp_path / "seen" / "index.html").read_text("utf-8")
    decide(tmp_path / "seen", ("keep", ""))
    code, _, err = hwcli("ingest", "--from-review", tmp_path / "seen")
    assert code == 4 and "tells the character of no glyph" in err


def test_the_page_asks_the_network_for_nothing(seen: Path) -> None:
    text = (seen / "index.html").read_text("utf-8")
    assert "default-src 'none'" in text
    assert not [word for word in ("http://", "https://", "url(/", 'src="/') if word in text]


def test_a_review_that_is_too_large_is_refused() -> None:
    with pytest.raises(DatasetError, match="schema is missing"):
        parse_review(b"{}", "x")
