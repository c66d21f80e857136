"""How evenly frames leave the running stream: alone, beside a busy program, beside a busy thread.

    python -m benchmarks.gpu_pacing --weights FOLDER [--device cuda] [--seconds 60]
        [--size 1280x720] [--fps 30]

A process of its own, as the product is; prints one line of JSON. A press every three seconds keeps
the forecast honest, and every frame is asked for in the camera's own format.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from streamer.config import Config
from streamer.engines.choice import Choice, Options
from streamer.stream import Stream
from streamer.view import Frame, View

CAMERA = "NV12"
PRESS_S = 3.0
PRESSES = ("smile", "blink", "surprise")
CLIMB_S = 60.0
POLL_S = 0.02
SWITCH_INTERVAL_S = 0.001  # as `living-portrait run` sets it


class Watch:
    """A sink that notes when frames came and whether they were new; ``begin`` starts a phase."""

    def __init__(self) -> None:
        self.phases: dict[str, list[tuple[float, float, bool, bool]]] = {}
        self.native: Callable[[str], Frame | None] = lambda _: None
        self._now: list[tuple[float, float, bool, bool]] = []
        self._last: Frame | None = None

    def begin(self, phase: str) -> None:
        self._now = self.phases.setdefault(phase, [])

    def send(self, frame: Frame, t: float) -> None:
        came = time.perf_counter()
        same = frame is self._last
        self._last = frame
        self._now.append((came, t, same, self.native(CAMERA) is not None))

    def close(self) -> None:
        pass

    def figures(self, fps: float) -> dict[str, dict[str, float]]:
        """Return how each phase went. A frame is late by what it came after its deadline."""
        every = [line for lines in self.phases.values() for line in lines]
        origin = min((came - t for came, t, _, _ in every), default=0.0)
        return {
            name: _figures(np.array(lines, np.float64), origin, fps)
            for name, lines in self.phases.items()
            if lines
        }


def _figures(lines: "np.ndarray[Any, Any]", origin: float, fps: float) -> dict[str, float]:
    came, t, same, native = lines.T
    late = 1000 * (came - t - origin)
    p50, p95, p99 = np.percentile(late, (50, 95, 99))
    return {
        "frames": len(late),
        "late p50 ms": round(float(p50), 2),
        "late p95 ms": round(float(p95), 2),
        "late p99 ms": round(float(p99), 2),
        "late most ms": round(float(late.max()), 2),
        "left out": int(np.round(np.diff(t) * fps - 1).sum()),
        "repeats": int(same.sum()),
        "in the camera's format": int(native.sum()),
    }


def pace(
    opened: Callable[[Options], Any],
    used_mb: Callable[[], float],
    *,
    seconds: float,
    size: str,
    fps: float,
) -> dict[str, Any]:
    """Run the stream and return the figures of its phases, start and memory among them."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    before_mb, watch, engines = used_mb(), Watch(), []

    def choose(options: Options) -> Choice:
        engine = opened(options)
        stage = engine.stage

        def staged(portrait: Any, view: View) -> Any:
            scene = stage(portrait, view)
            watch.native = scene.native
            return scene

        engine.stage = staged  # as the camera does, the sink asks for the camera's own format
        engines.append(engine)
        return Choice(engine, "Engine: liveportrait, for the benchmark.")

    config = Config(
        engine="liveportrait", camera="none", panel="off", osc="off", size=size, fps=fps, seed=7
    )
    stream = Stream(config, sinks=[watch], choose=choose)
    watch.begin("while climbing")
    stream.start()
    try:
        climb = _climb(engines[0], lambda: used_mb() - before_mb)
        for phase, load in PHASES.items():
            with load(seconds):
                watch.begin(phase)
                _press(stream, seconds / len(PHASES))
        watch.begin("end")
        figures = engines[0].figures()
        report = stream.report()
    finally:
        stream.stop()
    return {
        "phases": {k: v for k, v in watch.figures(fps).items() if k != "end"},
        "climb": climb,
        "running": figures,
        **{key: report[key] for key in ("first_frame_s", "interval_ms", "delay_ms", "section_ms")},
        **{key: report[key] for key in ("late", "dropped", "cpu_percent", "rss_mb", "problems")},
    }


def _climb(engine: Any, memory_mb: Callable[[], float]) -> list[dict[str, Any]]:
    """Wait for the top of the ladder; return what it looked like on the way."""
    done, seen = threading.Event(), list[dict[str, Any]]()
    engine._behind.later(done.set)
    started, over = time.perf_counter(), False
    while not over and time.perf_counter() - started < CLIMB_S:
        over = done.wait(POLL_S)
        figures = engine.figures()
        now = {"form": figures["form"], "batches": figures.get("batches", [])}
        if not seen or any(seen[-1][key] != value for key, value in now.items()):
            seen.append({**now, "after s": round(time.perf_counter() - started, 2)})
        memory = seen[-1]["memory mb"] = round(memory_mb())
        seen[-1]["least mb"] = min(memory, seen[-1].get("least mb", memory))
    return seen


def _press(stream: Stream, seconds: float) -> None:
    end = time.perf_counter() + seconds
    turn = 0
    while (left := end - time.perf_counter()) > 0:
        time.sleep(min(PRESS_S, left))
        stream.controls.trigger(PRESSES[turn % len(PRESSES)], source="benchmark")
        turn += 1


@contextmanager
def _nothing(seconds: float) -> Iterator[None]:
    yield


@contextmanager
def _busy_program(seconds: float) -> Iterator[None]:
    """Another Python program that never rests; it ends by itself if this one is cut."""
    text = f"import time; end = time.time() + {seconds}\nwhile time.time() < end: pass"
    busy = subprocess.Popen([sys.executable, "-c", text])
    try:
        yield
    finally:
        busy.terminate()
        busy.wait(timeout=10)


@contextmanager
def _busy_thread(seconds: float) -> Iterator[None]:
    """A thread of this program that wants the interpreter for itself all the time."""
    end = threading.Event()

    def spin() -> None:
        number = 0
        while not end.is_set():
            number += 1

    thread = threading.Thread(target=spin, name="busy", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(timeout=10)


PHASES = {
    "alone": _nothing,
    "beside a busy program": _busy_program,
    "beside a busy thread": _busy_thread,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, help="none: tiny networks, for a trial")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--fps", type=float, default=30.0)
    options = parser.parse_args()
    from benchmarks.gpu_end_to_end import load
    from benchmarks.gpu_machine import Machine

    machine = Machine(options.device)

    def opened(wanted: Options) -> Any:
        how = {"fps": wanted.fps, "gpu_share": wanted.gpu_share, "cache_mb": wanted.cache_mb}
        if options.weights is None:
            from benchmarks import gpu_trial

            return gpu_trial.engine(machine, **how)
        return load(options.weights, machine, **how)

    found = pace(
        opened, machine.used_mb, seconds=options.seconds, size=options.size, fps=options.fps
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
