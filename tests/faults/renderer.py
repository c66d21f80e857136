"""The renderer with seams: what a test writes into a file happens inside it.

    python -m tests.faults.renderer ORDERS TOKEN PROGRAM COMMAND [FLAGS ...]

Each line appended to the file ORDERS is one order, ``name`` or ``name seconds``; orders that were
there before this process started are not for it. The product itself has no switch for any of this.
"""

import ctypes
import functools
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import control.commands.run
from control import renderer
from streamer import stream
from streamer.engines.choice import Choice, Options
from streamer.engines.warp.engine import WarpEngine
from streamer.sending.standby import StandbyPlace
from streamer.view import Frame
from tests.faults.stages import Seams

LOOK_S: Final = 0.02
LOOP_IS_DRAWN: Final = "The loop is drawn."

# Calls without letting go of the interpreter's lock, as a library in C may do.
HOLDING: Final = ctypes.PyDLL(None)


class Orders:
    """What can be ordered, each a method of this name with the number given."""

    def __init__(self) -> None:
        self.seams = Seams()

    def choose(self, options: Options) -> Choice:
        """Choose as the product does, with seams; ``--engine warp`` is the plain one."""
        if options.engine == "warp":
            return Choice(WarpEngine(), "Engine: warp, as asked.")
        return self.seams.choose(options)

    def _spoil(self, spoil: Callable[[Frame], Any]) -> None:
        for engine in self.seams.made:
            engine.spoil = spoil

    def slow(self, seconds: float) -> None:
        """One frame takes that long."""

        def spoil(frame: Frame) -> Frame:
            self.whole()
            time.sleep(seconds)
            return frame

        self._spoil(spoil)

    def each_slow(self, seconds: float) -> None:
        """Every frame does."""

        def spoil(frame: Frame) -> Frame:
            time.sleep(seconds)
            return frame

        self._spoil(spoil)

    def never(self, _: float) -> None:
        """A frame does not come back, in a call that keeps the lock free."""
        self._spoil(lambda frame: threading.Event().wait())

    def whole(self, _: float = 0.0) -> None:
        """Nothing is spoilt any more."""
        for engine in self.seams.made:
            engine.spoil = None

    def raises(self, _: float) -> None:
        """Every frame of this engine fails, as on a lost device."""

        def spoil(frame: Frame) -> Frame:
            raise RuntimeError("CUDA error: unspecified launch failure")

        self._spoil(spoil)

    def black(self, _: float) -> None:
        """Every frame of this engine is black."""

        def spoil(frame: Frame) -> Frame:
            frame[:] = 0
            return frame

        self._spoil(spoil)

    def leaves(self, _: float) -> None:
        """The frame thread ends by what is no error."""

        def spoil(frame: Frame) -> Frame:
            raise SystemExit(0)

        self._spoil(spoil)

    def hold(self, seconds: float) -> None:
        """A library in C keeps the interpreter's lock."""
        HOLDING.usleep(int(seconds * 1e6))

    def collect(self, seconds: float) -> None:
        """A garbage collection takes that long."""

        def slow(phase: str, info: Mapping[str, int]) -> None:
            if phase == "start":
                HOLDING.usleep(int(seconds * 1e6))

        gc.callbacks.append(slow)
        gc.collect()
        gc.callbacks.remove(slow)

    def crash(self, _: float) -> None:
        """A library in C reads where nothing is."""
        ctypes.string_at(0)

    def abort(self, _: float) -> None:
        """A library in C gives up."""
        os.abort()

    def leave(self, code: float) -> None:
        """The process ends with that code, in the middle of everything."""
        os._exit(int(code))

    def obey(self, file: Path) -> None:
        """Do what is written into the file from now on, in a thread."""
        done = len(_lines(file))
        while True:
            time.sleep(LOOK_S)
            fresh = _lines(file)[done:]
            done += len(fresh)
            for line in fresh:
                name, _, number = line.partition(" ")
                getattr(self, name)(float(number or 0))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def tell_of_loops() -> None:
    """Say when the loop that stands in for frames is drawn: it takes a while after each change."""
    write = StandbyPlace.write

    def told(*arguments: Any) -> bool:
        fits = write(*arguments)
        print(LOOP_IS_DRAWN, file=sys.stderr, flush=True)
        return fits

    StandbyPlace.write = told  # type: ignore[method-assign, assignment]


def main(arguments: Sequence[str]) -> int:
    file, *rest = arguments
    tell_of_loops()
    orders = Orders()
    control.commands.run.Stream = functools.partial(  # type: ignore[misc, assignment]
        stream.Stream, choose=orders.choose
    )
    threading.Thread(target=orders.obey, args=(Path(file),), name="orders", daemon=True).start()
    return renderer.main(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
