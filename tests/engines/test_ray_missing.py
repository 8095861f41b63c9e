"""`--engine ray` where Ray is not installed."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broken_photos import good
from conftest import Result


@pytest.mark.parametrize("command", [("ocr", "x.png"), ("ingest", "sample")])
def test_without_ray_it_says_how_to_get_it(
    command: tuple[str, str], hwcli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    Path("x.png").write_bytes(good(1))
    result = hwcli(*command, "--engine", "ray")
    assert result.code == 10 and "pip install 'hwcli[ray]'" in result.err
