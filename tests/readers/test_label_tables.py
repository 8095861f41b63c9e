"""Tables of labels beside single images, as the reader of images takes them."""

from pathlib import Path

from archives import glyph, png, recipe_text, write_zip
from hwcli.dataset import open_dataset
from hwcli.ingest import IngestOptions, ingest
from hwcli.recipe import load_recipe

RULE = """
[[source.part]]
images = "*.png"
[source.label]
table = "labels.csv"
path_column = "file"
label_column = "char"
"""


def written_by(rule: str) -> dict[str, int]:
    rows = [f"{k}.png,{'ab'[k % 2]},{'' if k == 7 else f'w{k % 3}'}" for k in range(8)]
    members = {f"pics/{k}.png": png(glyph(k)) for k in range(8)}
    table = "\n".join(["file,char,person", *rows])
    write_zip(Path("a.zip"), {**members, "labels.csv": table.encode()})
    Path("r.toml").write_text(recipe_text("file:a.zip", "images", RULE + rule))
    ingest(load_recipe("r.toml"), Path("d"), IngestOptions(force=True))
    rows_read = open_dataset(Path("d")).load()
    return dict(zip(rows_read.origins, rows_read.writer.tolist(), strict=True))


def test_a_column_names_the_writer() -> None:
    assert set(written_by("").values()) == {-1}
    writers = written_by('writer_column = "person"\n')
    assert writers["pics/7.png"] == -1
    assert writers["pics/0.png"] == writers["pics/3.png"] != writers["pics/1.png"]
    assert len(set(writers.values())) == 4


def test_the_column_goes_before_the_pattern_which_fills_its_gaps() -> None:
    writers = written_by("writer_column = \"person\"\npattern = '(?P<writer>\\d)\\.png$'\n")
    assert writers["pics/7.png"] not in (-1, writers["pics/4.png"])
    assert writers["pics/0.png"] == writers["pics/3.png"]
