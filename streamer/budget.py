"""What a frame costs per section, measured without a clock's waiting."""

import statistics
import time
from dataclasses import asdict, dataclass
from typing import Final

import cv2

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Controls, Wishes
from streamer.engines import Engine, Portrait
from streamer.sinks.pixels import NativeFrames
from streamer.view import View

# What is played while measuring: everything that costs the warp engine most comes up.
PERFORMANCE: Final = ("smile", "talk", "surprise", "wink", "laugh", "nod")


@dataclass(frozen=True)
class Budget:
    """Medians and 95th percentiles in ms for one engine at one size."""

    engine: str
    device: str
    backend: str
    size: str
    threads: int
    frames: int
    stage_s: float
    animate_ms: float
    render_ms: float
    render_p95_ms: float
    render_max_ms: float
    convert_ms: float
    total_ms: float

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


def measure(
    engine: Engine, portrait: Portrait, presets: PresetLibrary, view: View, frames: int = 600
) -> Budget:
    """Draw ``frames`` frames of idle life and presets at 30 fps of stream time."""
    start = time.perf_counter()
    scene = engine.stage(portrait, view)
    stage_s = time.perf_counter() - start
    animator = Animator(
        seed=1, rest=scene.rest, presets=presets.presets, styles=presets.idle_styles
    )
    controls = Controls(Wishes())
    native = NativeFrames("I420", view.width, view.height)
    names = [name for name in PERFORMANCE if name in presets.presets]
    for index in range(frames // 90):
        controls.trigger(names[index % len(names)], at=1.0 + 3.0 * index)
    wishes = controls.snapshot()
    rows: list[tuple[float, float, float]] = []
    for index in range(frames):
        t0 = time.perf_counter()
        face = animator.at(index / 30.0, wishes)
        t1 = time.perf_counter()
        frame = scene.render(face)
        t2 = time.perf_counter()
        native.convert(frame)
        rows.append((t1 - t0, t2 - t1, time.perf_counter() - t2))
    scene.close()
    animate, render, pixels = (
        sorted(1000.0 * v for v in column) for column in zip(*rows, strict=True)
    )
    total = [1000.0 * sum(row) for row in rows]
    return Budget(
        engine=engine.name,
        device=engine.device,
        backend=engine.backend,
        size=f"{view.width}x{view.height}",
        threads=cv2.getNumThreads(),
        frames=frames,
        stage_s=round(stage_s, 3),
        animate_ms=round(statistics.median(animate), 3),
        render_ms=round(statistics.median(render), 2),
        render_p95_ms=round(render[int(0.95 * frames)], 2),
        render_max_ms=round(render[-1], 2),
        convert_ms=round(statistics.median(pixels), 2),
        total_ms=round(statistics.median(total), 2),
    )
