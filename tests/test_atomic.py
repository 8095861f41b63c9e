"""Folders that stand under their name only when whole."""

from pathlib import Path

import pytest

from hwcli.atomic import growing_folder


def test_a_folder_takes_the_place_of_another_only_when_whole() -> None:
    Path("x").mkdir()
    Path("x/old").write_text("old")
    Path("x.partial").mkdir()
    Path("x.partial/rest").write_text("of a run that was killed")
    with growing_folder(Path("x")) as partial:
        (partial / "new").write_text("new")
        assert Path("x/old").exists()
    assert [p.name for p in Path("x").iterdir()] == ["new"]
    assert [p.name for p in Path().iterdir()] == ["x"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_what_goes_wrong_leaves_the_old_one_and_nothing_else(fault: type[BaseException]) -> None:
    Path("x").mkdir()
    Path("x/old").write_text("old")
    with pytest.raises(fault), growing_folder(Path("x")) as partial:
        (partial / "new").write_text("new")
        raise fault
    assert [p.name for p in Path().rglob("*")] == ["x", "old"]
