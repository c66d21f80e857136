"""The device's side of the fast path: two queues of work, marks in them, and recorded work.

All that the fast path asks of CUDA goes through `Device`, so that its order can be proven without
one: tests hold a device whose queues run only when they say so.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

import torch
from torch import Tensor

Work = Callable[[], None]
"""Calls to torch that leave their answers in tensors that exist already."""

# The first call of a kernel loads it, the second finds the memory where it stays; the third is for
# libraries that choose an algorithm twice. Source: PyTorch's notes on CUDA graphs, 3 or more.
WARM_UPS: Final = 3


class Mark(Protocol):
    """A place in a queue: passed when all work before it is finished."""

    def done(self) -> bool:
        """Say whether it was passed; never waits."""
        ...

    def wait(self) -> None:
        """Return when it was passed; the processor is free meanwhile."""
        ...

    def ms_since(self, earlier: "Mark") -> float:
        """Return how long the device took between two marks, both passed."""
        ...


class Queue(Protocol):
    """Work that a device does in order, beside the host and beside other queues."""

    def run(self, work: Work) -> None:
        """Queue the work; returns before it is done."""
        ...

    def mark(self) -> Mark:
        """Return the place behind what was queued so far."""
        ...

    def wait_for(self, mark: Mark) -> None:
        """Let what is queued from now on wait for a mark; the host does not."""
        ...


class Device(Protocol):
    """A place to draw: its queues, the host's memory that it reaches, recorded work."""

    @property
    def name(self) -> str:
        """What torch calls it."""
        ...

    @property
    def compute(self) -> Queue:
        """The queue that draws."""
        ...

    @property
    def transfer(self) -> Queue:
        """The queue that brings frames to the host."""
        ...

    @property
    def records(self) -> bool:
        """Whether `record` saves anything."""
        ...

    @property
    def exclusive(self) -> bool:
        """Whether only one thread may use it at a time."""
        ...

    def host(self, *shape: int, dtype: torch.dtype) -> Tensor:
        """Return zeroed memory of the host that the device reads and writes by itself."""
        ...

    def record(self, work: Work, *, tuned: bool = False) -> Work:
        """Return work that does the same with one call, on the compute queue.

        The tensors that it reads and writes keep their places. It is run `WARM_UPS` times before,
        beside the queues; ``tuned`` times the algorithms for every convolution meanwhile, which
        takes longer and concerns all threads. Waits for the device.
        Raises: torch's errors, out of memory among them.
        """
        ...

    def settle(self) -> None:
        """Wait for all that the device was given, in any queue. Never on the way of a frame."""
        ...

    def free(self) -> None:
        """Give unused memory back to the system."""
        ...

    def spare_mb(self) -> float:
        """Return how much of the device's memory is free."""
        ...


class CudaDevice:
    """A CUDA card: streams, events and graphs.

    Both streams have the lowest priority that CUDA knows, which is also its default, 0; smaller
    numbers come first. Between programs the number counts for nothing: the driver shares the card
    by time, so a game beside us is spared by drawing less (`Governor`), not by this.
    """

    records = True
    exclusive = False

    def __init__(self, name: str = "cuda") -> None:
        self.name = name
        lowest, _ = torch.cuda.Stream(name).priority_range()
        self.compute = CudaQueue(torch.cuda.Stream(name, priority=lowest))
        self.transfer = CudaQueue(torch.cuda.Stream(name, priority=lowest))
        # Recordings are made beside the queues, which go on meanwhile, and take their scratch
        # memory from one place: they are replayed one after the other, on one queue. They are
        # tried on another stream than they are recorded on: cuBLAS keeps a work space per stream,
        # and one that recordings use must not be written to beside them.
        self._trials = torch.cuda.Stream(name, priority=lowest)
        self._recorder = torch.cuda.Stream(name, priority=lowest)
        self._pool = torch.cuda.graph_pool_handle()
        # One recording at a time, and none while somebody waits for the whole device: CUDA calls
        # that a misuse, in whichever thread, and the recording is lost.
        self._one = threading.Lock()

    def host(self, *shape: int, dtype: torch.dtype) -> Tensor:  # noqa: D102
        return torch.zeros(shape, dtype=dtype, pin_memory=True)

    def record(self, work: Work, *, tuned: bool = False) -> Work:  # noqa: D102
        self.settle()  # what the work reads was made on other streams
        graph = torch.cuda.CUDAGraph()
        with _benchmark(tuned):
            with torch.cuda.stream(self._trials):
                for _ in range(WARM_UPS):
                    work()
            self._trials.synchronize()
            with (
                self._one,
                torch.cuda.stream(self._recorder),
                _recording(graph, self._pool),
            ):
                work()
        self.free()  # the warm-up's memory; the recording has its own
        return graph.replay

    def settle(self) -> None:  # noqa: D102
        with self._one:
            torch.cuda.synchronize(self.name)

    def free(self) -> None:  # noqa: D102
        torch.cuda.empty_cache()

    def spare_mb(self) -> float:  # noqa: D102
        free, _ = torch.cuda.mem_get_info(self.name)
        kept = torch.cuda.memory_reserved(self.name) - torch.cuda.memory_allocated(self.name)
        return float(free + kept) / 1e6


@contextmanager
def _benchmark(on: bool) -> Iterator[None]:
    """Let cuDNN time its algorithms. A setting of the process, not of a thread."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = on
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


@contextmanager
def _recording(graph: torch.cuda.CUDAGraph, pool: Any) -> Iterator[None]:
    """Record what is queued on the current stream instead of doing it.

    `torch.cuda.graph` would stop the whole device and empty its caches first, on air.
    """
    # A collection inside could destroy an old recording, which CUDA may take amiss there.
    collects = gc.isenabled()
    gc.disable()
    try:
        # "thread_local": what other threads do on the device, such as finding a face or waiting
        # for a frame, must not spoil the recording.
        graph.capture_begin(pool=pool, capture_error_mode="thread_local")
        try:
            yield
        except BaseException:
            with suppress(RuntimeError):  # only the first error says what happened
                graph.capture_end()
            raise
        graph.capture_end()
    finally:
        if collects:
            gc.enable()


class CudaQueue:
    """A CUDA stream."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.stream = stream

    def run(self, work: Work) -> None:  # noqa: D102
        with torch.cuda.stream(self.stream):
            work()

    def mark(self) -> "CudaMark":  # noqa: D102
        # "blocking": who waits sleeps instead of turning a core.
        event = torch.cuda.Event(enable_timing=True, blocking=True)
        event.record(self.stream)
        return CudaMark(event)

    def wait_for(self, mark: Mark) -> None:  # noqa: D102
        assert isinstance(mark, CudaMark)
        self.stream.wait_event(mark.event)


class CudaMark:
    """A CUDA event."""

    def __init__(self, event: torch.cuda.Event) -> None:
        self.event = event

    def done(self) -> bool:  # noqa: D102
        return bool(self.event.query())

    def wait(self) -> None:  # noqa: D102
        self.event.synchronize()

    def ms_since(self, earlier: Mark) -> float:  # noqa: D102
        assert isinstance(earlier, CudaMark)
        return float(earlier.event.elapsed_time(self.event))


class EagerDevice:
    """A device without queues, such as a CPU: work is done when it is queued."""

    records = False
    exclusive = True  # of MPS; on a CPU two at once are no faster

    def __init__(self, name: str = "cpu", now: Callable[[], float] = time.perf_counter) -> None:
        self.name = name
        self.compute = EagerQueue(now)
        self.transfer = EagerQueue(now)

    def host(self, *shape: int, dtype: torch.dtype) -> Tensor:  # noqa: D102
        return torch.zeros(shape, dtype=dtype)

    def record(self, work: Work, *, tuned: bool = False) -> Work:  # noqa: D102
        work()
        return work

    def settle(self) -> None:  # noqa: D102
        if self.name == "mps":
            torch.mps.synchronize()

    def free(self) -> None:  # noqa: D102
        if self.name == "mps":
            torch.mps.empty_cache()

    def spare_mb(self) -> float:  # noqa: D102
        return float("inf")


class EagerQueue:
    """Does at once what it is given."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def run(self, work: Work) -> None:  # noqa: D102
        work()

    def mark(self) -> "EagerMark":  # noqa: D102
        return EagerMark(self._now())

    def wait_for(self, mark: Mark) -> None:
        """Nothing is left to wait for."""


class EagerMark:
    """A time at which everything before was done."""

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s

    def done(self) -> bool:  # noqa: D102
        return True

    def wait(self) -> None:
        """Nothing is left to wait for."""

    def ms_since(self, earlier: Mark) -> float:  # noqa: D102
        assert isinstance(earlier, EagerMark)
        return 1000.0 * (self.at_s - earlier.at_s)
