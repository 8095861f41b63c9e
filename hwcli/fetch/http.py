"""Downloads by https: resumed by byte range, tried again when the other side stumbles, checked."""

import logging
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from hwcli.atomic import writing
from hwcli.errors import FetchError
from hwcli.fetch.archive import MissingError
from hwcli.progress import Progress, silent
from hwcli.shards import sha256_of

_log = logging.getLogger(__name__)

_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Status codes that may be gone a moment later."""
_GONE = (404, 410)
_MAX_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try."""

    tries: int = 5
    first_wait_s: float = 1.0
    """Before the second try; doubled before each further one."""
    timeout_s: float = 30.0
    """For the connection, and between two pieces of data."""


class _Stumble(Exception):
    """A fault that may be gone a moment later."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    patience: Patience = Patience(),
    progress: Progress = silent,
) -> None:
    """Put the file at `url` at `target`; it grows under `.partial` and a broken one goes on.

    Raises:
        MissingError: the server says there is none, or cannot be reached.
        FetchError: it failed otherwise, is a web page, has another checksum, or `target` cannot
            be written.
    """
    with writing(target, FetchError):
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(url, target, sha256, patience, progress)


def _download(
    url: str, target: Path, sha256: str | None, patience: Patience, progress: Progress
) -> None:
    partial = target.with_name(target.name + ".partial")
    wait_s = patience.first_wait_s
    for attempt in range(1, patience.tries + 1):
        try:
            _continue(url, partial, patience.timeout_s, progress)
            break
        except _Stumble as stumble:
            if attempt == patience.tries:
                hint = "run the same command again: the download goes on where it stopped"
                if partial.exists():
                    raise FetchError(f"{url}: {stumble}", hint=hint) from stumble
                raise MissingError(f"{url}: {stumble}", hint=hint) from stumble
            pause_s = min(_MAX_WAIT_S, stumble.wait_s if stumble.wait_s is not None else wait_s)
            _log.info("%s: %s; trying again in %g s", url, stumble, pause_s)
            time.sleep(pause_s)
            wait_s *= 2
    _check(url, partial, sha256)
    partial.replace(target)
    _validator(partial).unlink(missing_ok=True)


def _check(url: str, partial: Path, sha256: str | None) -> None:
    """Raise, and remove the file, if it is a web page or has another checksum."""
    with partial.open("rb") as file:
        head = file.read(512).lstrip().lower()
    fault, hint = "", ""
    if head.startswith((b"<!doctype html", b"<html", b"<head")):
        fault, hint = "a web page, not the file", "open it in a browser; it may want a login"
    elif sha256 and (found := sha256_of(partial)) != sha256:
        fault = f"sha256 is {found}, expected {sha256}"
        hint = "the publisher changed it, or something on the way did"
    if fault:
        partial.unlink()
        _validator(partial).unlink(missing_ok=True)
        raise FetchError(f"{url}: {fault}", hint=hint)


def _validator(partial: Path) -> Path:
    """Where the server's name for this very version of the file is kept, for `If-Range`."""
    return partial.with_name(partial.name + ".etag")


def _continue(url: str, partial: Path, timeout_s: float, progress: Progress) -> None:
    """Fetch what `partial` lacks.

    Raises:
        _Stumble: worth another try.
        FetchError: not worth one.
    """
    done = partial.stat().st_size if partial.exists() else 0
    tag = _validator(partial)
    headers = {"Accept-Encoding": "identity"}
    if done and tag.exists():
        headers |= {"Range": f"bytes={done}-", "If-Range": tag.read_text(encoding="ascii")}
    try:
        with httpx.stream(
            "GET", url, headers=headers, timeout=timeout_s, follow_redirects=True
        ) as response:
            if response.status_code == 416:  # ours is no beginning of what is there now
                partial.unlink(missing_ok=True)
                raise _Stumble("HTTP 416, so it starts over", 0.0)
            _judge(url, response)
            resumed = response.status_code == 206 and _start(response) == done
            if not resumed:
                done = 0
                _remember(response, tag)
            total = done + int(response.headers.get("Content-Length", 0))
            with partial.open("ab" if resumed else "wb") as file:
                for piece in response.iter_raw():
                    file.write(piece)
                    done += len(piece)
                    progress(done, max(total, done))
    except httpx.TransportError as error:
        raise _Stumble(str(error) or type(error).__name__) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"{url}: {error}") from error


def _judge(url: str, response: httpx.Response) -> None:
    """Raise unless the answer brings the file, or a piece of it."""
    code = response.status_code
    if code in _PASSING:
        raise _Stumble(f"HTTP {code}", _retry_after(response))
    if code in _GONE:
        raise MissingError(f"{url}: HTTP {code}, no such file", hint="try --mirror")
    if code >= 400:
        raise FetchError(f"{url}: HTTP {code} {response.reason_phrase}", hint="try --mirror")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise FetchError(
            f"{url}: a web page, not the file", hint="open it in a browser; it may want a login"
        )


def _start(response: httpx.Response) -> int:
    """First byte of a partial answer, −1 if it does not say."""
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    first = span.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdecimal() else -1


def _remember(response: httpx.Response, tag: Path) -> None:
    etag = response.headers.get("ETag", "")
    name = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if name and name.isascii():
        tag.write_text(name, encoding="ascii")
    else:  # no way to tell versions apart: a broken download starts over
        tag.unlink(missing_ok=True)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks to wait, if it does."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
