"""From an OSC datagram to the first changed frame, in frames and milliseconds.

    python -m benchmarks.latency [--presses 40] [--load 0] [--json]

The whole stream runs in this process with idle life off, so that a frame changes only because of
the cue. ``--load N`` sends N slider messages a second beside it.
"""

import argparse
import json
import random
import socket
import statistics
import threading
import time

import numpy as np
from pythonosc.osc_message_builder import OscMessageBuilder

from benchmarks.live import free_port
from control.osc import OscDoor
from streamer import Config, Frame
from streamer.stream import Stream


class Watch:
    """A sink that notes when the picture changes."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.changed: list[bool] = []
        self._last: Frame | None = None

    def send(self, frame: Frame, t: float) -> None:
        small = frame[::4, ::4].copy()
        self.changed.append(self._last is not None and not np.array_equal(small, self._last))
        self.times.append(time.perf_counter())
        self._last = small

    def close(self) -> None:
        pass


def datagram(address: str, *arguments: object) -> bytes:
    builder = OscMessageBuilder(address=address)
    for argument in arguments:
        builder.add_arg(argument)
    return bytes(builder.build().dgram)


def measure(presses: int, load: int, photo: str) -> dict[str, object]:
    port = free_port(socket.SOCK_DGRAM)
    watch = Watch()
    config = Config(photo=photo, camera="none", idle=0.0, panel="off", osc=f"127.0.0.1:{port}")
    stream = Stream(config, sinks=[watch])
    stream.start()
    door = OscDoor(stream, "127.0.0.1", port)
    door.start()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end = threading.Event()
    if load:
        # Sliders held at one value: they load the door without changing the picture.
        message = datagram("/portrait/set/head_yaw", 0.0)
        threading.Thread(target=_flood, args=(message, load, port, end), daemon=True).start()
    rng = random.Random(1)
    frames: list[int] = []
    delays: list[float] = []
    time.sleep(1.5)
    for _ in range(presses):
        time.sleep(rng.uniform(0.0, 1 / 30))
        count, sent = len(watch.times), time.perf_counter()
        sender.sendto(datagram("/portrait/trigger/surprise", 1.0), ("127.0.0.1", port))
        deadline = sent + 2.0
        while time.perf_counter() < deadline and not any(watch.changed[count:]):
            time.sleep(0.001)
        index = next(i for i in range(count, len(watch.changed)) if watch.changed[i])
        frames.append(index - count + 1)
        delays.append((watch.times[index] - sent) * 1000.0)
        sender.sendto(datagram("/portrait/stop"), ("127.0.0.1", port))
        time.sleep(1.6)
    end.set()
    door.stop()
    stream.stop()
    delays.sort()
    return {
        "presses": presses,
        "load_per_s": load,
        "frames_max": max(frames),
        "frames_median": statistics.median(frames),
        "ms_median": round(statistics.median(delays), 1),
        "ms_p99": round(delays[min(len(delays) - 1, int(0.99 * len(delays)))], 1),
        "late": stream.state()["late"],
    }


def _flood(message: bytes, rate: int, port: int, end: threading.Event) -> None:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    start, count = time.perf_counter(), 0
    while not end.is_set() and time.perf_counter() - start < 600:
        due = int((time.perf_counter() - start) * rate)
        for _ in range(due - count):
            sender.sendto(message, ("127.0.0.1", port))
        count = due
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=40)
    parser.add_argument("--load", type=int, default=0, help="slider messages a second beside it")
    parser.add_argument("--photo", default="mona-lisa")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.presses, options.load, options.photo)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for key, value in figures.items():
            print(f"{key:14} {value}")


if __name__ == "__main__":
    main()
