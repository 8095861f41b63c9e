import io
import sys

import pytest

from hwcli import console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def as_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error as a terminal; in the test itself, since capturing sets it up anew."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    console.set_verbosity(0)
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)
    return stream


def test_the_bar_tells_the_note_and_the_rate_in_units(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = as_terminal(monkeypatch)
    with console.progress("train", "image", 128) as progress:
        progress(0, 4)
        for step in (1, 2, 3):
            progress(step, 4, f"loss {step}")
        bar = console._Console.around_bar
        assert bar is not None
        bar("a line")
    drawn = terminal.getvalue()
    assert "image/s" in drawn and "a line" in drawn
    last = drawn.rsplit("train:", 1)[1]
    assert "384/512" in last and "loss 3" in last


def test_a_bar_serves_one_piece_of_work_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = as_terminal(monkeypatch)
    with console.progress("search") as progress:
        for done in (1, 9, 2):
            progress(done, 10, f"trial {done}")
        bar = console._Console.around_bar
        assert bar is not None
        bar("x")
    last = terminal.getvalue().rsplit("search:", 1)[1]
    assert "2/10" in last and "trial 2" in last


def test_without_a_terminal_nothing_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    with console.progress("train") as progress:
        progress(1, 2, "loss 1")
    assert capfd.readouterr() == ("", "")
