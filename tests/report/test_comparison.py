import csv
import struct
from pathlib import Path

from hwcli.report.comparison import draw_comparison, write_comparison
from hwcli.report.search import draw_search, write_search
from hwcli.training.compare import Compared
from hwcli.training.space import Choices, Span
from hwcli.training.trials import Trial

ROWS = [
    Compared("net", Path("r/net"), 0.9, 0.85, 63_406, 7, 12.25, 9000.4),
    Compared("bad $x$", Path("r/bad"), error="the loss is nan, at step 3"),
]
SPACE = (
    Span("lr", 1e-4, 0.1, whole=False),
    Choices("optimizer", ("adam", "sgd")),
    Choices("hidden", ("64", "128,64")),
    Choices("ema", (0.9, 0.0)),
)
TRIALS = [
    Trial(1, {"lr": 0.01, "optimizer": "adam", "hidden": "64", "ema": 0.0}, "done", 0.9, 9, 3.0),
    Trial(2, {"lr": 1e-3, "optimizer": "sgd", "hidden": "128,64", "ema": 0.9}, "pruned", 0.1, 1, 1),
    Trial(
        3, {"lr": 0.1, "optimizer": "sgd", "hidden": "64", "ema": 0.9}, "failed", None, 0, 0, "x"
    ),
]


def side(picture: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_a_comparison_as_csv_and_png(tmp_path: Path) -> None:
    write_comparison(tmp_path, ROWS, "d")
    good, bad = rows_of(tmp_path / "compare.csv")
    assert good == {
        "model": "net", "val_top1": "0.900000", "test_top1": "0.850000", "parameters": "63406",
        "epochs": "7", "seconds": "12.250", "images_per_s": "9000.4", "folder": "net", "error": "",
    }  # fmt: skip
    assert bad["error"] == "the loss is nan, at step 3" and bad["val_top1"] == ""
    assert (tmp_path / "compare.png").read_bytes()[1:4] == b"PNG"


def test_where_all_failed_there_is_no_picture(tmp_path: Path) -> None:
    write_comparison(tmp_path, ROWS[1:], "d")
    assert [p.name for p in tmp_path.iterdir()] == ["compare.csv"]


def test_more_models_make_a_higher_picture_up_to_a_limit() -> None:
    one, five, many = (side(draw_comparison(ROWS[:1] * n, "a$\\bad{$"))[1] for n in (1, 5, 200))
    assert one < five < many <= 6000


def test_a_search_as_csv_and_png(tmp_path: Path) -> None:
    write_search(tmp_path, TRIALS, SPACE, "net on d")
    first, second, third = rows_of(tmp_path / "search.csv")
    assert (first["trial"], first["lr"], first["val_top1"]) == ("1", "0.01", "0.900000")
    assert (second["hidden"], second["state"]) == ("128,64", "pruned")
    assert (third["val_top1"], third["error"]) == ("", "x")
    assert side((tmp_path / "search.png").read_bytes())[1] > 600, "two rows of parts"


def test_a_search_of_nothing_but_pruned_trials_can_be_drawn() -> None:
    assert min(side(draw_search(TRIALS[1:2], SPACE[:1], "$"))) > 300
