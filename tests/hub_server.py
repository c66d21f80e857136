"""A hub on 127.0.0.1: as much of the real one's protocol as fetching files uses.

A file is asked for with HEAD under ``/<repository>/resolve/<revision>/<path>``; the answer names
its commit, hash and size and redirects to the storage on another host, which serves ranges.
"""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """Serves ``files``; its other fields are the faults that it can have."""

    def __init__(self, repository: str, files: dict[str, bytes]) -> None:
        self.repository = repository
        self.files = files
        self.cuts: list[int] = []  # bytes after which the next GETs break off
        self.damaged = False  # sends other bytes than it claims
        self.claims_hash = True
        self.knows_ranges = True
        self.status = 0  # answers everything with this, unless 0
        self.stalled: threading.Event | None = None  # GETs stop half-way until it is set
        self.seen: list[tuple[str, str, str | None, str | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.stalled is not None:
            self.stalled.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def storage(self) -> str:
        return f"http://localhost:{self._server.server_port}/storage/"

    def gets(self) -> list[tuple[str, str | None]]:
        """Return (path, range) of every read so far."""
        return [(path, span) for method, path, span, _ in self.seen if method == "GET"]


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def note(self, path: str) -> None:
            token = self.headers.get("Authorization")
            hub.seen.append((self.command, path, self.headers.get("Range"), token))

        def answer(self, status: int, **headers: object) -> None:
            self.send_response(status)
            for name, value in {"Content_Length": 0, **headers}.items():
                self.send_header(name.replace("_", "-"), str(value))
            self.end_headers()

        def do_HEAD(self) -> None:
            path = self.path.removeprefix(f"/{hub.repository}/resolve/main/")
            self.note(path)
            if hub.status:
                self.answer(hub.status)
            elif path not in hub.files:
                self.answer(404, X_Error_Code="EntryNotFound")
            else:
                data = hub.files[path]
                digest = hashlib.sha256(data).hexdigest()
                etag = digest if hub.claims_hash else hashlib.sha1(data).hexdigest()
                self.answer(
                    302,
                    Location=hub.storage + path,
                    X_Repo_Commit=COMMIT,
                    X_Linked_Etag=f'"{etag}"',
                    X_Linked_Size=len(data),
                )

        def do_GET(self) -> None:
            path = self.path.removeprefix("/storage/")
            self.note(path)
            data = hub.files[path]
            if hub.damaged:
                data = bytes(len(data))
            start = 0
            span = self.headers.get("Range")
            if span and hub.knows_ranges:
                start = int(span.removeprefix("bytes=").removesuffix("-"))
                whole = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self.answer(206, Content_Length=len(data) - start, Content_Range=whole)
            else:
                self.answer(200, Content_Length=len(data))
            rest = data[start:]
            if hub.cuts:
                self.wfile.write(rest[: hub.cuts.pop(0)])
                self.close_connection = True
            elif hub.stalled is not None and not hub.stalled.is_set():
                half = len(rest) // 2 + 1
                self.wfile.write(rest[:half])
                hub.stalled.wait(30)
                try:
                    self.wfile.write(rest[half:])
                except ConnectionError:  # the client was stopped meanwhile
                    self.close_connection = True
            else:
                self.wfile.write(rest)

    return Handler
