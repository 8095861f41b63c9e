"""Downloads by https: resumed by byte range, tried again when the other side stumbles, checked."""

import logging
import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from hwcli.atomic import writing
from hwcli.errors import FetchError
from hwcli.fetch.archive import MissingError
from hwcli.fetch.client import client_for
from hwcli.fetch.lock import held
from hwcli.fetch.messages import shown, told
from hwcli.fetch.patience import Patience
from hwcli.progress import Progress, silent
from hwcli.shards import sha256_of

_log = logging.getLogger(__name__)

_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Status codes that may be gone a moment later."""
_GONE = (404, 410)
_MAX_WAIT_S = 60.0


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
    patience: Patience,
    progress: Progress = silent,
) -> None:
    """Put the file at `url` at `target`; it grows under `.partial` and a broken one goes on.

    Raises:
        MissingError: the server says there is none, or cannot be reached.
        FetchError: it failed otherwise, is a web page, has another checksum, or `target` cannot
            be written.
    """
    partial = target.with_name(target.name + ".partial")
    with writing(target, FetchError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with held(partial, target) as ours:
            if ours:
                _download(url, partial, target, sha256, patience, progress)
            else:
                _check(url, target, sha256)


def _download(
    url: str,
    partial: Path,
    target: Path,
    sha256: str | None,
    patience: Patience,
    progress: Progress,
) -> None:
    wait_s = patience.first_wait_s
    try:
        for attempt in range(1, patience.tries + 1):
            try:
                _continue(url, partial, patience, progress)
                break
            except _Stumble as stumble:
                if attempt == patience.tries:
                    raise _given_up(url, partial, stumble) from stumble
                pause_s = min(_MAX_WAIT_S, stumble.wait_s if stumble.wait_s is not None else wait_s)
                _log.info("%s: %s; trying again in %g s", shown(url), stumble, pause_s)
                time.sleep(pause_s)
                wait_s *= 2
        _check(url, partial, sha256)
        partial.replace(target)
        _validator(partial).unlink(missing_ok=True)
    finally:
        if partial.is_file() and not partial.stat().st_size:
            partial.unlink()


def _given_up(url: str, partial: Path, stumble: _Stumble) -> FetchError:
    hint = "run the same command again: the download goes on where it stopped"
    kind = FetchError if partial.stat().st_size else MissingError
    return kind(f"{shown(url)}: {stumble}", hint=hint)


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
        raise FetchError(f"{shown(url)}: {fault}", hint=hint)


def _validator(partial: Path) -> Path:
    """Where the server's name for this very version of the file is kept, for `If-Range`."""
    return partial.with_name(partial.name + ".etag")


def _continue(url: str, partial: Path, patience: Patience, progress: Progress) -> None:
    """Fetch what `partial` lacks.

    Raises:
        _Stumble: worth another try.
        FetchError: not worth one.
    """
    done = partial.stat().st_size
    tag = _validator(partial)
    headers = {"Accept-Encoding": "identity"}
    if done and tag.exists():
        headers |= {"Range": f"bytes={done}-", "If-Range": tag.read_text(encoding="ascii")}
    try:
        with (
            client_for(url, patience.timeout_s) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            _judge(url, response)
            start, total = _span(response)
            if response.status_code == 416 or start not in (0, done):
                # Ours is no beginning of what is there now, or we got what we did not ask for.
                with partial.open("wb"):
                    tag.unlink(missing_ok=True)
                raise _Stumble(f"HTTP {response.status_code} with another piece of it", 0.0)
            if not start:
                _remember(response, tag)
            _receive(response, partial, (start, total), patience, progress)
    except httpx.TransportError as error:
        raise _Stumble(type(error).__name__ + told(error)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"{shown(url)}: {type(error).__name__}{told(error)}") from error


def _receive(
    response: httpx.Response,
    partial: Path,
    span: tuple[int, int],
    patience: Patience,
    progress: Progress,
) -> None:
    """Write what comes to `partial`, from the first byte of `span` on."""
    done, total = span
    since, before = time.monotonic(), done
    with partial.open("ab" if done else "wb") as file:
        for piece in response.iter_raw():
            file.write(piece)
            done += len(piece)
            progress(done, max(total, done))
            if (passed_s := time.monotonic() - since) >= patience.stall_s:
                if done - before < patience.min_rate * passed_s:
                    raise _Stumble(f"only {done - before:,} bytes in {passed_s:.0f} s")
                since, before = time.monotonic(), done
    if done < total:
        raise _Stumble(f"ends at byte {done:,} of {total:,}")


def _judge(url: str, response: httpx.Response) -> None:
    """Raise unless the answer brings the file, or a piece of it."""
    code = response.status_code
    if code == 416:
        return
    if code in _PASSING:
        raise _Stumble(f"HTTP {code}", _retry_after(response))
    if code in _GONE:
        raise MissingError(f"{shown(url)}: HTTP {code}, no such file", hint="try --mirror")
    if code >= 400:
        raise FetchError(f"{shown(url)}: HTTP {code} {response.reason_phrase}", hint="try --mirror")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise FetchError(
            f"{shown(url)}: a web page, not the file",
            hint="open it in a browser; it may want a login",
        )


def _span(response: httpx.Response) -> tuple[int, int]:
    """First byte of the answer (−1 if a partial one does not say), and bytes of the whole file."""
    length = response.headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() and len(length) < 19 else 0
    if response.status_code != 206:
        return 0, size
    told = re.fullmatch(
        r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", response.headers.get("Content-Range", "")
    )
    if told is None:
        return -1, 0
    return int(told[1]), size + int(told[1]) if told[2] == "*" else int(told[2])


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
