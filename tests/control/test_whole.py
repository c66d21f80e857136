"""The doors on the real stream: what comes in by OSC or HTTP shows in the face and the picture."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import cv2
import numpy as np
import pytest
from pythonosc.udp_client import SimpleUDPClient

from control.osc import OscDoor
from control.osc.vmc import VmcDoor
from control.panel.app import create_app
from control.panel.server import PanelServer
from streamer import Config
from streamer.stream import Stream
from tests.waiting import PATIENCE_S, wait_until


@pytest.fixture
def stream() -> Iterator[Stream]:
    live = Stream(Config(photo="mona-lisa", engine="warp", camera="none", size="640x360", seed=1))
    live.start()
    yield live
    live.stop()


@pytest.fixture
def osc(stream: Stream) -> Iterator[OscDoor]:
    door = OscDoor(stream, "127.0.0.1", 0)
    door.start()
    yield door
    door.stop()


@pytest.fixture
def page(stream: Stream, osc: OscDoor) -> Iterator[PanelServer]:
    server = PanelServer(create_app(stream, osc=osc), "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def ask(page: PanelServer, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    with closing(HTTPConnection("127.0.0.1", page.port, timeout=PATIENCE_S)) as connection:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()


def test_an_osc_message_makes_the_face_smile(stream: Stream, osc: OscDoor) -> None:
    with SimpleUDPClient("127.0.0.1", osc.port) as client:
        client.send_message("/portrait/trigger/smile", [])

        wait_until(lambda: "smile" in stream.state()["playing"])
        wait_until(lambda: stream.state()["face"]["smile"] > 0.5)
        client.send_message("/portrait/set/head_yaw", 12.0)
        wait_until(lambda: stream.state()["face"]["head_yaw"] == pytest.approx(12.0, abs=0.5))


def test_a_tracker_drives_the_face_until_it_falls_silent(stream: Stream) -> None:
    stream.controls.idle(strength=0.0)
    door = VmcDoor(stream, "127.0.0.1", 0)
    door.start()
    try:
        with SimpleUDPClient("127.0.0.1", door.port) as tracker:
            wait_until(lambda: stream.state()["face"].get("smile") == 0.0)

            def smiles() -> bool:
                tracker.send_message("/VMC/Ext/Blend/Val", ["Joy", 1.0])
                tracker.send_message("/VMC/Ext/Blend/Apply", [])
                return bool(stream.state()["face"]["smile"] > 0.9)

            wait_until(smiles)
            assert stream.state()["driven"]["smile"] == "vmc 127.0.0.1"

        wait_until(lambda: stream.state()["driven"] == {})
        wait_until(lambda: stream.state()["face"]["smile"] == 0.0)
    finally:
        door.stop()


def test_every_preset_and_style_can_be_asked_for_by_osc(stream: Stream, osc: OscDoor) -> None:
    with SimpleUDPClient("127.0.0.1", osc.port) as client:
        for name in stream.presets.presets:
            client.send_message(f"/portrait/trigger/{name}", 1.0)
        for name in stream.presets.idle_styles:
            client.send_message("/portrait/idle", name)

    expected = len(stream.presets.presets) + len(stream.presets.idle_styles)
    wait_until(lambda: osc.state()["counters"]["done"] == expected)


def test_the_interface_of_the_real_stream_answers(page: PanelServer) -> None:
    for path in ("/health", "/expressions", "/state", "/parameters", "/photos", "/idle", "/osc"):
        status, data = ask(page, "GET", path)
        assert status == 200, (path, data)
        json.loads(data, parse_constant=pytest.fail)

    assert ask(page, "GET", "/source-image")[1].startswith(b"\x89PNG")
    for photo in json.loads(ask(page, "GET", "/photos")[1])["photos"]:
        assert ask(page, "GET", photo["thumbnail"])[1].startswith(b"\xff\xd8")
        assert photo["credit"]
    jpeg = ask(page, "GET", "/snapshot.jpg")[1]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (360, 640, 3)


def test_generate_draws_a_whole_expression_beside_the_live_face(
    stream: Stream, page: PanelServer
) -> None:
    status, data = ask(
        page, "POST", "/generate", {"expression": "smile", "fps": 10, "strength": 1.0, "width": 320}
    )

    assert status == 200
    events = [block.split("\n", 1) for block in data.decode().strip().split("\n\n")]
    names = [name.removeprefix("event: ") for name, _ in events]
    start = json.loads(events[0][1].removeprefix("data: "))
    assert names == ["start", *["frame"] * start["total"], "done"]
    assert (start["width"], start["height"], start["fps"]) == (320, 180, 10)
    images = [
        base64.b64decode(json.loads(text.removeprefix("data: "))["image"])
        for name, text in events
        if name == "event: frame"
    ]
    first, middle = (
        cv2.imdecode(np.frombuffer(images[i], np.uint8), cv2.IMREAD_COLOR).astype(int)
        for i in (0, len(images) // 2)
    )
    assert np.abs(first - middle).max() > 20
    assert stream.state()["playing"] == []


def test_a_portrait_is_switched_and_a_view_is_changed(stream: Stream, page: PanelServer) -> None:
    assert ask(page, "POST", "/photos", {"name": "sample-image"})[0] == 200
    assert stream.state()["photo"] == "sample-image"
    assert ask(page, "PUT", "/view", {"zoom": 1.5, "mirror": True})[0] == 200
    assert stream.state()["view"]["zoom"] == 1.5
    status, data = ask(page, "PUT", "/view", {"zoom": 50})
    assert status == 400
    assert "zoom" in json.loads(data)["detail"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is missing")
def test_another_program_plays_the_live_picture_as_obs_does(page: PanelServer) -> None:
    done = subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-use_wallclock_as_timestamps", "1"),
            *("-f", "mpjpeg", "-i", f"{page.url}/preview.mjpg", "-frames:v", "30"),
            *("-vf", "scale=32:18,format=rgb24", "-f", "rawvideo", "pipe:1"),
        ],
        capture_output=True,
        timeout=60,
    )

    assert done.returncode == 0
    pictures = np.frombuffer(done.stdout, np.uint8).reshape(30, 18, 32, 3)
    assert 20 < pictures.mean() < 160  # the portrait
    assert (pictures[1:] != pictures[:-1]).any()  # that lives
