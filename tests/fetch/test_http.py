"""Servers that mislead: each ends well, or with one line that tells no secret."""

import multiprocessing
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from archives import recipe_text
from hwcli.errors import FetchError, RecipeError
from hwcli.fetch import FetchOptions, fetch
from hwcli.fetch.archive import MissingError
from hwcli.fetch.http import download
from hwcli.fetch.messages import shown, told
from hwcli.fetch.patience import Patience
from hwcli.recipe import load_recipe
from server import DATA, SHA256, Server, running

QUICK = Patience(tries=3, first_wait_s=0.01, timeout_s=2.0, stall_s=0.2)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as one:
        yield one


def get(server: Server, path: str, sha256: str | None = SHA256) -> bytes:
    download(server.url(path), Path("got"), sha256=sha256, patience=QUICK)
    assert sorted(p.name for p in Path().iterdir()) == ["got"]
    return Path("got").read_bytes()


@pytest.mark.parametrize("path", ["slow", "moved", "elsewhere"])
def test_what_can_be_had_is_had_whole(server: Server, path: str) -> None:
    assert get(server, path) == DATA


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("trickle", r"only \d+ bytes in \d+ s"),
        ("short", "Remote|Read|ends at byte"),
        ("unasked", "another piece"),
        ("round", "TooManyRedirects"),
    ],
)
def test_what_cannot_be_had_is_one_line(server: Server, path: str, told: str) -> None:
    with pytest.raises(FetchError, match=told) as caught:
        get(server, path, None)
    assert caught.value.exit_code == 5
    assert "\n" not in caught.value.message
    assert not Path("got").exists()


def test_a_wrong_checksum_of_one_mirror_leads_to_the_next(server: Server) -> None:
    mirrors = f'mirrors = ["{server.url("x/lies")}", "{server.url("y/ok")}"]'
    part = f'{mirrors}\nsha256 = {{ lies = "{SHA256}" }}\n[[source.part]]\nimages = "*"'
    Path("r.toml").write_text(recipe_text(server.url("lies"), "images", part))
    fetch(load_recipe("r.toml").source[0], FetchOptions(patience=QUICK))
    assert [p for p, _ in server.asked] == ["/lies", "/x/lies", "/y/ok"]


def test_https_is_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(self: object, request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://a.org/file.zip"})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    with pytest.raises(FetchError, match=r"leads to a\.org without https"):
        download("https://a.org/file.zip", Path("got"), patience=QUICK)
    assert asked == ["https://a.org/file.zip"]


def test_the_proxy_of_the_environment_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", f"http://me:SECRET@127.0.0.1:{server.server_port}")
    download("http://nowhere.invalid/ok", Path("got"), sha256=SHA256, patience=QUICK)
    assert server.asked == [("http://nowhere.invalid/ok", None)]


@pytest.mark.parametrize(
    "proxy",
    ["http://me:SECRET@127.0.0.1:9", "nonsense://me:SECRET@x", "socks5://me:SECRET@127.0.0.1:9"],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "hwcli")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(FetchError) as caught:
        download("https://a.invalid/x", Path("got"), patience=QUICK)
    assert "\n" not in caught.value.message
    assert "SECRET" not in f"{caught.value.message}{caught.value.hint}{caplog.text}"


@pytest.mark.parametrize("path", ["nothing", "forbidden", "html", "busy", "lies", "drops-forever"])
def test_passwords_and_keys_in_addresses_are_not_told(
    server: Server, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "hwcli")
    url = server.url(path).replace("//", "//me:SECRET@") + "?key=SECRET"
    with pytest.raises(FetchError) as caught:
        download(url, Path("got"), sha256=SHA256, patience=replace(QUICK, tries=2))
    assert "SECRET" not in f"{caught.value.message}{caught.value.hint}{caplog.text}"
    assert path in caught.value.message


def test_what_an_address_is_called() -> None:
    assert shown("https://a.org/b?c=d") == "https://a.org/b"
    assert shown("https://me:pw@a.org:8/b") == "https://a.org:8/b"
    assert shown("https://a.org/b") == "https://a.org/b"


@pytest.mark.parametrize(
    ("text", "shown_"),
    [
        ("timed out", " (timed out)"),
        ("two\nlines", " (two lines)"),
        ("", ""),
        ("no way to http://me:SECRET@x", ""),
        ("no way to me:SECRET@x", ""),
    ],
)
def test_what_a_library_says_is_told_unless_it_holds_an_address(text: str, shown_: str) -> None:
    assert told(OSError(text)) == shown_


def test_a_recipe_holds_no_password() -> None:
    text = recipe_text("https://me:SECRET@a.org/x.zip", "images", '[[source.part]]\nimages = "*"')
    Path("r.toml").write_text(text)
    with pytest.raises(RecipeError, match=r"at a\.org must not hold") as caught:
        load_recipe("r.toml")
    assert "SECRET" not in caught.value.message


def _download(url: str, cwd: str) -> None:
    download(url, Path(cwd, "got"), sha256=SHA256, patience=QUICK)


def test_two_processes_that_want_one_file_fetch_it_once(server: Server) -> None:
    context = multiprocessing.get_context("spawn")
    work = (server.url("slow"), str(Path().resolve()))
    both = [context.Process(target=_download, args=work) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [p.exitcode for p in both] == [0, 0]
    assert Path("got").read_bytes() == DATA
    assert sorted(p.name for p in Path().iterdir()) == ["got"]
    assert len(server.asked) == 1


def test_a_waiting_download_goes_on_where_the_first_gave_up(server: Server) -> None:
    faults: list[str] = []

    def fail() -> None:
        try:
            download(server.url("drops-forever"), Path("got"), patience=QUICK)
        except (FetchError, MissingError) as error:
            faults.append(error.message)

    threads = [threading.Thread(target=fail) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 3
    download(server.url("ok"), Path("got"), sha256=SHA256, patience=QUICK)
    assert Path("got").read_bytes() == DATA
