"""Fetching from a local server that misbehaves, from mirrors, the cache, and Kaggle."""

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from archives import recipe_text, write_zip
from hwcli.errors import AuthError, FetchError
from hwcli.fetch import FetchOptions, fetch, mirror_path
from hwcli.fetch.archive import Files, Folder, Limits, MissingError
from hwcli.fetch.here import find_here
from hwcli.fetch.http import download
from hwcli.fetch.patience import Patience
from hwcli.fetch.zips import ZipArchive
from hwcli.recipe import Source, load_recipe
from server import DATA, SHA256, Server, running

QUICK = Patience(tries=4, first_wait_s=0.01, timeout_s=2.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as one:
        yield one


def get(server: Server, path: str, sha256: str | None = SHA256) -> bytes:
    download(server.url(path), Path("got"), sha256=sha256, patience=QUICK)
    assert not list(Path().glob("*.partial*"))
    return Path("got").read_bytes()


@pytest.mark.parametrize(
    ("path", "requests_"),
    [("ok", 1), ("drops", 3), ("drops-no-range", 2), ("busy", 3), ("changes", 2)],
)
def test_what_can_be_had_is_had_whole(server: Server, path: str, requests_: int) -> None:
    assert get(server, path) == DATA
    assert len(server.asked) == requests_


def test_a_dropped_download_goes_on_where_it_stopped(server: Server) -> None:
    get(server, "drops")
    third = len(DATA) // 3
    assert [r for _, r in server.asked] == [None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_a_download_of_an_earlier_run_goes_on(server: Server) -> None:
    Path("got.partial").write_bytes(DATA[:5000])
    Path("got.partial.etag").write_text('"1"')
    assert get(server, "resumes") == DATA
    assert server.asked == [("/resumes", "bytes=5000-")]


def test_a_whole_file_that_was_not_renamed_starts_over(server: Server) -> None:
    Path("got.partial").write_bytes(DATA)
    Path("got.partial.etag").write_text('"1"')
    assert get(server, "resumes") == DATA


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("html", "a web page"),
        ("html-in-disguise", "a web page"),
        ("forbidden", "403"),
        ("drops-forever", "early|incomplete|closed"),
        ("nothing", "404"),
    ],
)
def test_what_cannot_be_had_is_one_line(server: Server, path: str, told: str) -> None:
    with pytest.raises(FetchError, match=told) as caught:
        get(server, path, None)
    assert "\n" not in caught.value.message
    assert not Path("got").exists()


def test_a_wrong_checksum_is_refused_and_nothing_is_left(server: Server) -> None:
    with pytest.raises(FetchError, match="sha256 is"):
        get(server, "ok", "0" * 64)
    assert not list(Path().iterdir())


def test_nobody_listening_is_missing_with_a_hint() -> None:
    with pytest.raises(MissingError) as caught:
        download("http://127.0.0.1:9/x", Path("got"), patience=replace(QUICK, tries=2))
    assert caught.value.hint


def source(url: str, more: str = "") -> Source:
    text = recipe_text(url, "images", more + '\n[[source.part]]\nimages = "*"')
    Path("r.toml").write_text(text)
    return load_recipe("r.toml").source[0]


def options(mirror: str = "", *, offline: bool = False) -> FetchOptions:
    return FetchOptions(mirror=mirror, offline=offline, patience=QUICK)


def test_a_second_run_takes_the_cache_and_asks_nobody(server: Server) -> None:
    one = source(server.url("file.zip"))
    first = fetch(one, options())
    again = fetch(one, options(offline=True))
    assert isinstance(first, ZipArchive)
    assert first == again
    assert first.path.read_bytes() == DATA
    assert len(server.asked) == 1


def test_mirrors_of_the_publisher_are_tried_in_order(server: Server) -> None:
    mirrors = f'mirrors = ["{server.url("html")}", "{server.url("file.zip")}"]'
    found = fetch(source(server.url("nothing"), mirrors), options())
    assert isinstance(found, ZipArchive)
    assert [p for p, _ in server.asked] == ["/nothing", "/html", "/file.zip"]


def test_the_mirror_goes_before_the_network(server: Server) -> None:
    path = write_zip(Path("m/kaggle/me/set.zip"), {"a.png": b"x"})
    found = fetch(source("kaggle:me/set"), options("m"))
    assert found == ZipArchive(path)
    assert not server.asked


def test_a_mirror_may_be_a_server(server: Server) -> None:
    one = source("kaggle:me/set", 'mirror_path = "deep/file.zip"')
    found = fetch(one, options(server.url("mirror")))
    assert isinstance(found, ZipArchive)
    assert server.asked == [("/mirror/deep/file.zip", None)]


def test_what_the_mirror_lacks_comes_from_the_network_unless_offline(server: Server) -> None:
    Path("m").mkdir()
    one = source(server.url("file.zip"))
    with pytest.raises(MissingError, match="--offline"):
        fetch(one, options("m", offline=True))
    assert not server.asked
    assert isinstance(fetch(one, options("m")), ZipArchive)


def test_a_mirror_with_another_file_is_refused() -> None:
    path = write_zip(Path("m/kaggle/me/set.zip"), {"a.png": b"x"})
    good = hashlib.sha256(path.read_bytes()).hexdigest()
    fetch(source("kaggle:me/set", f'sha256 = {{"set.zip" = "{good}"}}'), options("m"))
    with pytest.raises(FetchError, match="sha256 is"):
        fetch(source("kaggle:me/set", f'sha256 = {{"set.zip" = "{"0" * 64}"}}'), options("m"))


def test_members_of_a_publisher_of_single_files_are_fetched_one_by_one(server: Server) -> None:
    text = recipe_text(
        server.url("base/"),
        "idx",
        f'sha256 = {{ok = "{SHA256}"}}\n[[source.part]]\nimages = "ok"\nlabels = "nothing"',
    )
    Path("r.toml").write_text(text)
    found = fetch(load_recipe("r.toml").source[0], options())
    assert isinstance(found, Files)
    assert found.names() == ["ok"]
    assert found.digests() == (f"sha256:{SHA256} ok",)
    with pytest.raises(MissingError):
        found.open("nothing")


def test_members_are_asked_for_with_their_at_signs_as_they_are(server: Server) -> None:
    part = '[[source.part]]\nimages = "pen@5.3.0/two words/ok"'
    Path("r.toml").write_text(recipe_text(server.url("npm/@inks/"), "idx", part))
    one = load_recipe("r.toml").source[0]
    fetch(one, options())
    assert [path for path, _ in server.asked] == ["/npm/@inks/pen@5.3.0/two%20words/ok"]
    found = find_here(one, options())
    assert found is not None
    assert found.place == "cache"


@pytest.mark.parametrize(
    ("url", "more", "path"),
    [
        ("kaggle:gpreda/chinese-mnist", "", "kaggle/gpreda/chinese-mnist.zip"),
        ("https://a.org/b/c.zip", "", "a.org/b/c.zip"),
        ("https://a.org/b/c.zip", 'mirror_path = "x/y.zip"', "x/y.zip"),
    ],
)
def test_where_a_mirror_has_it(url: str, more: str, path: str) -> None:
    assert mirror_path(source(url, more)) == path


class Response:
    def __init__(self, code: int) -> None:
        self.status_code = code


@pytest.mark.parametrize(
    ("code", "kind"), [(401, AuthError), (403, AuthError), (404, MissingError), (500, FetchError)]
)
def test_kaggles_refusals(code: int, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    import kagglehub
    from kagglehub.exceptions import KaggleApiHTTPError

    def refuse(handle: str) -> str:
        raise KaggleApiHTTPError("token SECRET", response=Response(code))  # type: ignore[arg-type]

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    with pytest.raises(kind) as caught:
        fetch(source("kaggle:me/set"), options())
    assert type(caught.value) is kind
    assert "SECRET" not in f"{caught.value.message}{caught.value.hint}"


def test_kaggle_out_of_reach_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import kagglehub

    def fail(handle: str) -> str:
        raise requests.ConnectionError("with the SECRET address")

    monkeypatch.setattr(kagglehub, "dataset_download", fail)
    with pytest.raises(MissingError, match="cannot be reached") as caught:
        fetch(source("kaggle:me/set"), options())
    assert "SECRET" not in caught.value.message


def test_kaggles_folder_is_read_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import kagglehub

    Path("k/Img").mkdir(parents=True)
    Path("k/Img/a.png").write_bytes(b"x")
    Path("k/link.png").symlink_to("/etc/passwd")
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: "k")
    found = fetch(source("kaggle:me/set"), options())
    assert found == Folder(Path("k"))
    assert found.names() == ["Img/a.png"]
    with pytest.raises(MissingError):
        found.open("link.png")


def test_a_truncated_zip_is_refused() -> None:
    path = write_zip(Path("a.zip"), {"a.png": b"x" * 1000})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FetchError, match="not a whole zip"):
        ZipArchive(path).names()


def test_a_zip_with_a_link_is_refused() -> None:
    with zipfile.ZipFile("a.zip", "w") as archive:
        info = zipfile.ZipInfo("evil")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(FetchError, match="link"):
        ZipArchive(Path("a.zip")).names()


def test_a_zip_that_claims_too_much_is_refused_with_the_way_to_allow_it() -> None:
    path = write_zip(Path("a.zip"), {f"{k}": bytes(1 << 20) for k in range(4)})
    with pytest.raises(FetchError, match="claims 1 GiB unpacked, at most 0") as caught:
        ZipArchive(path, Limits(max_expanded_gib=0)).names()
    assert "--max-expanded 1" in str(caught.value.hint)
    with pytest.raises(FetchError, match="4 members, at most 3") as caught:
        ZipArchive(path, Limits(max_members=3)).names()
    assert "--max-members 4" in str(caught.value.hint)
    assert len(ZipArchive(path, Limits(max_expanded_gib=1, max_members=4)).names()) == 4


def test_a_replaced_zip_is_read_anew() -> None:
    path = write_zip(Path("a.zip"), {"one": b"1"})
    assert ZipArchive(path).names() == ["one"]
    write_zip(path, {"two": b"22"})
    assert ZipArchive(path).names() == ["two"]


def test_a_cache_that_cannot_be_written_is_a_fetch_error(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/x")
    with pytest.raises(FetchError, match="cannot be written") as caught:
        fetch(source(server.url("file.zip")), options())
    assert caught.value.exit_code == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_a_fetch_error(server: Server) -> None:
    Path("got.partial").symlink_to("/dev/full")
    with pytest.raises(FetchError, match="No space left"):
        download(server.url("ok"), Path("got"), patience=QUICK)


def test_a_mirror_where_we_must_not_look_is_a_fetch_error() -> None:
    Path("m").mkdir()
    with pytest.raises(FetchError, match="too long"):
        fetch(source("kaggle:me/set", f'mirror_path = "{"x" * 300}"'), options("m"))


def test_members_that_are_not_here_are_told_with_the_way_to_get_them(server: Server) -> None:
    text = recipe_text(
        server.url("base/"), "idx", '[[source.part]]\nimages = "ok"\nlabels = "nothing"'
    )
    Path("r.toml").write_text(text)
    found = fetch(load_recipe("r.toml").source[0], options(offline=True))
    with pytest.raises(MissingError, match="nor in the cache, and --offline") as caught:
        found.open("ok")
    assert "--mirror" in str(caught.value.hint)
