"""From what `eval` doubts to a dataset without it: the whole way, as a user goes it."""

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from conftest import Result
from hwcli.dataset import open_dataset

Hwcli = Callable[..., Result]


def draw(char: str, rng: np.random.Generator) -> np.ndarray:
    """A bar, upright or lying, dark on light."""
    image = np.full((40, 40), 255, np.uint8)
    a, b = rng.integers(8, 12), rng.integers(28, 32)
    at = int(rng.integers(16, 24))
    ends = ((at, int(a)), (at, int(b))) if char == "|" else ((int(a), at), (int(b), at))
    cv2.line(image, *ends, 0, int(rng.integers(3, 6)), cv2.LINE_AA)
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
    trained = hwcli("train", "lenet", "--data", "mine", "--epochs", "8", "--out", "run",
                    "--threads", "1")  # fmt: skip
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
    assert "12 relabelled" in result.out
    before, after = (open_dataset(Path("data") / name) for name in ("mine", "fixed"))
    old, new = before.load(), after.load()
    assert np.array_equal(old.split, new.split), "nobody else moves"
    changed = np.flatnonzero(old.label != new.label)
    assert {Path(new.origins[i]).name for i in changed} == names
