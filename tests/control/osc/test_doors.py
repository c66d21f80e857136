"""All doors that speak OSC, as the settings ask for them."""

import json
import socket
import urllib.request
from pathlib import Path

import pytest

from control.osc.doors import OscDoors
from control.settings import load_config
from streamer import Config, ConfigError
from tests.control.fakes import FakeStream


def free_port() -> int:
    """A port that neither UDP nor TCP has."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        return port


def test_osc_and_its_description_are_open_by_default_and_trackers_are_not(
    stream: FakeStream,
) -> None:
    doors = OscDoors(stream, Config())

    assert doors.osc is not None
    assert doors.query is not None
    assert doors.query.port == doors.osc.port == 7001
    assert doors.vmc is None
    state = doors.state()
    assert state["vmc"] is None
    assert not state["query"]["listening"]
    assert json.dumps(state)


def test_all_doors_open_and_close_together(stream: FakeStream) -> None:
    port = free_port()
    doors = OscDoors(stream, Config(osc=f"127.0.0.1:{port}", vmc="127.0.0.1:0"))
    doors.start()
    try:
        state = doors.state()
        assert state["listening"]
        assert state["vmc"]["listening"]
        assert state["query"] == {
            "listening": True,
            "url": f"http://127.0.0.1:{port}",
            "message": "",
            "announced": None,
        }
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/?HOST_INFO", timeout=60) as answer:
            assert json.load(answer)["OSC_PORT"] == port
    finally:
        doors.stop()
    doors.stop()
    assert not doors.state()["vmc"]["listening"]


def test_trackers_alone_are_possible(stream: FakeStream) -> None:
    doors = OscDoors(stream, Config(osc="off", vmc="127.0.0.1:0"))
    doors.start()
    try:
        state = doors.state()
        assert not state["listening"]
        assert state["query"] is None  # there is nothing to describe
        assert state["vmc"]["listening"]
        assert doors.monitor() == []
    finally:
        doors.stop()


def test_who_may_not_send_osc_neither_drives_nor_asks(stream: FakeStream) -> None:
    config = Config(osc="0.0.0.0:0", osc_allow=("10.1.0.0/16",), vmc="0.0.0.0:0")
    doors = OscDoors(stream, config)

    assert doors.osc is not None
    assert doors.vmc is not None
    for door in (doors.osc, doors.vmc):
        assert door.may_send("10.1.2.3")
        assert door.may_send("::ffff:10.1.2.3")
        assert door.may_send("127.0.0.1")
        assert not door.may_send("10.2.0.1")
        assert not door.may_send("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vmc: 39539", {"vmc": "127.0.0.1:39539"}),
        ("vmc: 0.0.0.0:39540", {"vmc": "0.0.0.0:39540"}),
        ("vmc: off", {"vmc": "off"}),
        ("oscquery: off", {"oscquery": "off"}),
        ("oscquery: 127.0.0.1:9", {"oscquery": "127.0.0.1:9"}),
        ("osc_feedback: [127.0.0.1:7002, '10.0.0.5:9000']",
         {"osc_feedback": ("127.0.0.1:7002", "10.0.0.5:9000")}),
        ("osc_feedback: 127.0.0.1:7002", {"osc_feedback": ("127.0.0.1:7002",)}),
    ],
)  # fmt: skip
def test_settings_take_what_the_flags_take(
    tmp_path: Path, text: str, expected: dict[str, object]
) -> None:
    file = tmp_path / "living-portrait.yaml"
    file.write_text(text, encoding="utf-8")

    config = load_config({}, environment={}, file=file)

    assert {key: getattr(config, key) for key in expected} == expected


@pytest.mark.parametrize(
    "wrong",
    [{"vmc": "here"}, {"oscquery": "7001"}, {"osc_feedback": ("7002",)}, {"vmc": "a:99999"}],
)
def test_an_address_that_is_none_is_told_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong)).replace("_", "-")):
        Config(**wrong)  # type: ignore[arg-type]
