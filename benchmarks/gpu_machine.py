"""The machine that `benchmarks.gpu` runs on: its clock, its memory, and what it says of itself."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import torch

from benchmarks.gpu_report import Report, line_of, median
from streamer.engines.liveportrait.fast.graphs import Device, Work
from streamer.engines.liveportrait.fast.recipes import device_for

# What nvidia-smi is asked for. Nothing is ever set.
QUERY = (
    *("name", "driver_version", "memory.total", "memory.used", "clocks.sm", "clocks.max.sm"),
    *("clocks.mem", "clocks.max.mem", "power.draw", "power.limit", "temperature.gpu"),
    *("utilization.gpu", "persistence_mode"),
)
SMI_S = 10.0  # it can take seconds where nothing keeps the driver awake

COPY_BYTES = 1 << 30
MATRIX = 8192
TURNS = 10


class DeviceGone(Exception):
    """The device answers this process no more; ``culprit`` was at work."""

    def __init__(self, culprit: str) -> None:
        super().__init__(f"the device was lost with: {culprit}")
        self.culprit = culprit


class Machine:
    """A device behind the seam of the fast path: CUDA events there, `perf_counter` on a CPU."""

    def __init__(self, name: str) -> None:
        self.device: Device = device_for(name)

    @property
    def name(self) -> str:
        return self.device.name

    @property
    def cuda(self) -> bool:
        return self.name.startswith("cuda")

    @property
    def half(self) -> torch.dtype:
        """The type to compute in; CPUs are slow in float16 and are here for trials alone."""
        return torch.float16 if self.cuda else torch.float32

    def timed(self, works: Sequence[Work]) -> list[float]:
        """Do one work after the other without a pause; return what each took, ms.

        A work's time ends where the device has done it, so it is the longer of what the host took
        to hand it over and the device to do it.
        """
        queue = self.device.compute
        marks = [queue.mark()]
        for work in works:
            queue.run(work)
            marks.append(queue.mark())
        marks[-1].wait()
        return [after.ms_since(before) for before, after in pairwise(marks)]

    def allocated_mb(self) -> float:
        return torch.cuda.memory_allocated() / 1e6 if self.cuda else 0.0

    def peak_mb(self) -> float:
        return torch.cuda.max_memory_allocated() / 1e6 if self.cuda else 0.0

    def used_mb(self) -> float:
        """What all programs together use of the device."""
        if not self.cuda:
            return 0.0
        free, total = torch.cuda.mem_get_info()
        return (total - free) / 1e6

    def lost(self) -> bool:
        """Whether a fault has ended the device for this process, as a bad kernel's does."""
        try:
            self.device.settle()
        except RuntimeError:
            return True
        return False

    def new_peak(self) -> None:
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()

    def smi(self, *names: str) -> dict[str, str]:
        """Return what nvidia-smi says; what it does not say is left out."""
        tool = shutil.which("nvidia-smi")
        if tool is None or not self.cuda:
            return {}
        names = names or QUERY
        command = [tool, f"--query-gpu={','.join(names)}", "--format=csv,noheader"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SMI_S, check=True)
        values = [value.strip() for value in done.stdout.splitlines()[0].split(",")]
        return dict(zip(names, values, strict=False))


def about(machine: Machine) -> dict[str, Any]:
    """Return what the figures depend on."""
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if machine.cuda else machine.name,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if machine.cuda else None,
        "command": " ".join(sys.argv),
    }
    if machine.cuda:
        properties = torch.cuda.get_device_properties(0)
        found["memory_mb"] = round(properties.total_memory / 1e6)
        found["multiprocessors"] = properties.multi_processor_count
        found["capability"] = f"{properties.major}.{properties.minor}"
    try:
        import triton
    except ImportError:
        found["triton"] = None
    else:
        found["triton"] = triton.__version__
    return found


def say_clocks(machine: Machine, report: Report, when: str) -> None:
    """Keep the clocks as they are now; a card that throttles shows it here."""
    try:
        found = machine.smi("clocks.sm", "clocks.mem", "power.draw", "temperature.gpu")
    except (OSError, subprocess.SubprocessError, IndexError) as exc:
        found = {"nvidia-smi": line_of(exc)}
    if found:
        report.tell("clocks", when, found)


def run(machine: Machine, report: Report, *, smoke: bool) -> None:
    """Print and keep what this machine is, and what it can do at most."""
    for key, value in about(machine).items():
        report.tell("environment", key, value)
    try:
        report.tell("environment", "nvidia_smi", machine.smi() or "none")
    except (OSError, subprocess.SubprocessError, IndexError) as exc:
        report.tell("environment", "nvidia_smi", line_of(exc))
    for name, measure in (("copy_tb_s", copy_tb_s), ("matmul_tflop_s", matmul_tflop_s)):
        try:
            report.tell("environment", name, measure(machine, smoke=smoke))
        except RuntimeError as exc:
            report.tell("environment", name, line_of(exc))
    say_clocks(machine, report, "after the matrix products")


def copy_tb_s(machine: Machine, *, smoke: bool) -> float:
    """Return what the device copies in its memory; bytes read and written count."""
    count = 1 << 20 if smoke else min(COPY_BYTES, int(machine.device.spare_mb() * 1e6) // 8)
    here = torch.randint(0, 255, (count,), dtype=torch.uint8, device=machine.name)
    there = torch.empty_like(here)
    machine.device.settle()  # made beside the queue
    times = machine.timed([partial(_copy, there, here)] * (TURNS + 3))[3:]
    return round(2 * count / median(times) / 1e9, 3)


def matmul_tflop_s(machine: Machine, *, smoke: bool) -> float:
    """Return what the device multiplies, in float16, of random values: zeros would be faster."""
    side = 128 if smoke else MATRIX
    a, b = (torch.randn(side, side, device=machine.name, dtype=machine.half) for _ in range(2))
    out = torch.empty_like(a)
    machine.device.settle()
    times = machine.timed([lambda: _product(a, b, out)] * (TURNS + 3))[3:]
    return round(2 * side**3 / median(times) / 1e9, 1)


@torch.inference_mode()
def _copy(to: torch.Tensor, of: torch.Tensor) -> None:
    to.copy_(of)


@torch.inference_mode()
def _product(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
    torch.matmul(a, b, out=out)
