"""VmcDoor: a tracker or an avatar program drives the portrait for as long as it goes on sending."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from control.kept_ports import KeptPorts
from control.live import Live
from control.osc.limits import Limiter, Sender
from control.osc.messages import Argument, Message, NotANumber, messages_in, number
from control.osc.monitor import Monitor
from control.osc.udp import UdpDoor, printable
from control.osc.verdicts import Verdict, verdict
from control.osc.vmc.bones import turn
from control.osc.vmc.face import BONES, TrackedFace
from control.osc.vmc.table import row_of
from control.ports import RETRY_S

# Source of port and addresses: VMC protocol specification 3.1 (a receiver listens on 39539).
PORT: Final = 39539

PREFIX: Final = "/vmc/ext/"
# What avatar programs send beside the face: known, of no use here, and not worth a line each.
UNUSED: Final = frozenset(
    {
        *("ok", "t", "root/pos", "set/period", "set/req", "hmd/pos", "con/pos", "tra/pos"),
        *("hmd/pos/local", "con/pos/local", "tra/pos/local", "cam", "light", "key", "con", "rcv"),
        *("midi/note", "midi/cc/val", "midi/cc/bit", "vrm", "remote", "opt", "setting/color"),
        *("setting/win", "config", "thru"),
    }
)

# Datagrams a second from one sender: a tracker of 60 Hz sends a whole body in 10 to 20 each time.
RATE: Final = 4000.0

# Without a message for this long a tracker begins anew; the animator gives its channels back then.
SILENT_S: Final = 1.0
# Machines that are told apart, and names that are remembered for people.
MAX_TRACKERS: Final = 8
MAX_LEFT_OUT: Final = 200
# The monitor gets a line of each kind this often; at 60 Hz a line each would be another flood.
LINE_S: Final = 0.5
# The photo's own lids and mouth change only with the photo.
REST_S: Final = 0.5

_BONE: Final = b"/VMC/Ext/Bone/Pos\x00\x00\x00,sfffffff\x00\x00\x00"
_BONE_NAMES: Final = tuple(name.encode() for name in BONES)


class _Tracker:
    """One machine's face, and when it was last heard.

    Its programs are not told apart, as with every receiver of the protocol: one may send the
    face and another the head, and some open a new port for each message.
    """

    def __init__(self) -> None:
        self.face = TrackedFace()
        self.heard = -1e9
        self.dirty = False


class VmcDoor(UdpDoor):
    """Listens for the VMC protocol; port 0 takes any free one. Raises: `ConfigError`.

    Blend shapes count with ``/VMC/Ext/Blend/Apply``, bones with the end of their datagram.
    ``monitor`` may be the OSC door's, so that people find everything in one list.
    """

    def __init__(
        self,
        stream: Live,
        host: str = "127.0.0.1",
        port: int = PORT,
        *,
        allow: Sequence[str] = (),
        monitor: Monitor | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        retry_s: float = RETRY_S,
        ports: KeptPorts | None = None,
    ) -> None:
        super().__init__(
            "VMC",
            "--vmc",
            host,
            port,
            allow=allow,
            limiter=Limiter(RATE),
            monitor=monitor,
            clock=clock,
            wall_clock=wall_clock,
            retry_s=retry_s,
            ports=ports,
        )
        self._stream = stream
        self._trackers: OrderedDict[str, _Tracker] = OrderedDict()
        self._left_out: Counter[str] = Counter()
        self._tables = threading.Lock()  # the two above are read by others
        self._messages = 0
        self._malformed = 0
        self._shown: OrderedDict[tuple[Sender, str], float] = OrderedDict()
        self._rest: Mapping[str, float] = {}
        self._rest_at = -1e9

    def stop(self) -> None:
        """Close the port and give everything back."""
        super().stop()
        for host in list(self._trackers):
            self._stream.controls.undrive(_source(host))

    def state(self) -> dict[str, Any]:
        """Return whether the door is open, who drives, and which shapes were left out."""
        now = self._clock()
        with self._tables:
            heard = [h for h, tracker in self._trackers.items() if now - tracker.heard <= SILENT_S]
            left_out = self._left_out.most_common()
        return {
            **super().state(),
            "trackers": heard,
            "left_out": dict(left_out),
        }

    def _counters(self) -> dict[str, int]:
        dropped = self._limiter.dropped
        received = self._messages + self._malformed + dropped
        return {"received": received, "malformed": self._malformed, "limited": dropped}

    # --- the receiving thread

    def _handle(self, datagram: bytes, sender: Sender) -> None:
        now = self._clock()
        tracker = self._tracker(sender[0], now)
        packet = messages_in(datagram, skip=self._is_other_bone)
        for message in packet.messages:
            self._messages += 1
            result = self._take(tracker.face, message)
            if result is True:
                tracker.dirty = True
            elif result is not False:
                self._show(sender, message.address, message.args, result, now)
        for problem in packet.problems:
            self._malformed += 1
            self._show(sender, printable(datagram), (), verdict("malformed", reason=problem), now)
        if tracker.dirty:
            tracker.dirty = False
            given = tracker.face.parameters(self._rest_of_photo(now))
            if given:
                self._stream.controls.drive(_source(sender[0]), given)
                self._show(sender, "/VMC/Ext", (), verdict("drives", name=", ".join(given)), now)

    def _take(self, face: TrackedFace, message: Message) -> bool | Verdict:
        """Take one message: whether it changes the face, or words if people must know."""
        address = message.address.lower()
        if not address.startswith(PREFIX):
            return verdict("not_vmc")
        match address.removeprefix(PREFIX):
            case "blend/val":
                return self._take_blend(face, message.args)
            case "blend/apply":
                return face.apply()
            case "bone/pos":
                return self._take_bone(face, message.args)
            case "set/eye":
                return self._take_look(face, message.args)
            case rest if rest in UNUSED:
                return False
        return verdict("not_vmc")

    def _take_blend(self, face: TrackedFace, args: tuple[Argument, ...]) -> bool | Verdict:
        try:
            name, value = args[0], number(args[1])
        except (IndexError, NotANumber):
            name, value = None, 0.0
        if not isinstance(name, str):
            return verdict("not_a_shape", address="/VMC/Ext/Blend/Val", count=1)
        row = row_of(name)
        if row or name.casefold() == "neutral":
            face.blend(name, value)
            return False  # it counts with Apply
        self._leave_out(name)
        return verdict("unknown_shape" if row is None else "no_counterpart", name=name)

    def _take_bone(self, face: TrackedFace, args: tuple[Argument, ...]) -> bool | Verdict:
        try:
            name, rotation = args[0], [number(value) for value in args[4:8]]
        except (IndexError, NotANumber):
            name, rotation = None, []
        if not isinstance(name, str) or len(rotation) != 4:
            return verdict("not_a_shape", address="/VMC/Ext/Bone/Pos", count=7)
        turned = turn(*rotation)
        if turned is None:
            return verdict("not_a_shape", address="/VMC/Ext/Bone/Pos", count=7)
        return face.bone(name, turned)

    def _take_look(self, face: TrackedFace, args: tuple[Argument, ...]) -> bool | Verdict:
        try:
            on, x, y, z = (number(value) for value in args[:4])
        except (ValueError, NotANumber):
            return verdict("not_a_shape", address="/VMC/Ext/Set/Eye", count=4)
        if on > 0.0:
            face.look(x, y, z)
        return on > 0.0

    def _is_other_bone(self, data: bytes) -> bool:
        """Whether a message is about a bone without use: most of what a body sends, left unread."""
        if not data.startswith(_BONE):
            return False
        name = data[len(_BONE) : data.find(b"\x00", len(_BONE))]
        if name.lower() in _BONE_NAMES:
            return False
        self._messages += 1
        return True

    def _tracker(self, host: str, now: float) -> _Tracker:
        tracker = self._trackers.get(host)
        if tracker is None or now - tracker.heard > SILENT_S:
            tracker = _Tracker()
            with self._tables:
                self._trackers[host] = tracker
                self._trackers.move_to_end(host)
                if len(self._trackers) > MAX_TRACKERS:
                    self._trackers.popitem(last=False)
        tracker.heard = now
        return tracker

    def _rest_of_photo(self, now: float) -> Mapping[str, float]:
        if now - self._rest_at >= REST_S or not self._rest:
            self._rest, self._rest_at = self._stream.state()["rest"], now
        return self._rest

    # --- for people

    def _leave_out(self, name: str) -> None:
        shown = name[:60]
        with self._tables:
            if shown in self._left_out or len(self._left_out) < MAX_LEFT_OUT:
                self._left_out[shown] += 1

    def _show(
        self, sender: Sender, address: str, args: tuple[Argument, ...], result: Verdict, now: float
    ) -> None:
        """Write a line into the monitor, now and then."""
        key = (sender, result.en if result.code != "drives" else "")
        if now - self._shown.get(key, -1e9) < LINE_S:
            return
        self._shown[key] = now
        self._shown.move_to_end(key)
        if len(self._shown) > 2 * MAX_LEFT_OUT:
            self._shown.popitem(last=False)
        named = f"{address} {args[0]}" if args and isinstance(args[0], str) else address
        self._note(sender, named, args[1:], result, counted=False)


def _source(host: str) -> str:
    return f"vmc {host}"
