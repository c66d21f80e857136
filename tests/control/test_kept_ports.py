"""Ports that stay open: the renderer's side and the watching process', with real sockets."""

import os
import socket
from collections.abc import Callable, Iterator

import psutil
import pytest

from control.doorkeeper import Doorkeeper
from control.kept_ports import VARIABLE, KeptPorts
from control.osc.door import OscDoor
from control.passing import Line, PortName
from control.ports import listener
from tests.control.fakes import FakeStream
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sockets are passed on as POSIX does")

OSC = PortName("OSC", "udp", "127.0.0.1", 0)
PAGE = PortName("page", "tcp", "127.0.0.1", 0)


def udp(name: PortName = OSC) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in name.host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((name.host, name.port))
    except OSError:
        sock.close()
        raise
    return sock


def never() -> socket.socket:
    raise AssertionError("the port was to be there already")


def is_free(name: PortName, port: int) -> bool:
    """Whether somebody else could open the port."""
    try:
        if name.kind == "tcp":
            listener(name.host, port, 1).close()
        else:
            udp(name._replace(port=port)).close()
    except OSError:
        return False
    return True


class House:
    """A doorkeeper with one renderer after the other; all in this process."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.keeper = Doorkeeper(self.said.append)
        self._open: list[socket.socket] = []
        self._ports: list[KeptPorts] = []

    def renderer(self) -> KeptPorts:
        """Start another one; the sockets of the one before are closed, as the kernel does it."""
        self._end()
        with self.keeper.handed() as (handles, environment):
            # As a process that was started inherits it.
            inherited = {name: str(os.dup(int(value))) for name, value in environment.items()}
            assert environment == {VARIABLE: str(handles[0])}
        ports = KeptPorts.inherited(inherited)
        assert inherited == {}
        self._ports.append(ports)
        return ports

    def opened(self, ports: KeptPorts, name: PortName, make: Callable[[], socket.socket]) -> int:
        """Let a door open; returns the port."""
        sock = ports.open(name, make)
        self._open.append(sock)
        self.keeper.look()
        return int(sock.getsockname()[1])

    @property
    def newest(self) -> socket.socket:
        return self._open[-1]

    def close(self) -> None:
        self.keeper.close()
        self._end()

    def _end(self) -> None:
        for end in (*self._open, *self._ports):
            end.close()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_what_is_sent_while_nobody_is_there_is_read_by_the_next_one(
    house: House, host: str
) -> None:
    name = OSC._replace(host=host)
    port = house.opened(house.renderer(), name, lambda: udp(name))
    ports = house.renderer()
    with socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
    ) as key:
        key.sendto(b"pressed", (host, port))

    assert house.opened(ports, name, never) == port
    assert house.newest.recv(100) == b"pressed"
    assert not house.newest.get_inheritable()


def test_who_connects_while_nobody_is_there_is_answered_by_the_next_one(house: House) -> None:
    port = house.opened(house.renderer(), PAGE, lambda: listener("127.0.0.1", 0, 8))
    ports = house.renderer()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"who is there?")
        assert house.opened(ports, PAGE, never) == port
        house.newest.settimeout(60)
        with house.newest.accept()[0] as served:
            assert served.recv(100) == b"who is there?"


def test_a_port_goes_from_renderer_to_renderer_many_times(house: House) -> None:
    port = house.opened(house.renderer(), OSC, udp)
    house.opened(house.renderer(), OSC, never)
    handles = psutil.Process().num_fds()
    for _ in range(5):
        assert house.opened(house.renderer(), OSC, never) == port

    assert psutil.Process().num_fds() == handles


def test_a_door_that_is_not_wanted_any_more_gives_its_port_back(house: House) -> None:
    first = house.renderer()
    page = house.opened(first, PAGE, lambda: listener("127.0.0.1", 0, 8))
    osc = house.opened(first, OSC, udp)
    ports = house.renderer()  # with --panel off
    assert house.opened(ports, OSC, never) == osc
    assert not is_free(PAGE, page)

    ports.settle()
    house.keeper.look()

    assert is_free(PAGE, page)
    assert not is_free(OSC, osc)


def test_a_door_with_another_address_opens_that_one(house: House) -> None:
    port = house.opened(house.renderer(), OSC, udp)
    ports = house.renderer()
    other = OSC._replace(host="::1")

    assert house.opened(ports, other, lambda: udp(other)) > 0
    assert house.newest.family == socket.AF_INET6
    ports.settle()
    house.keeper.look()
    assert is_free(OSC, port)


def test_a_port_that_was_taken_at_first_is_kept_once_it_is_open(house: House) -> None:
    with udp() as stranger:
        name = OSC._replace(port=stranger.getsockname()[1])
        ports = house.renderer()
        with pytest.raises(OSError, match=r"[Aa]ddress"):
            ports.open(name, lambda: udp(name))
        ports.settle()
    assert house.opened(ports, name, lambda: udp(name)) == name.port
    assert house.opened(house.renderer(), name, never) == name.port


def test_a_socket_that_has_failed_is_let_go_so_that_its_port_opens_again(house: House) -> None:
    ports = house.renderer()
    port = house.opened(ports, OSC, udp)
    house.newest.close()
    assert not is_free(OSC, port)

    ports.lost(OSC)
    house.keeper.look()

    assert is_free(OSC, port)


def test_after_the_end_no_port_stays_taken(house: House) -> None:
    ports = house.renderer()
    places = [
        (PAGE, house.opened(ports, PAGE, lambda: listener("127.0.0.1", 0, 8))),
        (OSC, house.opened(ports, OSC, udp)),
    ]
    with socket.create_connection(("127.0.0.1", places[0][1]), timeout=60) as waiting:
        house.renderer()  # which never opens them
        house.close()
        with pytest.raises(ConnectionError):
            waiting.sendall(b"is anybody there?")
            if not waiting.recv(1):
                raise ConnectionResetError
    for name, port in places:
        wait_until(lambda name=name, port=port: is_free(name, port))


def test_what_is_too_old_is_dropped_and_counted_and_what_comes_then_is_kept(house: House) -> None:
    ports = house.renderer()
    page = house.opened(ports, PAGE, lambda: listener("127.0.0.1", 0, 8))
    osc = house.opened(ports, OSC, udp)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as key,
        socket.create_connection(("127.0.0.1", page), timeout=60) as old,
    ):
        for _ in range(12):
            key.sendto(b"old", ("127.0.0.1", osc))
        assert house.keeper.turn_away() == (12, 1)
        assert old.recv(1) == b""
        key.sendto(b"new", ("127.0.0.1", osc))

        ports = house.renderer()
        house.opened(ports, OSC, never)
        assert house.newest.recv(100) == b"new"
    assert house.keeper.turn_away() == (0, 0)


def test_without_the_process_that_keeps_them_doors_open_as_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    here, there = Line.pair()
    ports = KeptPorts(there)
    here.close()
    with ports.open(OSC, udp) as sock, ports.open(PAGE, lambda: listener("127.0.0.1", 0, 1)):
        ports.lost(PAGE)
        ports.settle()
        assert sock.getsockname()[1] > 0
    assert [record.message for record in caplog.records if "restart" in record.message] == [
        caplog.records[0].message
    ]
    assert not caplog.records[0].message.startswith("Traceback")


@pytest.mark.parametrize("handle", ["", "999999", "no number", "0"])
def test_a_renderer_that_inherits_nothing_opens_its_doors_as_ever(handle: str) -> None:
    with KeptPorts.inherited({VARIABLE: handle}).open(OSC, udp) as sock:
        assert sock.getsockname()[1] > 0


def test_words_that_nobody_understands_are_left_out(house: House) -> None:
    ports = house.renderer()
    line = ports._line
    assert line is not None
    for words in (
        b"",
        b"{",
        b"[]",
        b'{"name": 5}',
        b'{"held": [[1]]}',
        b'{"name": ["OSC"]}',
        b"\xff",
    ):
        with udp() as sock:
            socket.send_fds(line._end, [words], [sock.fileno()])
        if words:
            line._end.send(words)

    port = house.opened(ports, OSC, udp)

    assert house.opened(house.renderer(), OSC, never) == port


def test_a_door_takes_the_port_in_place_of_opening_it_anew(house: House) -> None:
    first = OscDoor(FakeStream(), "127.0.0.1", 0, ports=house.renderer())
    first.start()
    wait_until(lambda: first.state()["listening"])
    house.keeper.look()
    first.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as key:
        key.sendto(b"/portrait/set/smile\0,f\0\0\x3f\0\0\0", ("127.0.0.1", first.port))

    stream = FakeStream()
    second = OscDoor(stream, "127.0.0.1", 0, ports=house.renderer())
    second.start()
    try:
        assert second.port == first.port
        wait_until(lambda: stream.controls.snapshot().held.get("smile") == 0.5)
    finally:
        second.stop()
