"""Trackers over real UDP on this machine."""

import math
import socket
from collections.abc import Iterator

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from control.osc import OscDoor
from control.osc.monitor import Monitor
from control.osc.vmc import VmcDoor
from control.osc.vmc.door import MAX_LEFT_OUT, MAX_TRACKERS
from control.osc.vmc.table import ARKIT_NAMES
from tests.control.fakes import FakeStream
from tests.waiting import wait_until

BODY = ("Hips", "Spine", "Chest", "LeftUpperArm", "LeftHand", "RightThumbDistal")


@pytest.fixture
def door(stream: FakeStream) -> Iterator[VmcDoor]:
    opened = VmcDoor(stream, "127.0.0.1", 0)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def tracker(door: VmcDoor) -> Iterator["Tracker"]:
    with Tracker(door.port) as opened:
        yield opened


class Tracker:
    """Sends as avatar programs do: blend shapes and bones in bundles."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.name = "vmc 127.0.0.1"

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *messages: tuple[object, ...]) -> None:
        builder = OscBundleBuilder(IMMEDIATELY)
        for address, *args in messages:
            message = OscMessageBuilder(str(address))
            for arg in args:
                message.add_arg(arg)  # type: ignore[arg-type]
            builder.add_content(message.build())
        self.socket.send(builder.build().dgram)

    def blends(self, **values: float) -> None:
        shapes = [("/VMC/Ext/Blend/Val", name, value) for name, value in values.items()]
        self.send(*shapes, ("/VMC/Ext/Blend/Apply",))


def bone(name: str, yaw_deg: float = 0.0) -> tuple[object, ...]:
    half = math.radians(yaw_deg) / 2
    return ("/VMC/Ext/Bone/Pos", name, 0.0, 0.1, 0.0, 0.0, math.sin(half), 0.0, math.cos(half))


def given(stream: FakeStream, tracker: Tracker) -> dict[str, float]:
    driven = stream.controls.snapshot().driven.get(tracker.name, {})
    return {name: d.value for name, d in driven.items()}


def test_a_tracker_drives_the_portrait(stream: FakeStream, door: VmcDoor, tracker: Tracker) -> None:
    tracker.send(("/VMC/Ext/OK", 1), ("/VMC/Ext/T", 1.0), ("/VMC/Ext/Blend/Val", "Joy", 0.5))
    tracker.send(("/VMC/Ext/Blend/Apply",), *(bone(b) for b in BODY), bone("Head", 8.0))

    wait_until(lambda: len(given(stream, tracker)) == 5)

    assert given(stream, tracker)["smile"] == pytest.approx(0.5)
    assert given(stream, tracker)["head_yaw"] == pytest.approx(8.0, rel=0.1)
    assert door.state()["trackers"] == ["127.0.0.1"]
    assert door.state()["counters"]["received"] == 11


def test_the_lids_close_from_the_photos_own(
    stream: FakeStream, door: VmcDoor, tracker: Tracker
) -> None:
    tracker.blends(Blink=0.5)

    wait_until(lambda: given(stream, tracker))
    assert given(stream, tracker) == {"eye_ratio": pytest.approx(0.35 / 2)}


def test_shapes_without_a_counterpart_are_counted_and_shown(
    door: VmcDoor, tracker: Tracker
) -> None:
    for _ in range(3):
        tracker.blends(cheekPuff=0.5, Sparkles=1.0, jawOpen=0.1)

    wait_until(lambda: door.state()["counters"]["received"] == 12)

    assert door.state()["left_out"] == {"cheekPuff": 3, "Sparkles": 3}
    shown = {line["address"]: line["verdict"]["en"] for line in door.monitor()}
    assert "nothing for it" in shown["/VMC/Ext/Blend/Val cheekPuff"]
    assert "no shape of ARKit or VRM" in shown["/VMC/Ext/Blend/Val Sparkles"]
    assert shown["/VMC/Ext"] == "drives lip_ratio"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (("/VMC/Ext/Blend/Val",), "takes a name and 1 numbers"),
        (("/VMC/Ext/Blend/Val", "Joy"), "takes a name and 1 numbers"),
        (("/VMC/Ext/Blend/Val", 1.0, "Joy"), "takes a name and 1 numbers"),
        (("/VMC/Ext/Blend/Val", "Joy", float("nan")), "takes a name and 1 numbers"),
        (("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0), "takes a name and 7 numbers"),
        (("/VMC/Ext/Bone/Pos", "Head", *[0.0] * 7), "takes a name and 7 numbers"),
        (("/VMC/Ext/Set/Eye", 1), "takes a name and 4 numbers"),
        (("/portrait/trigger/smile",), "not an address of the VMC protocol"),
        (("/VMC/Ext/Nothing", 1), "not an address of the VMC protocol"),
    ],
)
def test_what_makes_no_sense_is_shown_and_changes_nothing(
    stream: FakeStream,
    door: VmcDoor,
    tracker: Tracker,
    message: tuple[object, ...],
    words: str,
) -> None:
    tracker.send(message, ("/VMC/Ext/Blend/Apply",))

    wait_until(door.monitor)
    assert words in door.monitor()[0]["verdict"]["en"]
    assert not given(stream, tracker)


def test_malformed_packets_are_seen(door: VmcDoor, tracker: Tracker) -> None:
    tracker.socket.send(b"\x00\x01 no osc")

    wait_until(door.monitor)
    assert door.monitor()[0]["kind"] == "malformed"
    assert door.state()["counters"]["malformed"] == 1


def test_further_arguments_are_passed_over(
    stream: FakeStream, door: VmcDoor, tracker: Tracker
) -> None:
    tracker.send(("/VMC/Ext/Blend/Val", "Joy", 1.0, 5, "more"), ("/VMC/Ext/Blend/Apply", 1))

    wait_until(lambda: given(stream, tracker))
    assert given(stream, tracker)["smile"] == 1.0


def test_after_a_silence_old_shapes_are_forgotten(stream: FakeStream) -> None:
    now = [0.0]
    door = VmcDoor(stream, "127.0.0.1", 0, clock=lambda: now[0])
    door.start()
    try:
        with Tracker(door.port) as tracker:
            tracker.blends(Joy=1.0)
            wait_until(lambda: "smile" in given(stream, tracker))
            first = stream.controls.snapshot().driven[tracker.name]["smile"]
            now[0] = 5.0
            tracker.blends(jawOpen=1.0)
            wait_until(lambda: "lip_ratio" in given(stream, tracker))

            assert stream.controls.snapshot().driven[tracker.name]["smile"] is first
    finally:
        door.stop()


def test_closing_the_door_gives_everything_back(stream: FakeStream) -> None:
    door = VmcDoor(stream, "127.0.0.1", 0)
    door.start()
    with Tracker(door.port) as tracker:
        tracker.blends(Joy=1.0)
        wait_until(lambda: given(stream, tracker))

        door.stop()

        assert not stream.controls.snapshot().driven


def test_a_program_may_open_a_new_port_for_each_message(
    stream: FakeStream, door: VmcDoor, tracker: Tracker
) -> None:
    with Tracker(door.port) as one, Tracker(door.port) as other:
        one.send(("/VMC/Ext/Blend/Val", "Joy", 1.0))
        wait_until(lambda: door.state()["counters"]["received"] == 1)
        other.send(("/VMC/Ext/Blend/Apply",))

        wait_until(
            lambda: given(stream, tracker) == {"smile": 1.0, "eye_ratio": pytest.approx(0.301)}
        )


def test_names_that_somebody_makes_up_cost_no_memory(door: VmcDoor, tracker: Tracker) -> None:
    for i in range(20):
        tracker.blends(**{f"made up {i * 30 + k}": 1.0 for k in range(30)})

    wait_until(lambda: door.state()["counters"]["received"] == 20 * 31)

    assert len(door.state()["left_out"]) == MAX_LEFT_OUT


def test_machines_that_come_and_go_cost_no_memory(stream: FakeStream) -> None:
    door = VmcDoor(stream, "127.0.0.1", 0)

    for i in range(3 * MAX_TRACKERS):
        door._handle(b"/VMC/Ext/OK\x00,i\x00\x00\x00\x00\x00\x01", (f"10.0.0.{i}", 39540))

    assert len(door.state()["trackers"]) == MAX_TRACKERS


def test_both_doors_write_into_one_monitor(stream: FakeStream) -> None:
    monitor = Monitor()
    osc = OscDoor(stream, "127.0.0.1", 0, monitor=monitor)
    vmc = VmcDoor(stream, "127.0.0.1", 0, monitor=monitor)
    osc.start()
    vmc.start()
    try:
        with Tracker(vmc.port) as tracker, Tracker(osc.port) as controller:
            tracker.blends(Joy=1.0)
            controller.send(("/portrait/trigger/smile",))
            wait_until(lambda: len(osc.monitor()) == 2)

        assert {line["address"] for line in vmc.monitor()} == {
            "/VMC/Ext",
            "/portrait/trigger/smile",
        }
        # A tracker's flood does not drown what the OSC door counts.
        assert osc.state()["counters"]["received"] == 1
    finally:
        osc.stop()
        vmc.stop()


def test_of_a_second_of_a_whole_body_at_60_hz_nothing_is_lost(
    stream: FakeStream, door: VmcDoor, tracker: Tracker
) -> None:
    for k in range(60):
        tracker.blends(**dict.fromkeys(ARKIT_NAMES, 0.3))
        for _ in range(2):
            tracker.send(*[bone(name) for name in BODY * 4])
        tracker.send(bone("Neck", 2.0), bone("Head", k / 10))

    wait_until(lambda: door.state()["counters"]["received"] == 60 * (52 + 1 + 48 + 2))
    assert door.state()["counters"]["limited"] == 0
    assert given(stream, tracker)["head_yaw"] == pytest.approx(7.9, rel=0.05)
