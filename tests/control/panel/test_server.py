"""The page over real HTTP: long answers, leaving clients, taken ports."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask

from control.panel.app import create_app
from control.panel.context import panel_of
from control.panel.server import PanelServer
from control.panel.slots import EVENTS, PREVIEWS
from tests.control.fakes import FakeFrames, FakeGenerated, FakeStream
from tests.control.panel.described import Described
from tests.waiting import PATIENCE_S, wait_until


@contextmanager
def asked(server: PanelServer, method: str, path: str, body: Any = None) -> Iterator[HTTPResponse]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)) as connection:
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, data, headers)
        with connection.getresponse() as response:
            yield response


def events_of(response: HTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    while line := response.readline():
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: "):
            yield name, json.loads(text.removeprefix("data: "))


def next_picture(response: HTTPResponse) -> bytes:
    length = 0
    while (line := response.readline()) != b"\r\n" or not length:
        assert line, "the stream ended"
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return response.read(length)


def test_generate_tells_start_each_frame_and_done(
    server: PanelServer, stream: FakeStream, app: Flask
) -> None:
    with asked(server, "POST", "/generate", {"expression": "smile", "fps": 10}) as response:
        assert response.getheader("Content-Type", "").startswith("text/event-stream")
        told = list(events_of(response))

    names = [name for name, _ in told]
    assert names == ["start", *["frame"] * 5, "done"]
    assert told[0][1] == {"total": 5, "fps": 10.0, "width": 64, "height": 36}
    assert [data["index"] for name, data in told if name == "frame"] == [0, 1, 2, 3, 4]
    assert [data["time_ms"] for name, data in told if name == "frame"] == [0, 100, 200, 300, 400]
    jpeg = base64.b64decode(told[3][1]["image"])
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (36, 64, 3)
    assert told[-1][1] == {"frames": 5}
    for name, data in told:
        Described(app).check_event("post", "/generate", name, data)
    assert stream.generated[0].closed.is_set()
    assert stream.controls.snapshot().cues == ()


def test_a_client_that_leaves_frees_the_renderer_at_once(
    server: PanelServer, stream: FakeStream, app: Flask
) -> None:
    stream.frames_total = 1_000_000
    with asked(server, "POST", "/generate", {"expression": "smile", "width": 640}) as response:
        next(events_of(response))

    frames = stream.generated[0]
    assert frames.closed.wait(PATIENCE_S)
    wait_until(lambda: panel_of(app).generates.used == 0)
    drawn = frames.drawn
    assert drawn < 100_000


def test_a_client_that_leaves_costs_one_frame_at_most_however_long_it_takes(
    server: PanelServer, stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Semaphore(0)

    class Slow(FakeFrames):
        def __iter__(self) -> Iterator[FakeGenerated]:
            for drawn in super().__iter__():
                assert go.acquire(timeout=PATIENCE_S)
                yield drawn

    frames = Slow(1000, 30.0, 64, 36)
    monkeypatch.setattr(stream, "generate", lambda *_, **__: frames)
    with asked(server, "POST", "/generate", {"expression": "smile"}) as response:
        events = events_of(response)
        go.release()
        assert [next(events)[0], next(events)[0]] == ["start", "frame"]
        wait_until(lambda: frames.drawn == 2)  # the next one is being drawn

    wait_until(lambda: all(c.check_client_disconnected() for c in list(channels_of(server))))
    go.release()

    assert frames.closed.wait(PATIENCE_S)
    assert frames.drawn == 2


def channels_of(server: PanelServer) -> Any:
    return server._server.active_channels.values()


def test_a_third_expression_at_once_is_told_to_come_back(
    server: PanelServer, stream: FakeStream
) -> None:
    stream.frames_total = 1_000_000
    body = {"expression": "smile", "width": 640}
    with asked(server, "POST", "/generate", body) as one:
        next(events_of(one))
        with asked(server, "POST", "/generate", body) as two:
            next(events_of(two))
            with asked(server, "POST", "/generate", body) as third:
                assert third.status == 503
                assert third.getheader("Retry-After") == "2"


def test_the_preview_shows_frames_and_encodes_only_while_somebody_watches(
    server: PanelServer, stream: FakeStream, app: Flask
) -> None:
    with stream.showing(), asked(server, "GET", "/preview.mjpg") as response:
        assert response.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
        pictures = [next_picture(response) for _ in range(4)]
        assert stream.preview.viewers == 1

    with stream.showing():  # only by sending does the server notice that nobody is there
        wait_until(lambda: stream.preview.viewers == 0)
    assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
    assert len(set(pictures)) == 4
    wait_until(lambda: panel_of(app).previews.used == 0)


def test_ten_viewers_and_pages_leave_the_interface_quick(
    server: PanelServer, stream: FakeStream
) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        stack.enter_context(stream.showing())
        for _ in range(10):
            viewer = stack.enter_context(asked(server, "GET", "/preview.mjpg"))
            next_picture(viewer)
            page = stack.enter_context(asked(server, "GET", "/events"))
            next(events_of(page))

        for _ in range(20):
            with asked(server, "GET", "/state") as response:
                assert response.status == 200
                response.read()


@pytest.mark.parametrize(("path", "limit"), [("/preview.mjpg", PREVIEWS), ("/events", EVENTS)])
def test_too_many_long_answers_are_told_to_come_back(
    server: PanelServer, stream: FakeStream, path: str, limit: int
) -> None:
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _ in range(limit):
            response = stack.enter_context(asked(server, "GET", path))
            assert response.status == 200

        with asked(server, "GET", path) as beyond:
            assert beyond.status == 503
            assert beyond.getheader("Retry-After") == "2"
            assert json.loads(beyond.read())["code"] == "busy"


def test_a_viewer_that_does_not_read_holds_up_nobody(
    server: PanelServer, stream: FakeStream
) -> None:
    with stream.showing(), asked(server, "GET", "/preview.mjpg"):
        with asked(server, "GET", "/preview.mjpg") as reading:
            pictures = {next_picture(reading) for _ in range(30)}
        with asked(server, "GET", "/health") as health:
            assert health.status == 200

    assert len(pictures) > 10


def test_events_tell_state_and_face_at_once_and_when_they_change(
    server: PanelServer, stream: FakeStream, app: Flask
) -> None:
    with asked(server, "GET", "/events") as response:
        events = events_of(response)
        first = dict(next(events) for _ in range(2))
        for name, data in first.items():
            Described(app).check_event("get", "/events", name, data)
        assert first["state"]["photo"] == "mona-lisa"
        assert first["face"]["smile"] == 0.0

        stream.controls.set("smile", 0.75)

        while (change := next(events))[0] != "face":
            pass
        assert change[1]["smile"] == 0.75


def test_two_pages_hear_the_same(server: PanelServer, stream: FakeStream) -> None:
    with asked(server, "GET", "/events") as one, asked(server, "GET", "/events") as two:
        pages = [events_of(one), events_of(two)]
        for page in pages:
            next(page)
        with asked(server, "PUT", "/idle", {"strength": 0.25}) as changed:
            assert changed.status == 200

        for page in pages:
            while True:
                name, data = next(page)
                if name == "state" and data["idle"]["strength"] == 0.25:
                    break


def test_stopping_ends_long_answers_and_frees_the_port(stream: FakeStream) -> None:
    server = PanelServer(create_app(stream), "127.0.0.1", 0)
    server.start()
    with (
        stream.showing(),
        asked(server, "GET", "/events") as events,
        asked(server, "GET", "/preview.mjpg") as preview,
        asked(server, "GET", "/preview.mjpg"),  # this one never reads
    ):
        next(events_of(events))
        next_picture(preview)
        server.stop()
        server.stop()

        assert server._thread is not None
        assert not server._thread.is_alive(), "an answer kept it"
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", server.port))
    assert not server.state()["listening"]


def test_a_taken_port_is_named_and_opens_when_it_is_free(stream: FakeStream) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = PanelServer(create_app(stream), "127.0.0.1", port, retry_s=0.01)
        server.start()
        state = server.state()

    try:
        assert not state["listening"]
        assert f"Port {port} is taken by" in state["message"]
        assert "--panel" in state["message"]
        assert server.wait_listening(PATIENCE_S)
        with asked(server, "GET", "/health") as response:
            assert response.status == 200
    finally:
        server.stop()


def test_it_answers_to_the_name_it_was_bound_to(app: Flask) -> None:
    PanelServer(app, "127.0.0.2", 8000)

    response = app.test_client().get("/state", headers={"Host": "127.0.0.2:8000"})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"GARBAGE\r\n\r\n",
        b"POST /trigger/smile HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
        b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_rubbish_on_the_wire_is_answered_with_an_error(
    server: PanelServer, stream: FakeStream, request_line: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as sock:
        sock.sendall(request_line)
        answer = sock.recv(4096)

    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 5", b"HTTP/1.0 5"))
    assert stream.controls.snapshot().cues == ()
    with asked(server, "GET", "/health") as response:
        assert response.status == 200
