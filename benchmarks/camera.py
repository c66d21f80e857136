"""What reaches the camera: its pace, a press on its way there, and a renderer that is killed.

    python -m benchmarks.camera [--seconds 20] [--presses 20] [--kills 3] [--json]

The whole program runs as a user starts it; only the camera behind the sender is one that writes
down when it got which frame. A press is the privacy button over OSC, whose picture is known at once
from the face's. Medians and maxima; times in ms unless they say otherwise.
"""

import argparse
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from benchmarks.camera_start import StartWatch
from benchmarks.live import free_port
from tests.recording_camera import Sent, recorded

# The full loop for the time without a renderer is ready by then.
STANDBY_READY_S = 12.0
START_S = 30.0


class Program:
    """The program with the camera that writes down."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "camera.txt"
        self.page = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
        self.osc = free_port(socket.SOCK_DGRAM)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.recording_camera", str(self.file), "run"),
                *("--engine", "warp", "--seed", "1", "--fresh", "--oscquery", "off"),
                *("--panel", self.page, "--osc", f"127.0.0.1:{self.osc}"),
            ],
            env={**os.environ, "LIVING_PORTRAIT_HOME": str(folder / "home")},
            stderr=subprocess.DEVNULL,
        )
        self.watch = StartWatch(self._process.pid)

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://{self.page}/state", timeout=5) as answer:
            return dict(json.load(answer))

    def wait_for_page(self) -> dict[str, Any]:
        end = time.monotonic() + START_S
        while True:
            try:
                return self.state()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def send(self, address: str, value: float) -> None:
        message = OscMessageBuilder(address)
        message.add_arg(value)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.build().dgram, ("127.0.0.1", self.osc))

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=30)


def pace(sent: Sequence[Sent], fps: float) -> dict[str, float]:
    """Return how evenly frames came."""
    gaps = [1000 * (b.t - a.t) for a, b in itertools.pairwise(sent)]
    ordered = sorted(gaps)
    return {
        "frames": len(sent),
        "fps": round((len(sent) - 1) / (sent[-1].t - sent[0].t), 2),
        "interval p50": round(statistics.median(gaps), 2),
        "interval p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2),
        "interval max": round(ordered[-1], 2),
        "intervals above 1.5 periods": sum(gap > 1500 / fps for gap in gaps),
        "repeated frames": sum(a.hash == b.hash for a, b in itertools.pairwise(sent)),
    }


def presses(program: Program, count: int) -> dict[str, float]:
    """Return how long a press takes to the camera."""
    took = []
    for number in range(2 * count):
        on = number % 2 == 0
        before = recorded(program.file)[-1].mean
        time.sleep(0.9 + 0.0137 * number % 0.033)  # anywhere in a period
        pressed = time.perf_counter()
        program.send("/portrait/privacy", float(on))
        time.sleep(0.6)
        if on:  # the way back is a fade
            first = next(
                s.t for s in recorded(program.file) if s.t > pressed and abs(s.mean - before) > 5
            )
            took.append(1000 * (first - pressed))
    return {"median": round(statistics.median(took), 1), "max": round(max(took), 1)}


def killed(program: Program, how: signal.Signals, seconds: float) -> dict[str, object]:
    """Kill or stop the renderer; return what the camera saw of it."""
    state = program.wait_for_page()
    before = state["sender"]
    at = time.perf_counter()
    os.kill(state["processes"]["renderer"], how)
    if how is signal.SIGSTOP:
        time.sleep(seconds)
        os.kill(state["processes"]["renderer"], signal.SIGCONT)
    time.sleep(1.0)
    program.wait_for_page()
    time.sleep(2.0)
    sent = [s for s in recorded(program.file) if s.t > at - 1.0]
    whole = range(int(sent[-1].t - at))
    rates = [sum(second <= s.t - at < second + 1 for s in sent) for second in whole]
    return {
        "frames in each second": f"{min(rates)} to {max(rates)}",
        "longest gap": round(1000 * max(b.t - a.t for a, b in itertools.pairwise(sent)), 1),
        "sender": {
            k: program.state()["sender"][k] - before[k]
            for k in ("held", "standby", "late", "dropped")
        },
        "load of the machine": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder))
        try:
            program.wait_for_page()
            time.sleep(STANDBY_READY_S)
            start = time.perf_counter()
            time.sleep(options.seconds)
            steady = [s for s in recorded(program.file) if s.t > start]
            figures: dict[str, object] = {
                "the start": program.watch.figures(),
                "pace": pace(steady, 30.0),
                "privacy button to camera": presses(program, options.presses),
            }
            for number in range(options.kills):
                figures[f"renderer killed, {number + 1}"] = killed(program, signal.SIGKILL, 0.0)
                time.sleep(4.0)
            figures["renderer stopped for 10 s"] = killed(program, signal.SIGSTOP, 10.0)
        finally:
            program.end()
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, found in figures.items():
        print(name)
        for key, value in found.items():  # type: ignore[attr-defined]
            print(f"  {key:28} {value}")


if __name__ == "__main__":
    main()
