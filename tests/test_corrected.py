"""From what `eval` doubts to a dataset without it: the whole way, as a user goes it."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from conftest import Result
from hwcli.dataset import open_dataset

Hwcli = Callable[..., Result]


def draw(char: str, rng: np.random.Generator) -> np.ndarray:
    """A crooked bar, upright or lying, dark on light; no two are alike once they are glyphs."""
    image = np.full((80, 80), 255, np.uint8)
    along = np.sort(rng.integers(10, 70, 6))
    along[0], along[-1] = 10, 70
    places = np.stack([along, 40 + rng.integers(-5, 6, 6)], axis=1)
    if char == "|":
        places = places[:, ::-1]
    cv2.polylines(image, [places.astype(np.int32)], False, 0, int(rng.integers(5, 9)))
    return image


def test_a_wrong_label_is_found_corrected_and_gone(hwcli: Hwcli) -> None:
    rng = np.random.default_rng(0)
    for char, name in (("|", "bar"), ("-", "dash")):
        folder = Path("mine") / {"bar": "U+007C", "dash": "U+002D"}[name]
        folder.mkdir(parents=True)
        for i in range(150):
            cv2.imwrite(str(folder / f"{name}{i:03}.png"), draw(char, rng))
    swapped = sorted(Path("mine/U+007C").glob("*.png"))[:12]
    for path in swapped:  # bars among the dashes
        path.rename(Path("mine/U+002D") / path.name)
    names = {path.name for path in swapped}
    assert hwcli("ingest", "mine", "--out", "data/mine").code == 0
    how = ("--epochs", "12", "--batch-size", "16", "--threads", "1")
    trained = hwcli("train", "lenet", "--data", "mine", "--out", "run", *how)
    assert trained.code == 0, trained.err
    done: set[str] = set()
    files = []
    for split in ("test", "train", "val"):
        args = ("eval", "run", "--data", "mine", "--split", split, "--audit", "--out", split)
        assert hwcli(*args).code == 0
        path = Path(split) / "suspects.csv"
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if Path(row["origin"]).name in names and row["kind"] == "label":
                assert (row["label"], row["correction"], row["action"]) == ("-", "|", "")
                row["action"] = "relabel"
                done.add(Path(row["origin"]).name)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        files += ["--corrections", path]
    assert done == names, "each of the swapped ones is a suspect"
    result = hwcli("ingest", "mine", "--out", "data/fixed", *files)
    assert result.code == 0, result.err
    assert sum(map(int, re.findall(r"(\d+) relabelled", result.out))) == 12
    before, after = (open_dataset(Path("data") / name) for name in ("mine", "fixed"))
    old, new = before.load(), after.load()
    assert np.array_equal(old.split, new.split), "nobody else moves"
    changed = np.flatnonzero(old.label != new.label)
    assert {Path(new.origins[i]).name for i in changed} == names
