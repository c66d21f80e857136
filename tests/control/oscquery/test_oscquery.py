"""OSCQuery over real HTTP, and the network's own directory of services."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from control.osc.actions import Actions
from control.osc.messages import Message
from control.osc.verdicts import verdict
from control.oscquery import QueryServer
from control.oscquery.announce import OSC_TYPE, QUERY_TYPE, Announcement, announce
from control.oscquery.tree import ATTRIBUTES, tree
from streamer import PARAMETERS
from tests.control.fakes import FakePreset, FakeStream

PATIENCE_S = 60.0


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    fake = FakeStream()
    yield fake
    fake.preview.close()


@pytest.fixture
def server(stream: FakeStream) -> Iterator[QueryServer]:
    opened = QueryServer(stream, "127.0.0.1", 0, osc_port=lambda: 7001)
    opened.start()
    yield opened
    opened.stop()


def ask(server: QueryServer, target: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body else None


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("CONTENTS", {}).values():
        yield from nodes(child)


def test_the_root_describes_everything_with_its_own_address(server: QueryServer) -> None:
    status, root = ask(server, "/")

    assert status == 200
    assert root["FULL_PATH"] == "/"
    paths = [node["FULL_PATH"] for node in nodes(root)]
    assert len(paths) == len(set(paths))
    assert {f"/portrait/set/{name}" for name in PARAMETERS} <= set(paths)
    assert {"/portrait/trigger/smile", "/portrait/idle/calm", "/portrait/playing"} <= set(paths)
    for path in paths:
        assert ask(server, quote(path))[1]["FULL_PATH"] == path


def test_a_parameter_has_type_range_value_and_words(
    stream: FakeStream, server: QueryServer
) -> None:
    stream.controls.set("smile", 0.5)

    _, node = ask(server, "/portrait/set/smile")

    assert node == {
        "TYPE": "f",
        "ACCESS": 3,
        "DESCRIPTION": "Smile / 미소: smiles; below 0 sad / 미소, 음수는 슬픔",
        "VALUE": [0.5],
        "RANGE": [{"MIN": -0.3, "MAX": 1.3}],
        "CLIPMODE": ["both"],
        "TAGS": ["mouth"],
        "FULL_PATH": "/portrait/set/smile",
    }
    assert ask(server, "/portrait/state/smile?VALUE") == (200, {"VALUE": [0.5]})
    assert ask(server, "/portrait/set/smile?RANGE=") == (
        200,
        {"RANGE": [{"MIN": -0.3, "MAX": 1.3}]},
    )


def test_a_button_is_an_impulse_and_what_lasts_is_a_switch(server: QueryServer) -> None:
    _, smile = ask(server, "/portrait/trigger/smile")
    _, talk = ask(server, "/portrait/trigger/talk")  # a preset of mode hold

    assert (smile["TYPE"], smile["ACCESS"]) == ("I", 2)
    assert (talk["TYPE"], talk["RANGE"], talk["VALUE"]) == ("i", [{"MIN": 0, "MAX": 1}], [0])
    _, photo = ask(server, "/portrait/photo")
    assert photo["VALUE"] == ["mona-lisa"]
    assert photo["RANGE"][0]["VALS"][:2] == ["mona-lisa", "sample-image"]


def test_host_info_says_where_osc_listens_whatever_the_path(server: QueryServer) -> None:
    for path in ("/", "/portrait/set", "/nowhere"):
        status, info = ask(server, f"{path}?HOST_INFO")
        assert status == 200
        assert (info["OSC_PORT"], info["OSC_TRANSPORT"]) == (7001, "UDP")
        assert info["EXTENSIONS"]["VALUE"] is True
        assert info["EXTENSIONS"]["LISTEN"] is False


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/portrait/nothing", 404),
        ("/portrait/set/smile/deeper", 404),
        ("/%00/%ff", 404),
        ("/portrait/trigger/smile?VALUE", 204),
        ("/portrait?VALUE", 204),
        ("/portrait/set/smile?CONTENTS", 204),
        ("/portrait/set/smile?CRITICAL", 400),
        ("/portrait/set/smile?value", 400),
        ("/portrait/set/smile?%ff", 400),
    ],
)
def test_what_is_not_there_is_said_by_the_status(
    server: QueryServer, target: str, status: int
) -> None:
    assert ask(server, target)[0] == status


def test_each_value_has_its_type(stream: FakeStream) -> None:
    kinds = {"f": (float, int), "i": (int,), "s": (str,)}

    for node in nodes(tree(stream)):
        assert set(node) <= set(ATTRIBUTES)
        if "VALUE" in node:
            assert node["ACCESS"] & 1
            assert isinstance(node["VALUE"][0], kinds[node["TYPE"]])
        for end in node.get("RANGE", ()):
            assert set(end) in ({"MIN", "MAX"}, {"VALS"})


def test_everything_that_may_be_written_is_understood_by_the_osc_door(stream: FakeStream) -> None:
    stream.presets.presets["두 눈"] = FakePreset("두 눈", {"ko": "두 눈"})
    actions = Actions(
        stream,
        change_photo=lambda name, _: verdict("photo_asked", name=name),
        subscribe=lambda *_: "",
    )

    for node in nodes(tree(stream)):
        if node["ACCESS"] & 2:
            # A button sends an impulse, which carries no argument.
            ends = node.get("RANGE", [{"VALS": ["mona-lisa"]}])[0]
            values = {
                "I": [()],
                "s": [(ends.get("VALS", ["words"])[0],)],
                "f": [(ends.get("MIN"),), (ends.get("MAX"),)],
                "i": [(ends.get("MIN"),), (ends.get("MAX"),)],
            }[node["TYPE"]]
            for args in values:
                result = actions.handle(Message(node["FULL_PATH"], args), ("127.0.0.1", 1), 0.0)
                assert result.kind in ("done", "ignored", "unavailable"), (node, result.en)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:7001"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_web_pages_are_turned_away_as_by_the_page(
    server: QueryServer, headers: dict[str, str]
) -> None:
    assert ask(server, "/", **headers)[0] == 403


def test_who_may_not_send_osc_may_not_ask(stream: FakeStream) -> None:
    server = QueryServer(stream, "127.0.0.1", 0, osc_port=lambda: 7001, may_ask=lambda _: False)
    server.start()
    try:
        assert ask(server, "/")[0] == 403
    finally:
        server.stop()


def test_only_reading_is_possible(server: QueryServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    connection.request("POST", "/portrait/set/smile", body=b"1")
    assert connection.getresponse().status == 405
    connection.close()


def test_a_taken_port_is_said_and_opens_when_it_is_free(stream: FakeStream) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = QueryServer(stream, "127.0.0.1", port, osc_port=lambda: 7001, retry_s=0.01)
        server.start()
        assert f"Port {port} is taken" in server.state()["message"]
    try:
        assert server.wait_listening(PATIENCE_S)
        assert server.state()["message"] == ""
    finally:
        server.stop()


def test_it_is_announced_only_where_others_can_reach_it(stream: FakeStream) -> None:
    asked: list[tuple[str, int, int]] = []
    done = threading.Event()

    def announcer(host: str, query_port: int, osc_port: int) -> Announcement | None:
        asked.append((host, query_port, osc_port))
        done.set()
        return None

    for host in ("127.0.0.1", "0.0.0.0"):
        server = QueryServer(stream, host, 0, osc_port=lambda: 7001, announcer=announcer)
        server.start()
        assert server.wait_listening(PATIENCE_S)
        if host == "0.0.0.0":
            assert done.wait(PATIENCE_S)
            assert ask(server, "/?HOST_INFO")[0] == 200
        server.stop()

    assert [host for host, _, _ in asked] == ["0.0.0.0"]


def test_the_network_s_directory_lists_both_services() -> None:
    zeroconf = pytest.importorskip("zeroconf", reason="the extra [oscquery] is not installed")
    announcement = announce("127.0.0.1", 45001, 45002)
    if announcement is None:
        pytest.skip("no multicast on this machine's loopback interface")
    try:
        with zeroconf.Zeroconf(interfaces=["127.0.0.1"]) as seeker:
            end = time.monotonic() + PATIENCE_S
            for kind, port in ((QUERY_TYPE, 45001), (OSC_TYPE, 45002)):
                info = seeker.get_service_info(kind, f"{announcement.name}.{kind}", timeout=20_000)
                assert info is not None, f"{kind} was not found in {end - time.monotonic():.0f} s"
                assert info.port == port
                assert info.parsed_addresses() == ["127.0.0.1"]
    finally:
        announcement.close()
