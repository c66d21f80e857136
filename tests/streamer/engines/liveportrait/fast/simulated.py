"""A device whose queues run only when a test lets them, and a portrait that is only numbers."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast.compose import Box
from streamer.engines.liveportrait.fast.graphs import Mark, Work
from streamer.engines.liveportrait.fast.painter import COLUMNS, Easel
from streamer.parameters import Face, neutral_face

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.0)


class SimulatedMark:
    """Passed when its queue comes by. To wait for it lets the device run."""

    def __init__(self, device: "SimulatedDevice") -> None:
        self.device = device
        self.passed = False
        self.at_ms = 0.0

    def done(self) -> bool:
        return self.passed

    def wait(self) -> None:
        self.device.log.append("host waits")
        self.device.run(until=lambda: self.passed)

    def ms_since(self, earlier: Mark) -> float:
        assert isinstance(earlier, SimulatedMark)
        assert self.passed
        assert earlier.passed
        return self.at_ms - earlier.at_ms


class SimulatedQueue:
    """Keeps its work until the device runs."""

    def __init__(self, device: "SimulatedDevice", name: str) -> None:
        self.device = device
        self.name = name
        self.left: deque[Work | SimulatedMark | tuple[SimulatedMark]] = deque()

    def run(self, work: Work) -> None:
        self.device.log.append(f"{self.name}: queue")
        self.left.append(work)

    def mark(self) -> SimulatedMark:
        mark = SimulatedMark(self.device)
        self.left.append(mark)
        return mark

    def wait_for(self, mark: Mark) -> None:
        assert isinstance(mark, SimulatedMark)
        self.left.append((mark,))

    def step(self) -> bool:
        """Do the next thing; returns whether there was one that could be done."""
        if not self.left:
            return False
        first = self.left[0]
        if isinstance(first, tuple) and not first[0].passed:
            return False
        self.left.popleft()
        if isinstance(first, SimulatedMark):
            first.passed, first.at_ms = True, self.device.clock_ms
        elif not isinstance(first, tuple):
            if self.device.lost is not None:
                raise self.device.lost
            first()
            self.device.clock_ms += 1.0
        return True


class SimulatedDevice:
    """Runs nothing by itself. ``order`` says which queue goes first where both could."""

    name = "cpu"
    exclusive = False

    def __init__(
        self, order: Sequence[str] = ("compute", "transfer"), records: bool = True
    ) -> None:
        self.records = records
        self.log: list[str] = []
        self.clock_ms = 0.0
        self.lost: RuntimeError | None = None
        self.full_after: int | None = None  # recordings before the memory is full
        self.recorded = 0
        self.settled = 0
        self.freed = 0
        self.compute = SimulatedQueue(self, "compute")
        self.transfer = SimulatedQueue(self, "transfer")
        self._queues = [getattr(self, name) for name in order]
        self._running = threading.Lock()

    def host(self, *shape: int, dtype: torch.dtype) -> Tensor:
        return torch.zeros(shape, dtype=dtype)

    def record(self, work: Work, *, tuned: bool = False) -> Work:
        self.settle()
        if self.full_after is not None and self.recorded >= self.full_after:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        work()
        self.recorded += 1
        self.log.append("record" + (" tuned" if tuned else ""))

        def replay() -> None:
            self.log.append("replay")
            work()

        return replay

    def settle(self) -> None:
        self.settled += 1
        self.run()

    def free(self) -> None:
        self.freed += 1

    def spare_mb(self) -> float:
        return 8000.0

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Let the queues run: to the end, or until something has happened."""
        while not until():
            with self._running:
                if not any(queue.step() for queue in self._queues):
                    return


@dataclass
class NumberPainter:
    """Paints crops whose bytes tell which face they are of: its smile, in grey levels.

    A face that frowns (eyebrow below 0) is not finite; one that winks is black.
    """

    device: SimulatedDevice
    form: str = "numbers"
    easels: dict[int, Easel] = field(default_factory=dict)

    @property
    def batches(self) -> tuple[int, ...]:
        return tuple(sorted(self.easels))

    def easel(self, batch: int) -> Easel:
        return self.easels[batch]

    def ready(self, *batches: int) -> "NumberPainter":
        for batch in batches:
            self.easels[batch] = self._easel(batch)
        return self

    def _easel(self, batch: int) -> Easel:
        parameters = torch.zeros(batch, COLUMNS)
        crops = torch.zeros(batch, CROP_PX, CROP_PX, 3, dtype=torch.uint8)
        lights = torch.zeros(batch)
        smile, eyebrow, wink = (list(REST).index(n) for n in ("smile", "eyebrow", "wink"))

        def paint() -> None:
            for i, line in enumerate(parameters):
                dark = 0.0 if float(line[wink]) > 0 else 1.0
                crops[i] = round(dark * 100 * float(line[smile])) + round(dark * 50)
                lights[i] = crops[i, 0, 0, 0] / 255.0
                if line[eyebrow] < 0:
                    lights[i] = torch.nan

        return Easel(parameters, crops, lights, self.device.record(paint))


class CopyLayer:
    """Lays the crop's top left corner into the frame, in a box of 8 by 4 px."""

    box = Box(2, 2, 8, 4)

    def __init__(self, width: int = 16, height: int = 8) -> None:
        self.background = torch.full((height, width, 3), 7, dtype=torch.uint8)

    def lay(self, crop: Tensor, frames: Tensor) -> None:
        frames[:, 2:6, 2:10] = crop[:, :4, :8]


def smiling(level: int) -> Face:
    """A face that `NumberPainter` paints in this grey level, 50..150."""
    return REST | {"smile": (level - 50) / 100}


def level(picture: Any) -> int:
    """Which grey level a picture has, everywhere."""
    values = np.unique(picture)
    assert len(values) == 1, values
    return int(values[0])
