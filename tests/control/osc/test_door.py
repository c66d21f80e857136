"""The OSC door over real UDP on this machine."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from control.osc import OscDoor
from control.osc.subscribers import MAX_SUBSCRIBERS, encode
from streamer import PARAMETERS, ConfigError
from tests.control.fakes import FakeStream
from tests.control.osc.test_messages import bundle
from tests.waiting import PATIENCE_S, wait_until


@pytest.fixture
def client(door: OscDoor) -> Iterator[SimpleUDPClient]:
    with SimpleUDPClient("127.0.0.1", door.port) as opened:
        yield opened


@pytest.fixture
def controller(door: OscDoor) -> Iterator[socket.socket]:
    """A controller's socket, which sends from and listens on one port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", door.port))
        yield sock


def received(sock: socket.socket) -> Iterator[tuple[str, list[Any]]]:
    while True:
        message = OscMessage(sock.recv(4096))
        yield message.address, message.params


def test_who_listened_to_a_door_listens_to_the_one_in_its_place(stream: FakeStream) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
        controller.bind(("127.0.0.1", 0))
        controller.settimeout(PATIENCE_S)
        first = OscDoor(stream, "127.0.0.1", 0)
        first.start()
        controller.sendto(encode("/portrait/subscribe", ()), ("127.0.0.1", first.port))
        wait_until(first.subscribers)
        kept = first.subscribers()
        first.stop()  # as a renderer that is killed leaves it: without a word

        second = OscDoor(stream, "127.0.0.1", 0)
        for receiver in kept:
            second.subscribe(receiver)
        second.start()
        try:
            while controller.recvfrom(4096)[1][1] != second.port:
                pass  # of the first door
        finally:
            second.stop()

    assert len(kept) == 1


def test_a_press_over_the_wire_becomes_a_cue(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient
) -> None:
    client.send_message("/portrait/trigger/smile", [])

    wait_until(lambda: stream.controls.snapshot().cues)
    assert stream.controls.snapshot().cues[0].name == "smile"
    wait_until(door.monitor)
    assert door.monitor()[0]["verdict"]["en"] == "plays 'smile'"


@pytest.mark.parametrize("seconds_ahead", [0.0, 3600.0])
def test_bundles_act_at_once_whatever_time_they_carry(
    stream: FakeStream, client: SimpleUDPClient, seconds_ahead: float
) -> None:
    builder = OscBundleBuilder(time.time() + seconds_ahead)  # type: ignore[arg-type]
    for address, value in (("/portrait/set/smile", 0.5), ("/portrait/set/wink", 7.0)):
        message = OscMessageBuilder(address)
        message.add_arg(value)
        builder.add_content(message.build())

    client.send(builder.build())

    wait_until(lambda: len(stream.controls.snapshot().held) == 2)


def test_rubbish_is_counted_shown_and_does_no_harm(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient, controller: socket.socket
) -> None:
    for rubbish in (b"GET / HTTP/1.1", b"/x\x00\x00,i\x00\x00", bundle() + b"\xff\xff\xff\xfc"):
        controller.send(rubbish)
    controller.send(b"")
    client.send_message("/nothing/here", 1)
    client.send_message("/portrait/set/smile", 0.5)

    wait_until(lambda: door.state()["counters"]["received"] == 6)

    assert stream.controls.snapshot().held == {"smile": 0.5}
    assert door.state()["counters"]["malformed"] == 4
    assert door.state()["counters"]["unknown"] == 1
    assert door.state()["counters"]["done"] == 1
    addresses = [line["address"] for line in door.monitor()]
    assert "GET / HTTP/1.1" in addresses


def test_a_subscriber_gets_all_at_once_then_what_changes(
    stream: FakeStream, door: OscDoor, controller: socket.socket
) -> None:
    controller.send(encode("/portrait/subscribe", ()))

    messages = received(controller)
    count = len(PARAMETERS) + len(stream.presets.presets) + 7
    first = dict(next(messages) for _ in range(count))
    stream.controls.set("smile", 1.0)
    changed = next(messages)

    assert first["/portrait/state/smile"] == [0.0]
    assert first["/portrait/photo"] == ["mona-lisa"]
    assert first["/portrait/playing/wink"] == [0]
    assert changed == ("/portrait/state/smile", [1.0])
    assert len(door.state()["subscribers"]) == 1


def test_a_named_port_is_served_beside_the_sender_s_own(
    door: OscDoor, controller: socket.socket
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_S)
        controller.send(encode("/portrait/subscribe", (listener.getsockname()[1],)))

        assert next(received(listener))[0].startswith("/portrait/")
        assert next(received(controller))[0].startswith("/portrait/")
        assert len(door.state()["subscribers"]) == 2

        controller.send(encode("/portrait/unsubscribe", (listener.getsockname()[1],)))
        wait_until(lambda: door.state()["subscribers"] == [])


def test_a_fixed_receiver_is_served_unasked_and_never_forgotten(stream: FakeStream) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_S)
        fixed = listener.getsockname()
        door = OscDoor(stream, "127.0.0.1", 0, feedback=[fixed])
        door.start()
        try:
            assert next(received(listener))[0].startswith("/portrait/")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
                controller.connect(("127.0.0.1", door.port))
                controller.send(encode("/portrait/unsubscribe", (fixed[1],)))
                controller.send(encode("/portrait/subscribe", ()))
                wait_until(lambda: len(door.state()["subscribers"]) == 2)
            assert f"127.0.0.1:{fixed[1]}" in door.state()["subscribers"]
        finally:
            door.stop()


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux says which receiver is gone")
def test_a_receiver_that_is_gone_is_forgotten_and_the_door_stays_open(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        gone.sendto(encode("/portrait/subscribe", ()), ("127.0.0.1", door.port))
        wait_until(lambda: door.state()["subscribers"])

    stream.controls.set("smile", 1.0)

    wait_until(lambda: door.state()["subscribers"] == [])
    client.send_message("/portrait/set/wink", 5)
    wait_until(lambda: "wink" in stream.controls.snapshot().held)
    assert door.state()["listening"]


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux says which receiver is gone")
def test_a_receiver_that_is_gone_costs_the_others_nothing(
    stream: FakeStream, door: OscDoor, controller: socket.socket
) -> None:
    count = len(PARAMETERS) + len(stream.presets.presets) + 7
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            port = gone.getsockname()[1]
        # Its own port and the one that it names; nobody listens on the second.
        controller.send(encode("/portrait/subscribe", (port,)))

        messages = received(controller)
        heard = {next(messages)[0] for _ in range(count)}
        assert len(heard) == count
        controller.send(encode("/portrait/unsubscribe", ()))
        wait_until(lambda: door.state()["subscribers"] == [])


def test_its_own_state_never_comes_back_as_commands(
    stream: FakeStream, door: OscDoor, controller: socket.socket
) -> None:
    controller.send(encode("/portrait/subscribe", (door.port,)))

    wait_until(lambda: any(line["code"] == "echo" for line in door.monitor()))

    assert stream.controls.snapshot().idle_style == "calm"
    assert not any(line["address"] == "/portrait/idle" for line in door.monitor())


def test_subscribers_are_bounded(door: OscDoor, controller: socket.socket) -> None:
    for port in range(20000, 20000 + 3 * MAX_SUBSCRIBERS):
        controller.send(encode("/portrait/subscribe", (port,)))

    wait_until(lambda: door.state()["counters"]["done"] == 3 * MAX_SUBSCRIBERS)

    assert len(door.state()["subscribers"]) <= MAX_SUBSCRIBERS


def test_a_photo_that_takes_its_time_holds_up_nothing(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient
) -> None:
    may_go_on = threading.Event()
    stream.before_photo = lambda: may_go_on.wait(PATIENCE_S) and None

    client.send_message("/portrait/photo", "sample-image")
    client.send_message("/portrait/set/smile", 0.5)

    wait_until(lambda: "smile" in stream.controls.snapshot().held)
    assert stream.photo == "mona-lisa"
    may_go_on.set()
    wait_until(lambda: stream.photo == "sample-image")
    wait_until(lambda: any(line["code"] == "photo_changed" for line in door.monitor()))


def test_of_several_photos_asked_for_meanwhile_the_newest_wins(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient
) -> None:
    taken: list[str] = []
    may_go_on = threading.Event()

    def slow() -> None:
        taken.append("one")
        may_go_on.wait(PATIENCE_S)

    stream.before_photo = slow
    client.send_message("/portrait/photo", "sample-image")
    wait_until(lambda: taken)
    for name in ("broken", "broken", "mona-lisa"):
        client.send_message("/portrait/photo", name)
    wait_until(lambda: door.state()["counters"]["received"] == 4)

    may_go_on.set()

    wait_until(lambda: sum(line["code"] == "photo_changed" for line in door.monitor()) >= 1)
    wait_until(lambda: len(taken) == 2 and stream.photo == "mona-lisa")


def test_a_refused_photo_is_told_in_the_monitor(
    stream: FakeStream, door: OscDoor, client: SimpleUDPClient
) -> None:
    client.send_message("/portrait/photo", "broken")

    wait_until(lambda: any(line["code"] == "photo_refused" for line in door.monitor()))

    refused = next(line for line in door.monitor() if line["code"] == "photo_refused")
    assert "No face was found" in refused["verdict"]["en"]
    assert stream.photo == "mona-lisa"


def test_a_taken_port_is_named_and_opens_when_it_is_free(
    stream: FakeStream, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        door = OscDoor(stream, "127.0.0.1", port, retry_s=0.01)
        door.start()
        state = door.state()

    try:
        assert not state["listening"]
        assert f"Port {port} is taken by python" in state["message"].replace("pytest", "python")
        assert "--osc" in state["message"]
        assert door.wait_listening(PATIENCE_S)
        assert door.state()["message"] == ""
        with SimpleUDPClient("127.0.0.1", port) as client:
            client.send_message("/portrait/set/smile", 1)
            wait_until(lambda: stream.controls.snapshot().held)
    finally:
        door.stop()
    assert len([r for r in caplog.records if "taken" in r.message]) == 1


def test_stopping_frees_the_port_and_may_be_done_twice(stream: FakeStream) -> None:
    door = OscDoor(stream, "127.0.0.1", 0)
    door.start()

    door.stop()
    door.stop()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", door.port))
    assert not door.state()["listening"]


def test_only_allowed_senders_are_served_beside_this_machine(stream: FakeStream) -> None:
    door = OscDoor(stream, "0.0.0.0", 0, allow=["192.168.0.0/24", "10.0.0.7"])

    assert door.may_send("127.0.0.1")
    assert door.may_send("192.168.0.99")
    assert door.may_send("10.0.0.7")
    assert not door.may_send("10.0.0.8")


def test_an_allow_list_that_cannot_be_read_is_a_start_up_error(stream: FakeStream) -> None:
    with pytest.raises(ConfigError, match="my-phone"):
        OscDoor(stream, "0.0.0.0", 0, allow=["my-phone"])


def test_a_flood_ends_with_the_newest_value_and_is_counted(
    stream: FakeStream, door: OscDoor, controller: socket.socket
) -> None:
    sent = 6000
    for i in range(sent):
        with suppress(BlockingIOError):
            controller.send(encode("/portrait/set/smile", (i / sent,)))

    def arrived() -> bool:
        # The system itself drops what comes while its buffer is full, be it the newest.
        controller.send(encode("/portrait/set/smile", (1.0,)))
        return stream.controls.snapshot().held.get("smile") == 1.0

    wait_until(arrived)
    assert door.state()["counters"]["limited"] > 0
    assert any(line["code"] == "limited" for line in door.monitor())
    assert door.state()["listening"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda address, args: encode("/portrait/" + address, tuple(args)),
            st.text(
                st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30
            ),
            st.lists(
                st.one_of(
                    st.floats(width=32),
                    st.integers(-(2**31), 2**31 - 1),
                    st.text(
                        st.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
                        max_size=20,
                    ),
                ),
                max_size=4,
            ),
        ),
    )
)
def test_nothing_that_is_sent_ends_the_thread(door: OscDoor, datagram: bytes) -> None:
    before = door.state()["counters"]["received"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(datagram, ("127.0.0.1", door.port))
        wait_until(lambda: door.state()["counters"]["received"] > before)

    assert door._thread is not None
    assert door._thread.is_alive()
