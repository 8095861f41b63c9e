"""Plain data into dataclasses: nothing coerced, every fault with its place."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from hwcli.errors import RecipeError
from hwcli.structure import StructureError, structure, structure_or, unstructure


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    share: float = 0.5
    kind: Literal["a", "b"] = "a"
    flag: bool | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    leaf: tuple[Leaf, ...]
    names: dict[str, str] = field(default_factory=dict)
    count: int = 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"leaf": [{"nam": "x"}]}, "leaf[0]: unknown key 'nam', did you mean 'name'?"),
        ({"leaf": [{"name": "x", "zzz": 1}]}, "unknown key 'zzz'"),
        ({"leaf": [{}]}, "name is missing"),
        ({"leaf": [{"name": 1}]}, "leaf[0].name: expected text in quotes, not 1"),
        ({"leaf": [{"name": "x", "share": "1"}]}, "leaf[0].share: expected a number, not '1'"),
        ({"leaf": [{"name": "x", "share": True}]}, "leaf[0].share: expected a number, not True"),
        ({"leaf": [{"name": "x", "kind": "c"}]}, "leaf[0].kind"),
        ({"leaf": [{"name": "x", "flag": 1}]}, "leaf[0].flag"),
        ({"leaf": [], "count": 1.0}, "count: expected a whole number, not 1.0"),
        ({"leaf": [], "count": True}, "count: expected a whole number, not True"),
        ({"leaf": [], "names": {"a": 1}}, "names.a: expected text in quotes, not 1"),
        ({"leaf": ["x"]}, "leaf[0]: expected a table, not 'x'"),
        ([], "expected a table, not []"),
        (None, "expected a table, not None"),
    ],
)
def test_faults_name_their_place(data: object, told: str) -> None:
    with pytest.raises(StructureError) as caught:
        structure(data, Tree)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(RecipeError, match=r"here: names.*count") as caught:
        structure_or({"leaf": [], "count": "1", "names": {"a": 2}}, Tree, "here", RecipeError)
    assert caught.value.exit_code == 4


def test_there_and_back_without_what_is_none() -> None:
    tree = Tree((Leaf("x", 1.0, "b"),), {"a": "ä"}, 3)
    data = unstructure(tree)
    assert data["leaf"] == [{"name": "x", "share": 1.0, "kind": "b"}]
    assert structure(data, Tree) == tree
