"""A local server that answers as the path says: well, badly, or slowly."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(DATA).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answers as its path says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.asked.append((self.path, self.headers.get("Range")))
        times = sum(path == self.path for path, _ in server.asked)
        match self.path.partition("?")[0].rsplit("/", 1)[-1]:
            case "file.zip" | "ok":
                self.send(DATA)
            case "drops" if times < 3:
                self.send(DATA, cut=len(DATA) // 3)
            case "drops-forever":
                self.send(DATA, cut=10)
            case "drops-no-range" if times < 2:
                self.send(DATA, cut=1000, ranges=False)
            case "drops" | "resumes":
                self.send(DATA)
            case "drops-no-range":
                self.send(DATA, ranges=False)
            case "changes":
                self.send(DATA if times > 1 else DATA[::-1], cut=1000 if times == 1 else None,
                          etag=f'"{min(times, 2)}"')  # fmt: skip
            case "busy" if times < 3:
                self.fail(503 if times == 1 else 429, {"Retry-After": "0"})
            case "busy":
                self.send(DATA)
            case "html":
                self.send(b"<!DOCTYPE html><p>log in", kind="text/html; charset=utf-8")
            case "html-in-disguise":
                self.send(b"\n <html><p>log in", kind="application/zip")
            case "trickle":
                self.trickle()
            case "short":
                self.send(DATA, claim=len(DATA) + 100)
            case "elsewhere" if self.headers.get("Range") and times < 4:
                self.elsewhere()
            case "elsewhere":
                self.send(DATA, cut=1000 if times == 1 else None)
            case "unasked":
                self.elsewhere()
            case "slow":
                time.sleep(0.3)
                self.send(DATA)
            case "round":
                self.fail(302, {"Location": "/round"})
            case "moved":
                self.fail(302, {"Location": "/ok"})
            case "lies":
                self.send(b"another file")
            case "forbidden":
                self.fail(403)
            case _:
                self.fail(404)

    def send(
        self,
        data: bytes,
        *,
        cut: int | None = None,
        ranges: bool = True,
        kind: str = "application/zip",
        etag: str = '"1"',
        claim: int = 0,
    ) -> None:
        start = 0
        wanted = self.headers.get("Range")
        if wanted and ranges and self.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.fail(416)
                return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(claim or len(data) - start))
        self.send_header("Content-Type", kind)
        if ranges:
            self.send_header("ETag", etag)
        self.end_headers()
        end = len(data) if cut is None else start + cut
        self.wfile.write(data[start:end])
        if end < len(data):
            self.close_connection = True

    def trickle(self) -> None:
        """A byte now and then, and no end."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        for k in range(200):
            self.wfile.write(DATA[k : k + 1])
            time.sleep(0.02)
        self.close_connection = True

    def elsewhere(self) -> None:
        """A piece that nobody asked for."""
        self.send_response(206)
        self.send_header("Content-Range", f"bytes 7-{len(DATA) - 1}/{len(DATA)}")
        self.send_header("Content-Length", str(len(DATA) - 7))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(DATA[7:])

    def fail(self, code: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, as one whose disk is full does, is no news."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


@contextmanager
def running() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
