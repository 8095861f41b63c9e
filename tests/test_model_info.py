"""What a model file says of itself: read quickly where it is as written, told where it is not."""

import json
from typing import Any

import pytest

from hwcli import model_info
from hwcli.errors import ModelError
from hwcli.glyph import Normalisation
from hwcli.model_info import ModelInfo, parse_info
from hwcli.structure import StructureError, structure

INFO = ModelInfo(
    "glyphnet", {"top": 48, "dropout": 0.5, "kind": "x", "deep": True}, "char", ("a", "ク"),
    ("Latn", "Jpan"), Normalisation(size=32, centre="mass"), "latin", "ab", 0.9,
)  # fmt: skip

ODD: list[dict[str, Any]] = [
    {}, {"temperature": 1}, {"temperature": 0.0}, {"temperature": True}, {"classes": "ab"},
    {"classes": ["a", "a"]}, {"classes": []}, {"classes": ["a", 1]}, {"scripts": [None, None]},
    {"target": "page"}, {"options": {"a": []}}, {"options": []}, {"more": 1}, {"schema": 3},
    {"normalisation": {"size": 28}}, {"normalisation": {"size": 1}}, {"normalisation": []},
    {"normalisation": {"centre": "left"}}, {"normalisation": {"frame": "none"}},
    {"normalisation": {"stroke": 2}}, {"normalisation": {"size": 28.0}}, {"dataset": None},
]  # fmt: skip


def test_what_was_written_is_read_without_more_ado() -> None:
    text = INFO.to_json()
    assert model_info._as_written(json.loads(text)) == INFO == parse_info(text, "x")


@pytest.mark.parametrize("change", ODD, ids=str)
def test_the_quick_way_takes_nothing_that_the_strict_way_would_not(change: dict[str, Any]) -> None:
    data = json.loads(INFO.to_json()) | change
    quick = model_info._as_written(data)
    try:
        strict = structure(data, ModelInfo)
    except StructureError:
        assert quick is None
        if change.get("schema", "") == "":
            with pytest.raises(ModelError, match=r"^x: "):
                parse_info(json.dumps(data), "x")
    else:
        assert quick in (None, strict) and parse_info(json.dumps(data), "x") == strict
