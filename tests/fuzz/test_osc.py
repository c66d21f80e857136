"""A slice of what ``python -m tests.fuzz.osc`` sends by the million, and some over real sockets."""

import itertools
import socket
import sys
from collections.abc import Iterator

import pytest

from control.osc import OscDoor
from control.osc.udp import UdpDoor
from control.osc.vmc import VmcDoor
from tests.control.fakes import FakeStream
from tests.fuzz.osc import fuzz
from tests.fuzz.packets import Packets
from tests.waiting import wait_until

# Above what twenty thousand leave in caches, far below what a leak of each datagram would be.
GROWTH_MB = 8.0


@pytest.mark.parametrize("seed", [1])
def test_twenty_thousand_datagrams_crash_nothing_and_fill_nothing(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = fuzz(20_000, seed, made_by_hypothesis=2000)

    assert outcome.exceptions == []
    assert outcome.grown == []
    assert outcome.rss_after_mb - outcome.rss_before_mb < GROWTH_MB
    for kind in ("done", "ignored", "refused", "unknown", "malformed", "limited"):
        assert outcome.verdicts[f"OSC {kind}"] > 0
    # A line in the log for each message would fill a disk.
    assert len(caplog.records) < 20


@pytest.fixture(params=[OscDoor, VmcDoor])
def door(request: pytest.FixtureRequest) -> Iterator[UdpDoor]:
    stream = FakeStream()
    opened = request.param(stream, "127.0.0.1", 0)
    opened.start()
    yield opened
    opened.stop()
    stream.speaker.close()
    stream.preview.close()


def test_a_door_that_is_open_takes_them_and_answers_afterwards(
    door: UdpDoor, controller: socket.socket
) -> None:
    for datagram in itertools.islice(Packets(7), 3000):
        controller.send(datagram)

    def heard() -> bool:
        before = door.state()["counters"]["received"]
        controller.send(b"rubbish")
        wait_until(lambda: door.state()["counters"]["received"] > before)
        return True

    assert heard()
    assert door._thread is not None
    assert door._thread.is_alive()
    assert door.state()["listening"]


@pytest.fixture
def controller(door: UdpDoor) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", door.port))
        yield sock


# Calls of functions for each byte; what grows with the square of the length has thousands.
STEPS_A_BYTE = 20


def test_no_datagram_takes_more_steps_than_its_length_allows() -> None:
    """The costliest that fit into one datagram: arrays, bundles, texts, tags without end."""
    from tests.control.osc.test_messages import bundle, raw, text

    door = OscDoor(FakeStream(), "127.0.0.1", 7001)
    costly = [
        raw("/a", "[" * 16_000),
        raw("/a", "[" * 8000 + "]" * 8000),
        raw("/a", "T" * 16_000),
        raw("/a", "I" * 16_000),
        raw("/a", "t" * 1800, b"\xff" * 14_400),
        raw("/portrait/say", "s", text("a" * 16_000)),
        raw("/portrait/say", "s", text("각" * 5300)),
        raw("/portrait/set/smile", "s", text("9" * 16_000)),
        raw("/portrait/set/smile", "s", text("1" + "e" * 16_000)),
        raw("/" * 16_000, ""),
        raw("/portrait/" + "trigger/" * 1900, ""),
        raw("/portrait/trigger/" + "ﷺ" * 5000, ""),
        bundle(*[raw("/portrait/trigger/smile", None)] * 500),
        bundle(*[raw("/portrait/photo/nobody", None)] * 500),
        bundle(*[raw("/", None)] * 2000),
    ]
    for datagram in costly:
        assert steps(door, datagram) < STEPS_A_BYTE * len(datagram), datagram[:40]
    door.stop()


def steps(door: OscDoor, datagram: bytes) -> int:
    """Count the calls that a datagram brings about."""
    calls = itertools.count()

    def called(*_: object) -> None:
        next(calls)

    sys.setprofile(called)
    try:
        door._handle(datagram, ("127.0.0.1", 50_000))
    finally:
        sys.setprofile(None)
    return next(calls)
