"""Corrections in `hwcli ingest`: what they change, what they leave alone, what is refused."""

import csv
import hashlib
import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from test_build import killed_at, run, sums

from archives import folder_zip, glyph, idx, png, recipe_text, write_zip
from conftest import Result
from hwcli.corrections import COLUMNS
from hwcli.dataset import Dataset, open_dataset
from hwcli.errors import DatasetError, RecipeError
from hwcli.ingest import IngestOptions, ingest, prepare
from hwcli.ingest.plan import PlanOptions
from hwcli.ingest.verify import verify_dataset
from hwcli.recipe import load_recipe
from hwcli.shards import Split

Hwcli = Callable[..., Result]
FOLDERS = '[[source.part]]\nimages = "*.png"\n'
SMALL = "[image]\nstroke = 0\n"
Row = Mapping[str, str]


def recipe(
    source: str = FOLDERS, *, top: str = "", more: str = SMALL, format: str = "images"
) -> str:
    text = recipe_text("file:a.zip", format, source, more=f"{top}\n{more}")
    Path("test.toml").write_text(text, "utf-8")
    return "test.toml"


def make(out: str, *files: str, **options: object) -> Dataset:
    """`hwcli ingest test.toml --corrections FILE … --out OUT`, in core."""
    how = IngestOptions(corrections=tuple(map(Path, files)), jobs=1, **options)  # type: ignore[arg-type]
    ingest(load_recipe("test.toml"), Path(out), how)
    verify_dataset(Path(out))
    return open_dataset(Path(out))


def rows_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Of each origin what a line of corrections says, and its split."""
    rows, info = dataset.load(), dataset.info
    return {
        rows.origins[i]: {
            "source": info.sources[rows.source[i]].name,
            "origin": rows.origins[i],
            "sha256": hashlib.sha256(rows.images[i].tobytes()).hexdigest(),
            "label": info.classes[rows.label[i]],
            "split": Split(int(rows.split[i])).name,
        }
        for i in range(len(rows))
    }


def write(name: str, *rows: Row) -> str:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return name


def relabel(row: Row, correction: str, **changed: str) -> Row:
    return {**row, "action": "relabel", "correction": correction, **changed}


def drop(row: Row, **changed: str) -> Row:
    return {**row, "action": "drop", **changed}


def entry(dataset: Dataset) -> tuple[int, int, int, int]:
    (told,) = dataset.info.corrections
    return told.relabelled, told.dropped, told.already, told.refused


@pytest.fixture
def before() -> dict[str, dict[str, str]]:
    """Rows of a dataset of 36 images, of which the tests correct some."""
    folder_zip(Path("a.zip"), each=12)
    recipe()
    return rows_of(make("before"))


def test_rows_become_what_is_said_or_go_and_all_others_stay_as_they_are(
    before: dict[str, dict[str, str]],
) -> None:
    rows = list(before.values())
    gone, changed, new = rows[3], rows[10], rows[20]
    letter = "abc"["abc".index(changed["label"]) - 1]
    write("c.csv", drop(gone), relabel(changed, letter), relabel(new, "नि"))
    dataset = make("after", "c.csv")
    wanted = {k: v for k, v in before.items() if k != gone["origin"]}
    wanted[changed["origin"]] = {**changed, "label": letter}
    wanted[new["origin"]] = {**new, "label": "नि"}
    assert rows_of(dataset) == wanted
    assert dataset.info.classes == ("a", "b", "c", "नि")
    assert dataset.info.counts["class"]["नि"] == 1
    assert entry(dataset) == (2, 1, 0, 0)
    (dropped,) = dataset.info.dropped
    assert (dropped.source, dropped.count) == ("one", 1)
    assert dropped.reason == "by corrections (c.csv)"
    assert dropped.examples == (gone["origin"],)


@pytest.mark.parametrize("by", ["random", "writer"])
def test_no_other_row_changes_its_split(by: str) -> None:
    """Else what was judged as test may be trained on after it was corrected."""
    members = {f"{c}/{w}-{k}.png": png(glyph(100 * i + 10 * w + k))
               for i, c in enumerate("abcd") for w in range(8) for k in range(4)}  # fmt: skip
    write_zip(Path("a.zip"), members)
    rule = '[source.label]\npattern = "(?P<writer>[0-9])-"\n'
    recipe(rule + FOLDERS, more=f'{SMALL}[split]\nby = "{by}"\n')
    old = rows_of(make("old"))
    chosen = list(old.values())[::5]
    write("c.csv", *(drop(r) if i % 3 == 0 else relabel(r, "d") for i, r in enumerate(chosen)))
    new = rows_of(make("new", "c.csv"))
    assert len(new) < len(old)
    assert {o: r["split"] for o, r in new.items()} == {o: old[o]["split"] for o in new}


def test_a_class_that_loses_its_last_row_is_none_and_one_without_test_rows_is_noted() -> None:
    """The table of classes, and what is noted of them, are of the corrected rows."""
    members = {f"{c}/{w}.png": png(glyph(10 * i + w)) for i, c in enumerate("ab") for w in range(9)}
    write_zip(Path("a.zip"), {**members, "z/0.png": png(glyph(99))})
    recipe('[source.label]\npattern = "/(?P<writer>[0-9])"\n' + FOLDERS,
           more=SMALL + '[split]\nby = "writer"\n')  # fmt: skip
    old = make("old")
    rows = rows_of(old)
    tested = [r for r in rows.values() if r["label"] == "a" and r["split"] == "test"]
    assert tested
    assert not any(note.endswith(" a") for note in old.info.recipe["notes"])
    write("c.csv", relabel(rows["z/0.png"], "b"), *(relabel(r, "b") for r in tested))
    new = make("new", "c.csv")
    assert new.info.classes == ("a", "b")
    assert new.info.recipe["notes"] == ["one: too few wrote these for a row in test: a"]


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "another label": ({"label": "q"}, "is 'a', not 'q'"),
    "another image": ({"sha256": "0" * 64}, "has another image (sha256)"),
    "another origin": ({"origin": "letters/a/99.png"}, "one has no row 'letters/a/99.png'"),
    "another source": ({"source": "on"}, "there is no source 'on', did you mean 'one'?"),
}


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.parametrize("action", ["relabel", "drop"])
def test_a_line_that_fits_no_row_is_not_applied_told_and_fails_strict(
    why: str, action: str, before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    """A guard against a file that was made of other data."""
    changed, told = REFUSED[why]
    row = next(r for r in before.values() if r["label"] == "a")
    write("c.csv", {**row, "action": action, "correction": "b", **changed})
    result = hwcli("ingest", "test.toml", "--corrections", "c.csv", "--out", "after")
    assert result.code == 0, result.err
    assert f"hwcli: c.csv, not applied: line 2: {told}" in result.err.replace(
        f"{row['origin']!r} ", ""
    )
    assert "fixes   c.csv: 1 not applied" in result.out
    dataset = open_dataset(Path("after"))
    assert rows_of(dataset) == before
    assert entry(dataset) == (0, 0, 0, 1)
    assert told in dataset.info.corrections[0].told[0].replace(f"{row['origin']!r} ", "")
    strict = hwcli("ingest", "test.toml", "--corrections", "c.csv", "--out", "after", "--strict")
    assert strict.code == 11
    assert "corrections not applied: 1 of c.csv" in strict.err


def test_what_was_dropped_on_purpose_passes_strict(
    before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    """It is no fault of the dataset."""
    write("c.csv", drop(next(iter(before.values()))))
    result = hwcli("ingest", "test.toml", "--corrections", "c.csv", "--out", "after", "--strict")
    assert result.code == 0, result.err
    assert "dropped 1 by corrections (c.csv)" in result.out


def test_of_many_refused_lines_and_new_classes_the_first_few_are_told_and_a_count(
    before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    rows = list(before.values())
    lost = [drop(rows[0], origin=f"no/{k}.png") for k in range(150)]
    write("c.csv", *lost, *(relabel(r, f"new{k}") for k, r in enumerate(rows[:8])))
    result = hwcli("ingest", "test.toml", "--corrections", "c.csv", "--out", "after")
    lines = result.err.splitlines()
    assert len([line for line in lines if "not applied: line" in line]) == 5
    assert "hwcli: c.csv, not applied: 145 more" in lines
    assert "hwcli: a new class, 'new0', by corrections: c.csv line 152" in lines
    assert "hwcli: 3 more new classes by corrections" in lines
    told = open_dataset(Path("after")).info.corrections[0]
    assert (told.refused, len(told.told)) == (150, 100)


def test_a_row_that_a_limit_leaves_out_is_one_that_is_not_there(
    before: dict[str, dict[str, str]],
) -> None:
    write("c.csv", *map(drop, before.values()))
    limited = IngestOptions(PlanOptions(limit=12), jobs=1)
    ingest(load_recipe("test.toml"), Path("few"), limited)
    kept = rows_of(open_dataset(Path("few")))
    write("d.csv", *(drop(r) for r in [*before.values()][:30]))
    dataset = make("after", "d.csv", plan=PlanOptions(limit=12))
    assert set(rows_of(dataset)) == set(kept) - set(list(before)[:30])
    assert entry(dataset)[1] + entry(dataset)[3] == 30
    with pytest.raises(DatasetError, match="not one row is good"):
        make("none", "c.csv", plan=PlanOptions(limit=12))


def test_the_same_file_may_be_used_again(before: dict[str, dict[str, str]]) -> None:
    """On data that has it already, or twice: it is no fault, and nothing is told."""
    rows = list(before.values())
    write("c.csv", relabel(rows[0], "z"), drop(rows[1]))
    dataset = make("after", "c.csv", "c.csv")
    once, twice = dataset.info.corrections
    assert (once.relabelled, once.dropped, once.already, once.refused) == (1, 1, 0, 0)
    assert (twice.relabelled, twice.dropped, twice.already, twice.refused) == (0, 0, 2, 0)
    write("d.csv", relabel(rows[0], rows[0]["label"], label="q"))
    assert entry(make("other", "d.csv")) == (0, 0, 1, 0)


def test_a_later_file_corrects_what_the_first_has_made(before: dict[str, dict[str, str]]) -> None:
    """It was made of the corrected dataset, so it names the corrected label."""
    row, other = list(before.values())[:2]
    write("1.csv", relabel(row, "y"), drop(other))
    write("2.csv", relabel(row, "z", label="y"), relabel(other, "z"))
    with pytest.raises(RecipeError, match=r"1.csv line 3 and 2.csv line 3 disagree"):
        make("after", "1.csv", "2.csv")
    write("2.csv", relabel(row, "z", label="y"), relabel(other, "z", label="y"))
    dataset = make("after", "1.csv", "2.csv")
    assert rows_of(dataset)[row["origin"]]["label"] == "z"
    assert dataset.info.corrections[1].told == (f"line 3: {other['origin']!r} is dropped by 1.csv",)


def test_corrections_without_a_sha256_rest_on_the_label(before: dict[str, dict[str, str]]) -> None:
    row = next(iter(before.values()))
    write("c.csv", relabel(row, "z", sha256=""))
    assert entry(make("after", "c.csv")) == (1, 0, 0, 0)
    recipe(more="[image]\nfit = 20\n")  # the images are others, the row is the same
    assert entry(make("20", "c.csv")) == (1, 0, 0, 0)
    write("c.csv", relabel(row, "z"))
    assert entry(make("with", "c.csv")) == (0, 0, 0, 1)


def test_rows_of_one_origin_are_told_apart_by_their_images() -> None:
    """The middle of long paths is left out, so two may be one; and parts may overlap."""
    long = "x" * 1200
    names = [f"a/{long}{mark}{long}.png" for mark in "12"] + [f"b/{k}.png" for k in range(8)]
    from hwcli.shards import coded

    assert len(set(coded(names[:2]).tolist())) == 1
    write_zip(Path("a.zip"), {n: png(glyph(k)) for k, n in enumerate(names)})
    recipe()
    dataset = make("old")
    rows = dataset.load()
    one, two = (i for i, o in enumerate(rows.origins) if o.startswith("a/"))
    sums = [hashlib.sha256(rows.images[i].tobytes()).hexdigest() for i in (one, two)]
    row = {"source": "one", "origin": rows.origins[one], "label": "a"}
    write("c.csv", relabel(row, "z", sha256=sums[1]))
    after = make("new", "c.csv")
    known = {hashlib.sha256(i.tobytes()).hexdigest(): after.info.classes[k]
             for i, k in zip(after.load().images, after.load().label, strict=True)}  # fmt: skip
    assert [known[s] for s in sums] == ["a", "z"]
    write("c.csv", relabel(row, "z"))
    assert "2 rows are" in make("not", "c.csv").info.corrections[0].told[0]


def official() -> dict[str, dict[str, str]]:
    """Rows of idx files; test 0 equals train 0, and train 1 equals train 2 and, as b, train 3."""
    images = {"train": [1, 2, 2, 2, 3], "test": [1, 4]}
    labels = {"train": [0, 0, 0, 1, 1], "test": [0, 1]}
    members = {}
    for split, seeds in images.items():
        members[f"{split}-i"] = idx(np.stack([glyph(k) for k in seeds]))
        members[f"{split}-l"] = idx(np.asarray(labels[split], np.uint8))
    write_zip(Path("a.zip"), members)
    parts = "".join(
        f'[[source.part]]\nsplit = "{s}"\nimages = "{s}-i"\nlabels = "{s}-l"\n' for s in images
    )
    recipe(
        'alphabet = "ab"\n' + parts,
        format="idx",
        more=SMALL + '[split]\nby = "official"\nval = 0\n',
    )
    return rows_of(make("old"))


@pytest.mark.parametrize("how", ["drop", "relabel"])
def test_what_equals_a_corrected_row_does_not_come_back_in_its_place(how: str) -> None:
    """Nobody saw the equal images: they were left out for the sake of the one that is wrong."""
    old = official()
    assert set(old) == {"test-i#0", "test-i#1", "train-i#1", "train-i#3", "train-i#4"}
    wrong = [old["test-i#0"], old["train-i#1"]]
    write("c.csv", *(drop(r) if how == "drop" else relabel(r, "c") for r in wrong))
    dataset = make("new", "c.csv")
    new = rows_of(dataset)
    assert set(new) == set(old) - ({r["origin"] for r in wrong} if how == "drop" else set())
    assert new["train-i#3"]["label"] == "b"
    told = {d.reason: d.count for d in dataset.info.dropped}
    assert told["duplicate: the same image and character was corrected"] == 2
    apart = rows_of(make("apart", "c.csv", dedup="off"))  # there all rows were seen
    assert {"train-i#0", "train-i#2"} <= set(apart)


def test_a_row_that_becomes_what_its_equal_is_stays_or_is_its_duplicate() -> None:
    """Of equal images that now bear one character one is kept, as of any."""
    old = official()
    write("c.csv", relabel(old["train-i#1"], "b"))
    new = rows_of(make("new", "c.csv"))
    assert set(new) == set(old) - {"train-i#3"}
    assert new["train-i#1"]["label"] == "b"


def test_equal_images_whose_characters_were_swapped_both_stay() -> None:
    """What one correction says of an image another may say the opposite of: people decide."""
    old = official()
    write("c.csv", relabel(old["train-i#1"], "b"), relabel(old["train-i#3"], "a"))
    image = old["train-i#1"]["sha256"]
    new = [r["label"] for r in rows_of(make("new", "c.csv")).values() if r["sha256"] == image]
    assert sorted(new) == ["a", "b"]


def test_stacks_with_a_corrected_piece_go_and_the_others_stay(hwcli: Hwcli) -> None:
    """An `=` that is made of what is no `-` is none."""
    members = {
        f"{c}/{k}.png": png(glyph(50 * i + k)) for i, c in enumerate("-x") for k in range(20)
    }
    write_zip(Path("a.zip"), members)
    recipe('stack = { "=" = ["-", "-"] }\nstack_count = 60\n' + FOLDERS)
    old = rows_of(make("old"))
    piece = next(r for o, r in old.items() if r["label"] == "-" and r["split"] == "train")
    stack = next(r for o, r in old.items() if r["label"] == "=" and piece["origin"] not in o)
    write("c.csv", relabel(piece, "x"), drop(stack))
    dataset = make("new", "c.csv")
    new = rows_of(dataset)
    made = {o for o, r in old.items() if r["label"] == "=" and piece["origin"] in o.split(" + ")}
    assert made
    assert set(new) == set(old) - made - {stack["origin"]}
    assert {d.reason: d.count for d in dataset.info.dropped if d.reason.startswith("by")} == {
        "by corrections (c.csv)": 1,
        "by corrections, of a part of it": len(made),
    }


def test_rows_that_are_meant_to_be_blank_can_be_corrected() -> None:
    """Their image is the empty one; under another character it is a fault."""
    empty = np.zeros((28, 28), np.uint8)
    members = {f"{c}/{k}.png": png(glyph(50 * i + k)) for i, c in enumerate("ab") for k in range(9)}
    write_zip(Path("a.zip"), {**members, "_/0.png": png(empty), "_/1.png": png(empty)})
    recipe('invert = false\nblank = "_"\n' + FOLDERS)
    old = rows_of(make("old"))
    write("c.csv", drop(old["_/0.png"]))
    dataset = make("new", "c.csv")
    assert set(rows_of(dataset)) == set(old) - {"_/0.png"}
    write("c.csv", relabel(old["_/0.png"], "a"))
    dataset = make("other", "c.csv")
    assert set(rows_of(dataset)) == set(old) - {"_/0.png"}
    assert [d.reason for d in dataset.info.dropped] == ["blank"]


def test_one_job_and_two_give_the_same_bytes(
    before: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwcli.ingest.build._FEW", 5)
    monkeypatch.setattr("hwcli.ingest.build._BLOCK_BYTES", 1)
    write("c.csv", *(drop(r) if i % 2 else relabel(r, "z")
                     for i, r in enumerate(list(before.values())[::3])))  # fmt: skip
    for jobs in (1, 2):
        how = IngestOptions(corrections=(Path("c.csv"),), jobs=jobs)
        ingest(load_recipe("test.toml"), Path(f"d{jobs}"), how)
    one, two = (sorted(Path(f"d{j}").iterdir()) for j in (1, 2))
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_killed_run_goes_on_with_the_same_corrections_and_not_with_others() -> None:
    """What is whole was made of the rows as corrected then."""
    members = {f"{c}/{k:03}.png": png(glyph((100 * i + k) % 260))
               for i, c in enumerate("abc") for k in range(100)}  # fmt: skip
    write_zip(Path("a.zip"), members)
    recipe(more="")
    rows = list(rows_of(make("old")).values())
    write("c.csv", *(drop(r) if i % 2 else relabel(r, "d") for i, r in enumerate(rows[::4])))
    more = ("--corrections", "c.csv")
    assert run("--out", "whole", *more).returncode == 0
    for others in (False, True):
        died = run("--out", "parts", *more, before=killed_at(3))
        assert died.returncode == -signal.SIGKILL, died.stderr
        if others:
            write("c.csv", *(relabel(r, "e") for r in rows[::4]))
        again = run("--out", "parts", *more)
        assert again.returncode == 0, again.stderr
        assert ("going on after the 120 rows" in again.stderr) is not others
        assert (sums("parts") == sums("whole")) is not others
        assert json.loads(Path("parts/dataset.json").read_text())["corrections"][0]["refused"] == 0
        for file in sorted(Path("parts").iterdir()):
            file.unlink()
        Path("parts").rmdir()


def test_the_same_file_is_there_already_and_a_changed_one_is_told(
    before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    """A file of corrections is part of what a dataset is made by."""
    write_recipe_of_a_package()
    rows = [r for r in rows_of(open_dataset(Path("data/sample"))).values() if r["label"] == "A"]
    write("c.csv", relabel(rows[0], "B"))
    command = ("ingest", "sample", "--corrections", "c.csv", "--out", "d", "--jobs", 1)
    assert hwcli(*command).code == 0
    again = hwcli(*command)
    assert "there already, and whole" in again.err
    assert "fixes   c.csv: 1 relabelled" in again.out
    write("c.csv", relabel(rows[1], "B"))
    changed = hwcli(*command)
    assert changed.code == 6
    assert "made by another recipe, options or version" in changed.err
    assert hwcli(*command, "--force").code == 0
    assert hwcli(*command[:2], "--out", "d").code == 6


def write_recipe_of_a_package() -> None:
    ingest(load_recipe("sample"), Path("data/sample"), IngestOptions(jobs=1))


def test_a_recipe_names_its_corrections_and_they_come_before_those_of_the_command(
    before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    """From wherever it is called, and recorded without a path, which says nothing elsewhere."""
    row = next(iter(before.values()))
    Path("r").mkdir()
    Path("a.zip").rename("r/a.zip")
    write("r/1.csv", relabel(row, "y"))
    write("2.csv", relabel(row, "z", label="y"))
    Path(recipe(top='corrections = ["1.csv"]')).rename("r/test.toml")
    result = hwcli("ingest", "r/test.toml", "--corrections", "2.csv", "--out", "d", "--json")
    assert result.code == 0, result.err
    dataset = open_dataset(Path("d"))
    assert rows_of(dataset)[row["origin"]]["label"] == "z"
    assert [c.file for c in dataset.info.corrections] == ["1.csv", "2.csv"]
    named = dataset.info.recipe["options"]["corrections"]
    assert [each["file"] for each in named] == ["1.csv", "2.csv"]
    assert named[0]["sha256"] == hashlib.sha256(Path("r/1.csv").read_bytes()).hexdigest()
    assert "corrections" not in dataset.info.recipe
    assert json.loads(result.out)["corrections"][1]["relabelled"] == 1
    assert "corrections: " in hwcli("ingest", "r/test.toml", "--show").out


def test_dry_runs_info_exports_and_merged_datasets_tell_of_corrections(
    before: dict[str, dict[str, str]], hwcli: Hwcli
) -> None:
    """The labels are no longer the publisher's, and whoever gets them must know."""
    rows = list(before.values())
    write("c.csv", relabel(rows[0], "z"), drop(rows[1]), drop(rows[2], label="q"))
    told = "c.csv: 1 relabelled, 1 dropped, 1 not applied"
    command = ("ingest", "test.toml", "--corrections", "c.csv")
    dry = hwcli(*command, "--dry-run")
    assert f"fixes   {told}" in dry.out
    assert "35 rows planned" in dry.out
    assert json.loads(hwcli(*command, "--dry-run", "--json").out)["corrections"][0]["dropped"] == 1
    assert hwcli(*command, "--out", "d").code == 0
    info = hwcli("ingest", "--info", "d").out
    assert f"Corrections 2\n  {told}\n    e.g. line 4: " in info
    assert (
        json.loads(hwcli("ingest", "--info", "d", "--json").out)["corrections"][0]["refused"] == 1
    )
    assert hwcli("ingest", "--export", "imagefolder", "d", "--out", "e").code == 0
    assert f"corrections: {told}" in Path("e/CARD.md").read_text("utf-8")
    assert hwcli("ingest", "e/recipe.toml", "--out", "again", "--jobs", 1).code == 0
    labels = [r["label"] for r in rows_of(open_dataset(Path("again"))).values()]
    assert labels.count("z") == 1
    assert hwcli("ingest", "merge", "d", "before", "--out", "m").code == 0
    assert open_dataset(Path("m")).info.recipe["notes"] == [f"test: corrections: {told}"]


@pytest.mark.parametrize(
    "other", ["merge", "--info", "--cite", "--verify", "--show", "--write-recipe", "--export"]
)
def test_they_go_with_making_a_dataset_and_with_nothing_else(other: str, hwcli: Hwcli) -> None:
    """Else they would be left out without a word."""
    value = {"--write-recipe": ["-"], "--export": ["npz"]}.get(other, [])
    result = hwcli("ingest", other, *value, "sample", "--corrections", "c.csv")
    assert result.code == 2
    assert f"{other} and --corrections do not go together" in result.err


def test_only_rows_of_named_sources_are_looked_for_and_only_named_images_decoded(
    before: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """800,000 rows must not be decoded twice for the sake of a few."""
    decoded: list[int] = []
    from hwcli.ingest import named

    decode = named.decode_block

    def counted(*args: object) -> object:
        glyphs = decode(*args)  # type: ignore[arg-type]
        decoded.append(len(glyphs.kept))
        return glyphs

    monkeypatch.setattr("hwcli.ingest.named.decode_block", counted)
    rows = list(before.values())
    write("c.csv", drop(rows[0]), drop(rows[5]), drop(rows[7], source="two"))
    how = IngestOptions(corrections=(Path("c.csv"),))
    assert prepare(load_recipe("test.toml"), how).plan.corrections[0].dropped == 2
    assert decoded == [2]
