"""Clients that send slowly, much, or nothing: they are cut off, and nobody else notices."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask

from control.panel import wire
from control.panel.server import PanelServer
from tests.control.fakes import FakeStream
from tests.waiting import PATIENCE_S, wait_until


class Clock:
    def __init__(self) -> None:
        self.t = 0.0

    def __call__(self) -> float:
        return self.t


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(app: Flask, clock: Clock) -> Iterator[PanelServer]:
    server = PanelServer(app, "127.0.0.1", 0, now=clock)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def later(served: PanelServer, clock: Clock) -> Callable[[float], None]:
    """Let the server look at its connections, then again so many seconds later."""

    def go(seconds: float) -> None:
        for step in (0.0, 1.0, seconds):  # first it takes in what was sent before
            clock.t += step
            assert healthy(served)  # wakes the server, and its sweep is done when it answers

    return go


def healthy(server: PanelServer) -> bool:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)) as connection:
        for _ in range(2):  # the sweep follows the turn in which something came in
            connection.request("GET", "/health")
            response = connection.getresponse()
            response.read()
        return response.status == 200


def connect(server: PanelServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def is_closed(sock: socket.socket) -> bool:
    """Whether the server has hung up, after what it may have sent."""
    try:
        sock.settimeout(PATIENCE_S)
        while sock.recv(1 << 20):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def is_open(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True


@pytest.mark.parametrize(
    ("sent", "patience_s"),
    [
        (b"", wire.IDLE_S),
        (b"G", wire.HEADERS_S),
        (b"GET /state HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", wire.HEADERS_S),
        (b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{", wire.BODY_S),
        (
            b"POST /stop HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
            wire.BODY_S,
        ),
    ],
)
def test_a_request_that_does_not_end_is_cut_off(
    served: PanelServer, later: Callable[[float], None], sent: bytes, patience_s: float
) -> None:
    with connect(served) as slow:
        slow.sendall(sent)
        later(patience_s - 1)
        assert is_open(slow)

        later(2)

        assert is_closed(slow)


def test_a_byte_now_and_then_does_not_keep_a_request_going(
    served: PanelServer, later: Callable[[float], None]
) -> None:
    with connect(served) as slow:
        slow.sendall(b"GET /state HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(5):
            later(wire.HEADERS_S / 5)
            try:
                slow.sendall(b"X")
            except OSError:
                break

        assert is_closed(slow)


def test_a_viewer_that_never_reads_gives_its_place_back(
    served: PanelServer, stream: FakeStream, later: Callable[[float], None]
) -> None:
    with stream.showing(), connect(served) as idle:
        idle.sendall(b"GET /preview.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        channels = served._server.active_channels
        wait_until(lambda: any(c.total_outbufs_len > 0 for c in list(channels.values())))
        wait_until(lambda: unchanged(channels))
        later(wire.UNREAD_S + 1)

        wait_until(lambda: stream.preview.viewers == 0)


def unchanged(channels: Any) -> bool:
    before = [c.last_activity for c in list(channels.values())]
    time.sleep(0.1)
    return before == [c.last_activity for c in list(channels.values())]


def test_a_page_that_listens_quietly_stays(
    served: PanelServer, stream: FakeStream, later: Callable[[float], None]
) -> None:
    with closing(HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)) as page:
        page.request("GET", "/events")
        response = page.getresponse()
        for _ in range(4):
            later(wire.IDLE_S / 2)
            assert response.readline()


def test_hundreds_of_connections_leave_room_for_the_next(
    served: PanelServer, later: Callable[[float], None]
) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(served)) for _ in range(100)]
        for sock in slow:
            sock.sendall(b"GET /state HTTP/1.1\r\n")

        later(wire.HEADERS_S + 1)

        assert all(is_closed(sock) for sock in slow)
        assert healthy(served)


class Connection:
    """What the sweep sees of a connection."""

    def __init__(self, address: str) -> None:
        self.addr = (address, 1)
        self.request = self.seen_request = None
        self.requests = ["one under way"]
        self.total_outbufs_len = 0
        self.last_activity = self.seen_activity = 1.0
        self.request_since = self.quiet_since = 0.0
        self.open, self.lingers = True, False

    def close_now(self) -> None:
        self.open = False


def test_one_other_machine_cannot_take_all_connections() -> None:
    here = [Connection("127.0.0.1") for _ in range(60)]
    greedy = [Connection("192.168.7.9") for _ in range(60)]
    modest = [Connection("192.168.7.20") for _ in range(8)]
    mixed: Any = [c for group in zip(here, greedy, strict=True) for c in group] + modest

    wire.sweep(mixed, 1.0, lambda address: address == "127.0.0.1")

    assert sum(c.open for c in greedy) == wire.PER_ADDRESS
    assert all(c.open for c in [*here, *modest])


def test_a_client_that_says_all_and_listens_is_answered(
    served: PanelServer, stream: FakeStream
) -> None:
    with connect(served) as sock:  # printf 'POST ...' | ncat HOST PORT
        sock.sendall(b"POST /trigger/smile HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        answer = sock.makefile("rb").read()  # to the end: the server hangs up, too

    assert answer.startswith(b"HTTP/1.1 200")
    assert [cue.name for cue in stream.controls.snapshot().cues] == ["smile"]


def test_a_viewer_that_leaves_gives_its_place_back_without_a_new_picture(
    served: PanelServer, stream: FakeStream
) -> None:
    with connect(served) as sock:
        sock.sendall(b"GET /preview.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: stream.preview.viewers == 1)

    wait_until(lambda: stream.preview.viewers == 0)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n",
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n",
        b"GET /state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n",
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_comes(
    served: PanelServer, head: bytes
) -> None:
    with connect(served) as sock:
        sock.sendall(head)

        assert sock.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_is_refused_on_the_way(
    served: PanelServer, stream: FakeStream
) -> None:
    with connect(served) as sock:
        sock.sendall(
            b"POST /stop HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        try:
            for _ in range(64):
                sock.sendall(chunk)
        except OSError:
            pass  # it has hung up already

        assert sock.recv(100).startswith(b"HTTP/1.1 413")
    assert stream.controls.snapshot().cues == ()


def test_who_sends_too_much_hears_so_after_all_is_sent(
    served: PanelServer, later: Callable[[float], None]
) -> None:
    for size in (100_000, 8 * 2**20):
        with closing(HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)) as connection:
            connection.request("POST", "/stop", bytes(size))

            assert connection.getresponse().status == 413
    wait_until(lambda: not [c for c in list(served._server.active_channels.values()) if c.lingers])


def test_who_goes_on_sending_is_cut_off(
    served: PanelServer, later: Callable[[float], None]
) -> None:
    with connect(served) as sock:
        sock.sendall(b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 413")

        later(wire.LINGER_S + 1)
        sock.settimeout(PATIENCE_S)
        with pytest.raises(OSError):
            for _ in range(1000):
                sock.sendall(b" " * 65536)


def test_a_command_inside_a_refused_body_is_not_carried_out(
    served: PanelServer, stream: FakeStream
) -> None:
    command = b"POST /trigger/smile HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    # What a web page of somebody else can make a browser send: any text, but not its headers.
    body = command * 2000
    head = (
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with connect(served) as sock:
        sock.sendall(head + body)
        answers = b""
        while data := sock.recv(65536):
            answers += data

    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 413")
    assert stream.controls.snapshot().cues == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /state HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/state HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /state HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /state HTTP/1.1\r\nHost: localhost\r\n Folded: line\r\n\r\n",
        b"GET\x00/state HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"TRACE /state HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_requests_made_to_confuse_are_refused(
    served: PanelServer, stream: FakeStream, raw: bytes
) -> None:
    with connect(served) as sock:
        sock.sendall(raw)
        answer = sock.recv(4096)

    assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    assert stream.controls.snapshot().cues == ()
    assert healthy(served)
