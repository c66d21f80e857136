"""From an OSC datagram to the first changed frame while faders flood the door, beside a quiet run.

    python -m benchmarks.osc_load [--probes 100] [--rate 1000] [--json]

The whole stream and its doors run in this process, without a camera, as `run` builds them; another
process sends. Every parameter but one is moved all the time by too little to be seen, so that the
door, the snapshot and the animator have their full work and the picture still changes only because
of the probe: a fader that jumps. A latency of 1 is the very next frame.
"""

import argparse
import json
import multiprocessing
import socket
import statistics
import sys
import time
from itertools import cycle
from multiprocessing.synchronize import Event

import numpy as np
from pythonosc.osc_message_builder import OscMessageBuilder

from benchmarks.live import free_port
from control.commands.run import SWITCH_INTERVAL_S
from control.osc.doors import OscDoors
from streamer import PARAMETERS, Config, Frame
from streamer.stream import Stream

PROBED = "smile"
SETTLED_S = 0.7  # after a jump of a fader nothing moves any more
VISIBLE = 12  # levels of the pixel that changed most


class Watch:
    """A sink that notes when the picture changes visibly."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.changed: list[bool] = []
        self._last: np.ndarray | None = None

    def send(self, frame: Frame, t: float) -> None:
        small = frame[::3, ::3].astype(np.int16)
        moved = self._last is not None and int(np.abs(small - self._last).max()) > VISIBLE
        self.changed.append(moved)
        self.times.append(time.perf_counter())
        self._last = small

    def close(self) -> None:
        pass


def datagram(address: str, *arguments: object) -> bytes:
    builder = OscMessageBuilder(address=address)
    for argument in arguments:
        builder.add_arg(argument)  # type: ignore[arg-type]
    return bytes(builder.build().dgram)


def flood(port: int, rate: float, end: Event, sent: "multiprocessing.Queue[int]") -> None:
    """Move all other faders, ``rate`` messages a second; runs in a process of its own."""
    names = [name for name in PARAMETERS if name != PROBED]
    rest = {"eye_ratio": 0.4, "lip_ratio": 0.0, "scale": 1.0}
    messages = cycle(
        datagram(f"/portrait/set/{name}", rest.get(name, 0.0) + 1e-6 * step)
        for step in range(100)
        for name in names
    )
    start, count = time.perf_counter(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not end.is_set() and time.perf_counter() - start < 900:
            due = int((time.perf_counter() - start) * rate)
            for _ in range(due - count):
                sender.sendto(next(messages), ("127.0.0.1", port))
            count = due
            time.sleep(0.002)
    sent.put(count)


def measure(probes: int, rate: float, photo: str) -> dict[str, object]:
    port = free_port(socket.SOCK_DGRAM)
    watch = Watch()
    config = Config(
        photo=photo, engine="warp", camera="none", idle=0.0, panel="off", osc=f"127.0.0.1:{port}"
    )
    stream = Stream(config, sinks=[watch])
    doors = OscDoors(stream, config)
    stream.start()
    doors.start()
    context = multiprocessing.get_context("spawn")
    end, sent = context.Event(), context.Queue()
    sender = context.Process(target=flood, args=(port, rate, end, sent), daemon=True)
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    frames: list[int] = []
    delays_ms: list[float] = []
    if rate:
        sender.start()
    time.sleep(3.0)
    late, began = int(str(stream.state()["late"])), time.perf_counter()
    for number in range(probes):
        # Anywhere within a frame, and the same in every run.
        time.sleep(SETTLED_S + (number * 0.618 % 1.0) / 30)
        count, now = len(watch.times), time.perf_counter()
        value = float(number % 2 == 0)
        probe.sendto(datagram(f"/portrait/set/{PROBED}", value), ("127.0.0.1", port))
        while time.perf_counter() < now + 2.0 and not any(watch.changed[count:]):
            time.sleep(0.001)
        index = next((i for i in range(count, len(watch.changed)) if watch.changed[i]), None)
        if index is None:
            raise RuntimeError("a probe was never seen")
        frames.append(index - count + 1)
        delays_ms.append((watch.times[index] - now) * 1000.0)
    seconds = time.perf_counter() - began
    late = int(str(stream.state()["late"])) - late
    end.set()
    if rate:
        sender.join(10.0)
    flooded = sent.get(timeout=5.0) if rate else 0
    time.sleep(0.3)
    counters = doors.state()["counters"]
    doors.stop()
    stream.stop()
    return {
        "rate_per_s": rate,
        "probes": probes,
        "frames_median": statistics.median(frames),
        "frames_p99": percentile(frames, 0.99),
        "frames_max": max(frames),
        "ms_median": round(statistics.median(delays_ms), 1),
        "ms_p99": round(percentile(delays_ms, 0.99), 1),
        "late": late,
        "late_percent": round(100.0 * late / (seconds * config.fps), 2),
        "seconds": round(seconds, 1),
        "sent": flooded + probes,
        "served": counters["done"],
        "limited": counters["limited"],
    }


def percentile(values: list[float] | list[int], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(np.ceil(share * len(ordered))) - 1))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probes", type=int, default=100)
    parser.add_argument("--rate", type=float, default=1000.0, help="fader messages a second")
    parser.add_argument("--photo", default="mona-lisa")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    rows = [measure(options.probes, rate, options.photo) for rate in (0.0, options.rate)]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for key in rows[0]:
        print(f"{key:14}" + "".join(f"{row[key]!s:>12}" for row in rows))


if __name__ == "__main__":
    main()
