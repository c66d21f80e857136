"""Requests by the thousand: ``python -m tests.fuzz.http --requests 20000 --seed 1``.

They go over real sockets to the page's and to OSCQuery's servers. Ends with 1 if one of them
answers with 500, writes a traceback, stops answering others, or grows.
"""

import argparse
import itertools
import json
import logging
import random
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import psutil

from control.oscquery import QueryServer
from control.panel.app import create_app
from control.panel.server import PanelServer
from tests.control.fakes import FakeStream
from tests.fuzz.requests import Requests
from tests.fuzz.rig import rss_mb

# How long an answer may take, and how long it is listened for where none needs to come.
PATIENCE_S = 30.0
SHORT_S = 0.2
# After so many all threads have worked and all caches are filled.
WARM = 5_000


@dataclass
class Outcome:
    """What came of it."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    rss_mb: float = 0.0
    rss_on_the_way_mb: list[int] = field(default_factory=list)
    files: int = 0
    threads: int = 0


class _Tracebacks(logging.Handler):
    """Every error that a server writes is one that it did not foresee."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(logging.ERROR)
        self._outcome = outcome

    def emit(self, record: logging.LogRecord) -> None:
        told = f"logged: {record.name}: {record.getMessage()[:300]}"
        if record.exc_info:
            told += "\n" + "".join(traceback.format_exception(*record.exc_info))[-1500:]
        self._outcome.wrong.append(told)


def ask(port: int, data: bytes, chance: random.Random) -> bytes:
    """Send one request in one of several manners, and return the beginning of the answer."""
    manner = chance.random()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as sock:
        with suppress(OSError):
            if manner < 0.15:  # in pieces
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                at = chance.randint(0, len(data))
                sock.sendall(data[:at])
                sock.sendall(data[at:])
            else:
                sock.sendall(data)
        if manner > 0.9:  # and away, with a reset
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return b""
        with suppress(OSError):
            if manner > 0.3:
                sock.shutdown(socket.SHUT_WR)
        sock.settimeout(SHORT_S)
        with suppress(OSError):
            return sock.recv(65536)
    return b""


def alive(port: int, path: str) -> float:
    """Ask as anybody would; returns seconds. Raises `OSError` without a good answer."""
    begun = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise OSError(f"{path} answered {answer.status}")
    finally:
        connection.close()
    return time.monotonic() - begun


def fuzz(count: int, seed: int) -> Outcome:
    """Send ``count`` requests to both servers, by turns."""
    outcome, chance = Outcome(), random.Random(seed)
    handler = _Tracebacks(outcome)
    logging.getLogger().addHandler(handler)
    process = psutil.Process()
    with ExitStack() as stack:
        stack.callback(logging.getLogger().removeHandler, handler)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stream = FakeStream(Path(folder))
        stack.callback(stream.preview.close)
        stack.callback(stream.speaker.close)
        page = PanelServer(create_app(stream), "127.0.0.1", 0)
        query = QueryServer(stream, "127.0.0.1", 0, osc_port=lambda: 7001)
        for server in (page, query):
            server.start()
            stack.callback(server.stop)
        before = 0.0, 0, 0
        for index, data in enumerate(itertools.islice(Requests(seed), count)):
            port, path = (query.port, "/?HOST_INFO") if index % 5 == 4 else (page.port, "/health")
            try:
                answer = ask(port, data, chance)
                status = answer[9:12].decode("ascii", "replace") if answer else "none"
                outcome.statuses[status] += 1
                if answer and not answer.startswith((b"HTTP/1.0 ", b"HTTP/1.1 ")):
                    outcome.wrong.append(f"answered {answer[:80]!r} to {data[:200]!r}")
                if status == "500" or b"X-Injected" in answer.partition(b"\r\n\r\n")[0]:
                    outcome.wrong.append(f"{answer[:300]!r} to {data[:300]!r}")
                if index % 25 == 0:
                    outcome.slowest_s = max(outcome.slowest_s, alive(port, path))
            except OSError as exc:
                outcome.wrong.append(f"{exc!r} after {data[:200]!r}")
            outcome.requests += 1
            if index % 2_500 == 0:
                outcome.rss_on_the_way_mb.append(round(rss_mb()))
            if index == min(WARM, count // 2):
                before = rss_mb(), process.num_fds(), threading.active_count()
        time.sleep(0.3)  # what was reset is noticed by then
        outcome.rss_mb = rss_mb() - before[0]
        outcome.files = process.num_fds() - before[1]
        outcome.threads = threading.active_count() - before[2]
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = fuzz(options.requests, options.seed)
    told = {**vars(outcome), "wrong": outcome.wrong[:20]}
    print(json.dumps(told, indent=2))
    return int(bool(outcome.wrong) or outcome.rss_mb > 20 or outcome.files > 40)


if __name__ == "__main__":
    sys.exit(main())
