"""From parameters to camera bytes in the host's memory, through the product's own engine."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu_case import ring
from benchmarks.gpu_machine import Machine
from benchmarks.gpu_report import (
    Column,
    Deadline,
    Report,
    Table,
    line_of,
    median,
    percentile,
)
from streamer.engines.liveportrait.engine import LivePortraitEngine
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from streamer.engines.liveportrait.scene import NeuralScene
from streamer.engines.warp.locate import locate
from streamer.photo import read_photo
from streamer.resources import shipped
from streamer.view import View

PART = "end to end"
CAMERA = "NV12"
SIZES = ((1280, 720), (1920, 1080))
CLIMB_S = 90.0
POLL_S = 0.005


@dataclass(frozen=True)
class Counts:
    """How many batches are drawn for each figure; fewer where there is no time."""

    warm_ups: int = 3
    alone: int = 200
    host: int = 40
    flowing: int = 400
    fewest: int = 3


COLUMNS = (
    Column("frames", 22),
    Column("ms", 8, ".2f"),  # a frame: handed over, waited for, in memory; nothing else under way
    Column("p95", 8, ".2f"),
    Column("device ms", 10, ".2f"),
    Column("host ms", 9, ".3f"),  # a frame: to hand over and to collect, the wait left out
    Column("host p95", 9, ".3f"),
    Column("flowing ms", 11, ".2f"),  # a frame, two batches under way
    Column("fps", 8, ".0f"),
)


def load(weights: Path, machine: Machine, **settings: Any) -> LivePortraitEngine:
    return LivePortraitEngine.load(weights, device=machine.name, locate=locate, **settings)


def run(
    machine: Machine,
    report: Report,
    deadline: Deadline,
    opened: Callable[[], LivePortraitEngine],
    sizes: tuple[tuple[int, int], ...] = SIZES,
    counts: Counts = Counts(),
) -> None:
    """Time the start, the climb, then frames at every size and batch."""
    used_mb, started = machine.used_mb(), time.perf_counter()
    engine = opened()
    try:
        loaded_s = time.perf_counter() - started
        portrait = engine.open(read_photo(shipped("photo") / "mona-lisa.jpg"))
        opened_s = time.perf_counter() - started
        scene = engine.stage(portrait, View(*sizes[0]))
        scene.render(scene.rest)
        first = {
            "weights loaded s": round(loaded_s, 2),
            "photo encoded s": round(opened_s, 2),
            "first frame s": round(time.perf_counter() - started, 2),
        }
        report.tell(PART, "start, libraries and device awake", first)
        climb(engine, scene, machine, report, deadline, started, used_mb)
        table = Table(report, PART, COLUMNS)
        for size in sizes:
            if size != sizes[0]:
                scene = engine.stage(portrait, View(*size))
            _at(engine, scene, machine, table, size, deadline, counts)
    finally:
        engine.close()
        machine.device.free()


def climb(
    engine: LivePortraitEngine,
    scene: NeuralScene,
    machine: Machine,
    report: Report,
    deadline: Deadline,
    started: float,
    used_mb: float,
) -> None:
    """Watch the ladder being climbed: when each form came, and how much memory was taken."""
    done = _asked(engine)
    seen: list[dict[str, Any]] = []
    end = time.perf_counter() + min(CLIMB_S, deadline.left_s)
    over = False
    while not over and time.perf_counter() < end:
        over = done.wait(POLL_S)
        now = {"form": scene.form, "batches": list(scene.figures().get("batches", []))}  # type: ignore[call-overload]
        memory = round(machine.used_mb() - used_mb)
        if not seen or any(seen[-1][key] != value for key, value in now.items()):
            seen.append({**now, "after s": round(time.perf_counter() - started, 2)})
        seen[-1]["memory mb"] = memory
        seen[-1]["least mb"] = min(memory, seen[-1].get("least mb", memory))
    report.put(PART, "climb", seen)
    for step in seen:
        report.say("  " + ", ".join(f"{key} {value}" for key, value in step.items()))
    figures = engine.figures()
    for key in ("form", "proven", "refused", "problem"):
        report.tell(PART, key, figures.get(key) or "none")
    report.tell(PART, "top reached", over)


def _asked(engine: LivePortraitEngine) -> threading.Event:
    """Return what is set when the engine's own thread has done all that it has now."""
    done = threading.Event()
    engine._behind.later(done.set)
    return done


def _at(
    engine: LivePortraitEngine,
    scene: NeuralScene,
    machine: Machine,
    table: Table,
    size: tuple[int, int],
    deadline: Deadline,
    counts: Counts,
) -> None:
    name = f"{size[0]}x{size[1]}"
    try:
        scene.render(scene.rest | {"smile": 0.31})  # it goes over to the newest form when it draws
        fast = scene._fast
        if fast is None:
            raise RuntimeError(f"no faster form draws: {engine.problem or scene.form}")
        fast.pipeline.want(CAMERA)
        _asked(engine).wait(min(CLIMB_S, max(1.0, deadline.left_s)))
        batches = fast.pipeline.batches
    except Exception as exc:  # the other size is measured all the same
        table.add(frames=name, error=line_of(exc))
        return
    for batch in batches:
        row = f"{name}, {batch} at once"
        if deadline.over:
            table.add(frames=row, error="left out: no time")
            continue
        try:
            table.add(
                frames=row,
                batch=batch,
                size=name,
                **_times(fast.pipeline, scene, machine, batch, deadline, counts),
            )
        except Exception as exc:
            table.add(frames=row, error=line_of(exc))


def _times(
    pipeline: Pipeline,
    scene: NeuralScene,
    machine: Machine,
    batch: int,
    deadline: Deadline,
    counts: Counts,
) -> dict[str, Any]:
    faces = ring(scene.rest)
    some = [faces[i : i + batch] for i in range(0, len(faces), batch)]
    share_s = max(0.2, min(3.0, deadline.left_s / 12))
    first = pipeline.draw(some[0]).frames()[0]
    if first.native is None or first.pixel_format != CAMERA:
        raise RuntimeError(f"frames come in '{first.pixel_format}' instead of {CAMERA}")
    for turn in range(counts.warm_ups):
        pipeline.draw(some[turn % len(some)]).frames()
    alone, device = _alone(pipeline, some, share_s, counts)
    host = _host(pipeline, machine, some, share_s, counts)
    flowing = _flowing(pipeline, some, share_s, counts) / batch
    return {
        "ms": median(alone) / batch,
        "p95": percentile(alone, 95.0) / batch,
        "device ms": median(device),
        "host ms": median(host) / batch,
        "host p95": percentile(host, 95.0) / batch,
        "flowing ms": flowing,
        "fps": 1000.0 / flowing,
        "whole batch ms": median(alone),
        "counted": len(alone),
        "form": pipeline.painter.form,
    }


def _alone(
    pipeline: Pipeline, some: list[Any], share_s: float, counts: Counts
) -> tuple[list[float], list[float]]:
    """Return what batches take when each waits for the one before, ms; and the device's ms."""
    wall: list[float] = []
    device: list[float] = []
    end = time.perf_counter() + share_s
    while len(wall) < counts.alone and (time.perf_counter() < end or len(wall) < counts.fewest):
        begun = time.perf_counter()
        frames = pipeline.draw(some[len(wall) % len(some)]).frames()
        wall.append(1000 * (time.perf_counter() - begun))
        device.append(frames[0].device_ms)
    return wall, device


def _host(
    pipeline: Pipeline, machine: Machine, some: list[Any], share_s: float, counts: Counts
) -> list[float]:
    """Return what the host itself does for a batch, ms: nobody waits inside these times."""
    found: list[float] = []
    end = time.perf_counter() + share_s
    while len(found) < counts.host and (time.perf_counter() < end or len(found) < counts.fewest):
        begun = time.perf_counter()
        ticket = pipeline.draw(some[len(found) % len(some)])
        handed = time.perf_counter()
        machine.device.settle()
        ready = time.perf_counter()
        ticket.frames()
        found.append(1000 * (handed - begun + time.perf_counter() - ready))
    return found


def _flowing(pipeline: Pipeline, some: list[Any], share_s: float, counts: Counts) -> float:
    """Return ms a batch with two of them under way all the time."""
    count, under_way = 0, [pipeline.draw(some[0])]
    begun = time.perf_counter()
    end = begun + share_s
    while count < counts.flowing and (time.perf_counter() < end or count < counts.fewest):
        under_way.append(pipeline.draw(some[(count + 1) % len(some)]))
        under_way.pop(0).frames()
        count += 1
    took = time.perf_counter() - begun
    under_way.pop().frames()
    return 1000 * took / count
