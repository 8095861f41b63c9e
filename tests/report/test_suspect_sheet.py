"""Suspects: which are shown, and tables that keep every character."""

import csv
import io
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evaluations import HOSTILE, pictures
from hwcli.judging.audit import Audit, Candidate, Suspect, Twin
from hwcli.report.examples import images_of
from hwcli.report.suspects import (
    CSV_COLUMNS,
    draw_suspects,
    percent,
    suspects_csv,
    twins_csv,
    worst,
)

ONE = Suspect(
    "label", 3, "made-up", "a/b.png", "test", "ab" * 32, "0", 0.0123456, "O",
    (Candidate("O", 0.9), Candidate("0", 0.0123456)), 4.25,
)  # fmt: skip


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_columns_of_the_corrections() -> None:
    text = suspects_csv([ONE])
    assert text.splitlines()[0] == (
        "action,correction,source,origin,sha256,label,label_p,split,kind,score,"
        "top1,p1,top2,p2,top3,p3"
    )
    assert rows_of(text) == [
        {
            "action": "", "correction": "O", "source": "made-up", "origin": "a/b.png",
            "sha256": "ab" * 32, "label": "0", "label_p": "0.012346", "split": "test",
            "kind": "label", "score": "4.25", "top1": "O", "p1": "0.900000", "top2": "0",
            "p2": "0.012346", "top3": "", "p3": "",
        }
    ]  # fmt: skip


names = st.text(st.characters(exclude_categories=("Cs",)), max_size=6) | st.sampled_from(HOSTILE)


@given(st.lists(st.tuples(names, names, names), min_size=1, max_size=5))
def test_every_character_survives_in_the_table(texts: list[tuple[str, str, str]]) -> None:
    suspects = [replace(ONE, label=a, suggestion=b, origin=c) for a, b, c in texts]
    rows = rows_of(suspects_csv(suspects))
    assert [(r["label"], r["correction"], r["origin"]) for r in rows] == texts
    assert all(list(r) == list(CSV_COLUMNS) for r in rows)


def test_twins_as_a_table() -> None:
    twin = Twin(5, "a,b", '"', 9, "c\nd", "=1", "train", 0.00125)
    assert rows_of(twins_csv([twin])) == [
        {
            "place": "5", "origin": "a,b", "char": '"', "other_place": "9",
            "other_origin": "c\nd", "other_char": "=1", "other_split": "train",
            "distance": "0.001250",
        }
    ]  # fmt: skip


def test_the_worst_are_label_errors_and_some_outliers() -> None:
    def shown(labels: int, outliers: int) -> tuple[int, int]:
        some = [replace(ONE, place=k) for k in range(labels)]
        some += [replace(ONE, kind="outlier", place=1000 + k) for k in range(outliers)]
        found = worst(Audit(0.0, tuple(some), ()))
        kinds = [s.kind for s in found]
        assert kinds == sorted(kinds) and [s.place for s in found] == sorted(s.place for s in found)
        return kinds.count("label"), kinds.count("outlier")

    assert shown(500, 500) == (80, 20)
    assert shown(500, 5) == (95, 5)
    assert shown(30, 500) == (30, 70)
    assert shown(3, 4) == (3, 4)
    assert shown(0, 0) == (0, 0)


def test_the_sheet_has_a_card_for_each() -> None:
    suspects = [replace(ONE, label=n, suggestion=n, place=k) for k, n in enumerate(HOSTILE)]
    images = images_of((s.place for s in suspects), pictures())
    heights = []
    for count in (1, 5, 6, len(suspects)):
        sheet = Image.open(io.BytesIO(draw_suspects(suspects[:count], images, "t" * 500)))
        assert sheet.width == 1212
        heights.append(sheet.height)
    assert heights[0] == heights[1] < heights[2] < heights[3]
    first = np.asarray(sheet.convert("L"))[66:146, 18:98]
    glyph = Image.fromarray(images[0]).resize((84, 84), Image.Resampling.BICUBIC)
    ink = np.asarray(glyph)[2:82, 2:82]
    assert np.corrcoef(first.ravel(), ink.ravel())[0, 1] < -0.99, "dark ink on light paper"


def test_probabilities_in_few_letters() -> None:
    told = [percent(p) for p in (0, 1e-9, 0.032, 0.5, 0.871, 0.995, 0.9999999, 1)]
    assert told == ["0 %", "<0.1 %", "3.2 %", "50 %", "87 %", "99.5 %", ">99.9 %", "100 %"]
