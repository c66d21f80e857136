"""Doors that fail, are flooded, or find their port taken, while the portrait is on air."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from pythonosc.udp_client import SimpleUDPClient

from control.osc import OscDoor
from control.panel.app import create_app
from control.panel.server import PanelServer
from tests.faults.stages import Stages

RETRY_S = 0.1


@pytest.fixture
def no_thread_left_running() -> None:
    """`stages` ends its threads itself, after this would have looked."""


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    stages = Stages(tmp_path)
    stages.settle()
    stages.air.moves()
    yield stages
    stages.close()


@pytest.fixture
def osc(stages: Stages) -> Iterator[OscDoor]:
    door = OscDoor(stages.stream, "127.0.0.1", 0, retry_s=RETRY_S)
    door.start()
    yield door
    door.stop()


@pytest.fixture
def page(stages: Stages, osc: OscDoor) -> Iterator[PanelServer]:
    server = PanelServer(create_app(stages.stream, osc=osc), "127.0.0.1", 0, retry_s=RETRY_S)
    server.start()
    yield server
    server.stop()


def no_room(*_: object, **__: object) -> Any:
    raise MemoryError("no room")


def ask(page: PanelServer, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    with closing(HTTPConnection("127.0.0.1", page.port, timeout=60)) as connection:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")


def plays(stages: Stages, name: str) -> bool:
    return name in stages.stream.state()["playing"]  # type: ignore[operator]


def test_an_osc_message_that_breaks_its_door_costs_itself_alone(
    stages: Stages, osc: OscDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stages.nothing_lost(), SimpleUDPClient("127.0.0.1", osc.port) as client:
        with monkeypatch.context() as patch:
            patch.setattr("control.osc.actions.Actions.handle", no_room)
            client.send_message("/portrait/trigger/smile", [])
            stages.until(lambda: "MemoryError: no room" in osc.state()["message"], "the sentence")
            assert osc.state()["listening"]
        client.send_message("/portrait/trigger/wink", [])
        stages.until(lambda: plays(stages, "wink"), "the wink")
        stages.until(lambda: osc.state()["message"] == "", "its end")
        stages.until(lambda: not plays(stages, "wink"), "the end of the wink")


def test_feedback_and_changes_of_portrait_by_osc_come_back(
    stages: Stages, osc: OscDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    controller.bind(("127.0.0.1", 0))
    controller.settimeout(10)
    with closing(controller), SimpleUDPClient("127.0.0.1", osc.port) as client:
        client.send_message("/portrait/subscribe", controller.getsockname()[1])
        controller.recv(4096)
        with stages.nothing_lost():
            with monkeypatch.context() as patch:
                patch.setattr("control.osc.subscribers.outgoing", no_room)
                patch.setattr(stages.stream, "change_photo", no_room)
                client.send_message("/portrait/photo", "sample-image")
                stages.air.more(15)
            controller.setblocking(False)
            while True:  # what was under way before
                try:
                    controller.recv(4096)
                except BlockingIOError:
                    break
            controller.settimeout(10)
            assert controller.recv(4096), "no feedback any more"

        client.send_message("/portrait/photo", "sample-image")
        stages.until(lambda: stages.stream.state()["photo"] == "sample-image", "the portrait")


def test_a_route_and_the_servers_own_loop_may_fail_and_the_page_stays(
    stages: Stages, page: PanelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stages.nothing_lost():
        with monkeypatch.context() as patch:
            patch.setattr(stages.stream, "state", no_room)
            status, problem = ask(page, "GET", "/state")
            assert (status, problem["status"]) == (500, 500)
            assert "no room" not in json.dumps(problem), "insides are for the log"
        with monkeypatch.context() as patch:
            patch.setattr("control.panel.server.sweep", no_room)
            stages.until(lambda: "MemoryError" in page.state()["message"], "the sentence")
        stages.until(lambda: page.state()["message"] == "", "its end")
        assert ask(page, "POST", "/trigger/smile", {})[0] == 200
        assert ask(page, "GET", "/state")[0] == 200
        stages.until(lambda: not plays(stages, "smile"), "the end of the smile")


def test_a_page_that_listens_hears_again_what_happens(
    stages: Stages, page: PanelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def events(response: HTTPResponse, count: int) -> list[bytes]:
        lines: list[bytes] = []
        while len(lines) < count:
            line = response.readline()
            assert line, "the stream of events has ended"
            if line.startswith(b"event: "):
                lines.append(line)
        return lines

    with stages.nothing_lost(), closing(HTTPConnection("127.0.0.1", page.port, timeout=60)) as http:
        http.request("GET", "/events")
        response = http.getresponse()
        events(response, 2)
        with monkeypatch.context() as patch:
            patch.setattr(stages.stream, "state", no_room)
            time.sleep(0.5)
        events(response, 20)


def test_a_flood_of_osc_takes_no_frame_and_the_newest_value_wins(
    stages: Stages, osc: OscDoor
) -> None:
    with SimpleUDPClient("127.0.0.1", osc.port) as client:
        client.send_message("/portrait/set/pout", 0.0)
        stages.until(lambda: "pout" in stages.chosen()["held"], "the slider")
        with stages.nothing_lost():
            sent = 0
            end = time.monotonic() + 8.0  # a machine that is busy takes long to send that many
            while time.monotonic() < end and not osc.state()["counters"]["limited"]:
                for _ in range(50):
                    client.send_message("/portrait/set/pout", 0.05)
                    sent += 1
                time.sleep(0.005)
            client.send_message("/portrait/set/pout", 0.0)

            def settled() -> bool:
                counters = osc.state()["counters"]
                return bool(
                    stages.chosen()["held"]["pout"] == 0.0 and counters["received"] >= sent / 2
                )

            stages.until(settled, "the newest value")
    assert sent > 2500
    assert osc.state()["counters"]["limited"] > 0
    assert osc.state()["message"] == ""


def test_taken_ports_are_named_and_the_doors_open_once_they_are_free(stages: Stages) -> None:
    with ExitStack() as stack:
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        for sock in (udp, tcp):
            sock.bind(("127.0.0.1", 0))
        tcp.listen()
        osc = OscDoor(stages.stream, "127.0.0.1", udp.getsockname()[1], retry_s=RETRY_S)
        page = PanelServer(
            create_app(stages.stream), "127.0.0.1", tcp.getsockname()[1], retry_s=RETRY_S
        )
        try:
            with stages.nothing_lost():
                osc.start()
                page.start()
                for door in (osc, page):
                    message = door.state()["message"]
                    assert f"Port {door.port} is taken by " in message
                    assert "The stream goes on" in message
                stages.air.more(10)
                udp.close()
                tcp.close()
                for door in (osc, page):
                    assert door.wait_listening(10)
                    assert door.state()["message"] == ""
        finally:
            osc.stop()
            page.stop()
