"""One table of what controllers send, over real UDP: address, arguments, and what comes of it."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from control.osc import OscDoor
from tests.control.fakes import FakeStream
from tests.waiting import wait_until

BLOB = ("b", b"\x00\x01\x02")
ROWS: list[tuple[str, list[Any], str]] = [
    # press, in every spelling
    ("/portrait/trigger/smile", [], "played"),
    ("/portrait/trigger/smile", [1], "played"),
    ("/portrait/trigger/smile", [1.0], "played"),
    ("/portrait/trigger/smile", [0.3], "played"),
    ("/portrait/trigger/smile", [True], "played"),
    ("/portrait/trigger/smile", ["1"], "played"),
    ("/portrait/trigger/smile", ["0.5"], "played"),
    ("/portrait/trigger/smile", ["true"], "played"),
    ("/portrait/trigger/smile", [""], "played"),
    ("/portrait/trigger/smile", [BLOB], "played"),
    ("/portrait/trigger/smile", [("N", None)], "played"),
    ("/portrait/trigger/smile", [("d", 1.0)], "played"),
    ("/portrait/trigger/smile", [("h", 1)], "played"),
    ("/portrait/trigger/smile", [1, 2.5], "played"),
    ("/portrait/trigger/smile", [1, "2", "more", 3, BLOB], "played"),
    ("/portrait/trigger/smile", [BLOB, 1], "played"),
    ("/Portrait/TRIGGER/Smile/", [1], "played"),
    ("/portrait/trigger", ["smile"], "played"),
    ("/portrait/trigger", ["SMILE", 1, 2], "played"),
    # release
    ("/portrait/trigger/smile", [0], "released"),
    ("/portrait/trigger/smile", [0.0], "released"),
    ("/portrait/trigger/smile", [False], "released"),
    ("/portrait/trigger/smile", ["0"], "released"),
    ("/portrait/trigger/smile", ["off"], "released"),
    ("/portrait/trigger/smile", [-1], "released"),
    # sliders
    ("/portrait/set/smile", [0.5], "held"),
    ("/portrait/set/smile", [1], "held"),
    ("/portrait/set/smile", ["0.5"], "held"),
    ("/portrait/set/smile", [0.5, "more"], "held"),
    ("/portrait/set/smile", [BLOB, 0.5], "held"),
    ("/portrait/set/smile", [99], "clamped"),
    ("/portrait/set", ["smile", 0.5], "held"),
    ("/portrait/set/smile", [], "not_a_number"),
    ("/portrait/set/smile", [BLOB], "not_a_number"),
    ("/portrait/set/smile", [float("nan")], "not_a_number"),
    ("/portrait/set/smile", [float("inf")], "not_a_number"),
    ("/portrait/set/smile", ["lots"], "not_a_number"),
    ("/portrait/set/nose", [1], "unknown_parameter"),
    ("/portrait/release/smile", [], "freed"),
    ("/portrait/release/smile", [1.0], "freed"),
    ("/portrait/release/smile", [0.0], "let_go"),
    ("/portrait/reset", [], "reset"),
    # the rest
    ("/portrait/idle", [0.5], "idle_strength"),
    ("/portrait/idle", [7], "idle_strength"),
    ("/portrait/idle", ["lively"], "idle_style"),
    ("/portrait/idle/lively", [], "idle_style"),
    ("/portrait/idle", ["nervous"], "unknown_style"),
    ("/portrait/photo", ["sample-image"], "photo_asked"),
    ("/portrait/photo/sample-image", [], "photo_asked"),
    ("/portrait/photo", ["nobody"], "unknown_photo"),
    ("/portrait/pause", [], "paused"),
    ("/portrait/pause", [True], "paused"),
    ("/portrait/pause", [0], "resumed"),
    ("/portrait/privacy", [1], "covered"),
    ("/portrait/privacy", [False], "uncovered"),
    ("/portrait/privacy", [], "covered"),
    ("/portrait/privacy", ["off"], "uncovered"),
    ("/portrait/stop", [], "stopped"),
    ("/portrait/say", ["안녕하세요"], "says"),
    ("/portrait/subscribe", [0.5], "port"),
    ("/portrait/unsubscribe", [], "unsubscribed"),
    ("/portrait/trigger/dance", [], "unknown_preset"),
    ("/portrait/dance", [], "unknown_address"),
    ("/avatar/parameters/Smile", [1.0], "unknown_address"),
    ("/", [], "unknown_address"),
]


@pytest.fixture(scope="module")
def stream() -> Iterator[FakeStream]:
    fake = FakeStream()
    yield fake
    fake.preview.close()


@pytest.fixture(scope="module")
def door(stream: FakeStream) -> Iterator[OscDoor]:
    opened = OscDoor(stream, "127.0.0.1", 0)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def senders() -> Iterator[list[socket.socket]]:
    """All senders stay open, so that no two rows have the same port."""
    opened: list[socket.socket] = []
    yield opened
    for sender in opened:
        sender.close()


def message(address: str, args: list[Any]) -> Any:
    builder = OscMessageBuilder(address)
    for arg in args:
        if isinstance(arg, tuple):
            kind, value = arg
            builder.add_arg(value, kind)
        else:
            builder.add_arg(arg)
    return builder.build()


def names(rows: list[tuple[str, list[Any], str]]) -> list[str]:
    return [f"{address} {args}" for address, args, _ in rows]


@pytest.mark.parametrize(("address", "args", "code"), ROWS, ids=names(ROWS))
@pytest.mark.parametrize("wrapped", ["plain", "bundle", "future bundle"])
def test_what_controllers_send_is_understood(
    stream: FakeStream,
    door: OscDoor,
    senders: list[socket.socket],
    address: str,
    args: list[Any],
    code: str,
    wrapped: str,
) -> None:
    datagram = message(address, args).dgram
    if wrapped != "plain":
        # A clock that is an hour ahead must not keep anything back.
        ahead = IMMEDIATELY if wrapped == "bundle" else time.time() + 3600.0
        builder = OscBundleBuilder(ahead)  # type: ignore[arg-type]
        builder.add_content(message(address, args))
        datagram = builder.build().dgram
    stream.controls.pause(False)
    stream.set_privacy(False)
    stream.photo = "mona-lisa"

    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    senders.append(sender)
    sender.sendto(datagram, ("127.0.0.1", door.port))
    name = f"127.0.0.1:{sender.getsockname()[1]}"

    def lines() -> list[dict[str, Any]]:
        return [line for line in door.monitor() if line["sender"] == name]

    wait_until(lines)

    # A photo is changed beside it; the line then says so.
    codes = [line["code"].replace("photo_changed", "photo_asked") for line in lines()]
    assert set(codes) == {code}
    assert all(lines()[0]["verdict"].values())
