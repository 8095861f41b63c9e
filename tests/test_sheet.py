"""Contact sheets: captions beside the glyphs, whatever a class is called; whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import Result
from hwcli.dataset import Dataset
from hwcli.errors import InputError
from hwcli.sheet import SheetOptions, write_sheet
from small_datasets import HOW, Row, dataset_of, pixels

Hwcli = Callable[..., Result]
CAPTION = 136
PLAIN = SheetOptions()


def sheet_of(dataset: Dataset, options: SheetOptions = PLAIN) -> NDArray[np.uint8]:
    write_sheet(dataset, Path("sheet.png"), options)
    image = cv2.imread("sheet.png", cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return np.asarray(image, np.uint8)


@pytest.mark.parametrize(
    "name",
    [
        "Sample001",
        "LATIN SMALL LETTER A WITH DIAERESIS AND MACRON",
        "W" * 300,
        "क्षि",
        "WWW",
        "\u00a0" * 40,
        "\U0001f642" * 9,
    ],
)
def test_no_caption_runs_into_the_glyphs_or_the_next_class(name: str) -> None:
    how = replace(HOW, size=28, fit=24)
    plain = dataset_of([Row(1, "!"), Row(2, "\U0001fae8")], Path("a"), normalisation=how)
    wordy = dataset_of([Row(1, name), Row(2, "\U0001fae8")], Path("b"), normalisation=how)
    options = SheetOptions(columns=1)
    one, two = sheet_of(plain, options), sheet_of(wordy, options)
    line = 36 * sorted([name, "\U0001fae8"]).index(name)
    first = two[line : line + 36]
    assert np.array_equal(one[:36, CAPTION:], first[:, CAPTION:])
    assert (first[1:, : CAPTION - 4] < 128).any()
    other = two[36 - line : 72 - line]
    assert np.array_equal(one[36:, :], other)


def test_names_that_differ_at_the_end_differ_on_the_sheet() -> None:
    one = sheet_of(dataset_of([Row(1, "x" * 200 + "A")], Path("a")))
    two = sheet_of(dataset_of([Row(1, "x" * 200 + "B")], Path("b")))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize(
    ("classes", "shape"), [(1, (1, 1)), (2, (1, 2)), (4, (2, 2)), (5, (2, 3)), (600, (200, 3))]
)
def test_a_sheet_is_as_wide_as_its_classes_need(classes: int, shape: tuple[int, int]) -> None:
    rows = [Row(k, chr(0x4E00 + k)) for k in range(classes)]
    image = sheet_of(dataset_of(rows, Path("a"), shard_rows=100))
    assert image.shape == (36 * shape[0], (CAPTION + 12 * 36) * shape[1])


def test_glyphs_of_all_shards_are_drawn_under_their_class() -> None:
    rows = [Row(k, "AB"[k % 2]) for k in range(20)]
    image = sheet_of(dataset_of(rows, Path("a"), shard_rows=3), SheetOptions(columns=1))
    drawn = {"A": set(), "B": set()}
    for at, char in enumerate("AB"):
        for k in range(10):
            cell = image[36 * at : 36 * at + 36, CAPTION + 36 * k : CAPTION + 36 * k + 36]
            drawn[char].add(cell[14:22, 14:22].tobytes())
    assert drawn == {
        "A": {pixels(k).tobytes() for k in range(0, 20, 2)},
        "B": {pixels(k).tobytes() for k in range(1, 20, 2)},
    }


def test_of_shards_one_at_a_time_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_of([Row(k, "A") for k in range(20)], Path("a"))
    monkeypatch.setattr(Dataset, "load", lambda *_: pytest.fail("all of it is drawn"))
    sheet_of(dataset)


def test_a_sheet_that_cannot_be_written_leaves_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dataset_of([Row(1, "A")], Path("a"))
    sheet_of(dataset)
    before = Path("sheet.png").read_bytes()

    def full(_: object, path: Path, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(InputError, match="No space left"):
        write_sheet(dataset, Path("sheet.png"))
    assert Path("sheet.png").read_bytes() == before
    assert {p.name for p in Path().iterdir()} == {"a", "sheet.png"}


@pytest.mark.parametrize("preview", ["no/such/sheet.png", ".", "there"])
def test_a_place_for_no_sheet_is_told_before_the_work(preview: str, hwcli: Hwcli) -> None:
    Path("there").mkdir()
    result = hwcli("ingest", "sample", "--preview", preview)
    assert result.code == 3
    assert "cannot be written" in result.err
    assert [p.name for p in Path().iterdir()] == ["there"]
