"""CSV tables with a row an image."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archives import glyph, recipe_text, write_zip
from hwcli.errors import FetchError
from hwcli.fetch.zips import ZipArchive
from hwcli.readers import open_reader
from hwcli.readers.reader import Reader
from hwcli.recipe import load_recipe

IMAGES = [glyph(k, 32) for k in range(9)]


def text(image: np.ndarray) -> str:
    return ",".join(map(str, image.ravel().tolist()))


def reader(members: dict[str, str], *, labels: str = "l.csv") -> Reader:
    part = f'[[source.part]]\nimages = "i.csv"\nlabels = "{labels}"'
    Path("r.toml").write_text(recipe_text("file:x", "csv", part))
    source = load_recipe("r.toml").source[0]
    packed = {k: v.encode() for k, v in members.items()}
    return open_reader(source, source.part[0], ZipArchive(write_zip(Path("a.zip"), packed)))


def read(one: Reader, rows: list[int]) -> list[object]:
    return [i for b in one.blocks(np.asarray(rows), 2) for i in b.images()]


def test_labels_in_a_file_of_their_own_as_ahcd_ships_them() -> None:
    table = "\n".join(map(text, IMAGES)) + "\n"
    one = reader({"i.csv": table, "l.csv": "\n".join("112233445") + "\n"})
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == list("112233445")
    assert np.array_equal(read(one, list(range(9))), IMAGES)
    assert np.array_equal(read(one, [1, 4, 8]), [IMAGES[1], IMAGES[4], IMAGES[8]])
    assert one.origin(4) == "i.csv#4"


def test_labels_in_the_first_column_below_a_heading() -> None:
    rows = [f"{k % 3},{text(image)}" for k, image in enumerate(IMAGES)]
    one = reader({"i.csv": "label,pixel0,pixel1\n" + "\r\n".join(rows)}, labels="")
    listing = one.listing()
    assert [listing.labels[k] for k in listing.label] == list("012012012")
    assert np.array_equal(read(one, list(range(9))), IMAGES)


def test_bad_rows_are_named_and_their_neighbours_stay() -> None:
    good = text(IMAGES[0])
    rows = [good, "1,2,3", good.replace("255", "300"), "1,2,x,4", good.replace("255", "nan"), good]
    one = reader({"i.csv": "\n".join(rows), "l.csv": "\n".join("111111")})
    answers = read(one, list(range(6)))
    assert answers[1:5] == [
        "3 pixels are not a square", "pixels outside 0 to 255", "not numbers",
        "pixels outside 0 to 255",
    ]  # fmt: skip
    assert np.array_equal(answers[0], IMAGES[0])
    assert np.array_equal(answers[5], IMAGES[0])


def test_fewer_images_than_labels_is_one_line() -> None:
    one = reader({"i.csv": text(IMAGES[0]), "l.csv": "1\n2\n"})
    assert len(one.listing()) == 2
    with pytest.raises(FetchError, match="ends before row 1"):
        read(one, [0, 1])


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(FetchError, match="a row of more than"):
        reader({"i.csv": "1," * (1 << 22)}, labels="").listing()


@pytest.mark.parametrize("separator", ["\t", ";", " "])
def test_tables_with_other_separators_and_packed(separator: str) -> None:
    rows = [f"{k % 3}," + text(i).strip() for k, i in enumerate(IMAGES[:4])]
    table = "\n".join(rows).replace(",", separator).encode()
    for data in (table, gzip.compress(table)):
        path = Path("a.zip")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("top/i.tsv", data)
        Path("r.toml").write_text(recipe_text("file:x", "csv", '[[source.part]]\nimages = "i.tsv"'))
        source = load_recipe("r.toml").source[0]
        one = open_reader(source, source.part[0], ZipArchive(path))
        listing = one.listing()
        assert [listing.labels[k] for k in listing.label] == ["0", "1", "2", "0"]
        assert np.array_equal(read(one, [0, 3]), [IMAGES[0], IMAGES[3]])
