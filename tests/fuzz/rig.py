"""The OSC and VMC doors without a network: datagrams go in where the socket would give them."""

import json
import math
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import psutil

from control.osc import OscDoor
from control.osc.edges import MAX_BUTTONS
from control.osc.limits import MAX_SENDERS, MAX_WAITING
from control.osc.monitor import MAX_LINES
from control.osc.subscribers import MAX_SUBSCRIBERS
from control.osc.udp import BATCH, UdpDoor
from control.osc.vmc import VmcDoor
from control.osc.vmc.door import MAX_LEFT_OUT, MAX_TRACKERS
from streamer import PARAMETERS
from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import MAX_CUES, MAX_SOURCES
from streamer.parameters import neutral_face
from streamer.resources import shipped
from tests.control.fakes import FakeStream

# What the monitor's page may weigh: its lines with a few hundred characters each.
MONITOR_BYTES: Final = 1_000_000
# Between two datagrams of the same second, as by a heavy but honest sender.
STEP_S: Final = 0.0004
# Now and then somebody sends this many at once.
FLOOD: Final = 5000
FLOOD_EVERY: Final = 25_000

STRANGERS: Final = ("10.9.8.7", "192.168.7.20", "fe80::1%eth0", "::ffff:203.0.113.9")
FRIENDS: Final = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "192.168.0.5", "127.8.9.1")


class Feed:
    """Stands where the socket stands."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[bytes, tuple[str, int]]] = deque()
        self.sent = 0

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[str, int]]:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.popleft()

    def recvmsg(self, *_args: int) -> Any:
        raise BlockingIOError

    def sendto(self, _datagram: bytes, _target: tuple[str, int]) -> None:
        self.sent += 1


@dataclass
class Outcome:
    """What came of it."""

    datagrams: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    rss_before_mb: float = 0.0
    rss_after_mb: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    exceptions: list[str] = field(default_factory=list)
    grown: list[str] = field(default_factory=list)


class Rig:
    """Both doors on one stream whose face is animated; a clock that datagrams move on."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._now = 0.0
        self._flood = False
        self.stream = FakeStream()
        self._library = PresetLibrary([shipped("presets")])
        self.stream.presets.presets = dict(self._library.presets)  # type: ignore[arg-type]
        self.stream.presets.idle_styles = dict(self._library.idle_styles)
        self._animator = Animator(
            seed=1,
            rest=neutral_face(eye_ratio=0.35, lip_ratio=0.0),
            presets=self._library.presets,
            styles=self._library.idle_styles,
        )
        allow = ["192.168.0.0/24"]
        clock = self._clock
        self.osc = OscDoor(self.stream, "127.0.0.1", 7001, allow=allow, clock=clock)
        self.vmc = VmcDoor(self.stream, "127.0.0.1", 39539, allow=allow, clock=clock)
        self._feeds = {door: Feed() for door in (self.osc, self.vmc)}
        for door, feed in self._feeds.items():
            door._opened(feed)  # type: ignore[arg-type]  # sends the state into nowhere

    def _clock(self) -> float:
        return self._now

    def close(self) -> None:
        for door in self._feeds:
            door.stop()
        self.stream.speaker.close()
        self.stream.preview.close()
        for thread in threading.enumerate():
            if thread.name in ("osc-portrait", "osc-feedback", "speech"):
                thread.join(5.0)

    def feed(self, datagrams: Iterable[bytes], outcome: Outcome) -> None:
        """Let the doors have them, a batch at a time, as `UdpDoor` takes them from its socket."""
        begun = time.perf_counter()
        for datagram in datagrams:
            outcome.datagrams += 1
            self._go_on(outcome.datagrams)
            is_vmc = b"VMC" in datagram[:40] or self._chance.random() < 0.05
            door: UdpDoor = self.vmc if is_vmc else self.osc
            self._feeds[door].waiting.append((datagram, self._sender()))  # type: ignore[index]
            if outcome.datagrams % 16 == 0:
                self._turn(outcome)
            if outcome.datagrams % 200 == 0:
                self._frame(outcome)
        self._turn(outcome)
        outcome.seconds += time.perf_counter() - begun

    def _go_on(self, datagrams: int) -> None:
        """Let time pass: none in a flood, and now and then a silence."""
        self._flood = datagrams % FLOOD_EVERY < FLOOD
        if not self._flood:
            self._now += STEP_S if self._chance.random() < 0.999 else 0.7

    def _sender(self) -> tuple[str, int]:
        if self._flood:
            return "127.0.0.1", 50_000
        roll = self._chance.random()
        if roll < 0.03:
            return self._chance.choice(STRANGERS), self._chance.randint(1, 65535)
        if roll < 0.04:
            return "127.0.0.1", 7001  # the state coming back
        if roll < 0.10:
            return self._chance.choice(FRIENDS), self._chance.randint(1024, 65535)
        return self._chance.choice(FRIENDS), 50_000 + self._chance.randint(0, 3)

    def _turn(self, outcome: Outcome) -> None:
        for door, feed in self._feeds.items():
            while feed.waiting:
                for _ in range(BATCH):
                    newest = feed.waiting[0][0] if feed.waiting else b""
                    begun = time.thread_time()
                    try:
                        if not door._receive(feed):  # type: ignore[arg-type]
                            break
                    except Exception as exc:  # the very thing that is looked for
                        outcome.exceptions.append(f"{door._door}: {exc!r} from {newest[:300]!r}")
                    taken = 1000.0 * (time.thread_time() - begun)
                    outcome.slowest_ms = max(outcome.slowest_ms, taken)
            for sender, datagram in door._limiter.due(self._now):
                try:
                    door._handle(datagram, sender)
                except Exception as exc:
                    outcome.exceptions.append(f"{door._door}: {exc!r} from {datagram[:300]!r}")

    def _frame(self, outcome: Outcome) -> None:
        """Let the face see what was wished, and look whether it is one."""
        wishes = self.stream.controls.snapshot()
        face = self._animator.at(self._now, wishes)
        for name, value in face.items():
            parameter = PARAMETERS[name]
            if not (math.isfinite(value) and parameter.low <= value <= parameter.high):
                outcome.exceptions.append(f"the face's {name} is {value}")
        self.stream.playing = list(self._animator.playing)
        self.stream.staged.clear()  # the fake's own diary

    def judge(self, outcome: Outcome) -> None:
        """Count the verdicts, and name every table that is larger than it may be."""
        for door in self._feeds:
            for kind, count in door.state()["counters"].items():
                outcome.verdicts[f"{door._door} {kind}"] += count
        wishes = self.stream.controls.snapshot()
        lines = self.osc.monitor()
        sizes = {
            "monitor lines": (len(lines), MAX_LINES),
            "monitor keys": (len(self.osc._monitor._newest), MAX_LINES),
            "monitor bytes": (len(json.dumps(lines)), MONITOR_BYTES),
            "vmc monitor bytes": (len(json.dumps(self.vmc.monitor())), MONITOR_BYTES),
            "buttons": (len(self.osc._actions._edges._last), MAX_BUTTONS),
            "subscribers": (len(self.osc.state()["subscribers"]), MAX_SUBSCRIBERS),
            "cues": (len(wishes.cues), MAX_CUES),
            "held": (len(wishes.held), len(PARAMETERS)),
            "sources": (len(wishes.driven), MAX_SOURCES),
            "trackers": (len(self.vmc._trackers), MAX_TRACKERS),
            "left out": (len(self.vmc._left_out), MAX_LEFT_OUT),
            "shown": (len(self.vmc._shown), 2 * MAX_LEFT_OUT),
            "shown characters": (sum(len(text) for _, text in self.vmc._shown), 400 * 400),
        }
        for door in self._feeds:
            accounts = door._limiter._accounts
            waiting = sum(len(account.waiting) for account in accounts.values())
            sizes[f"{door._door} senders"] = (len(accounts), MAX_SENDERS)
            sizes[f"{door._door} waiting"] = (waiting, MAX_SENDERS * MAX_WAITING)
            sizes[f"{door._door} late"] = (len(door._limiter._late), MAX_SENDERS)
        outcome.grown += [
            f"{what}: {size} of at most {most}"
            for what, (size, most) in sizes.items()
            if size > most
        ]


def rss_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20
