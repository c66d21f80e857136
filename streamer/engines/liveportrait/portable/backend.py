"""A runtime that draws the exported graph, as one protocol, and how its errors are told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.errors import EngineError

Numbers = NDArray[np.float32]


class Backend(Protocol):
    """Draws faces of one photo after another. Used by one thread at a time."""

    @property
    def name(self) -> str:
        """The runtime, its version, where it really runs, and how exact: for people."""
        ...

    @property
    def device(self) -> str:
        """What it runs on: ``cpu`` or the name of an accelerator."""
        ...

    def draw(self, feature_3d: Numbers, kp_source: Numbers, kp_driving: Numbers) -> Numbers:
        """Draw.

        Shapes: (1, 32, 16, 64, 64), (1, 21, 3), (B, 21, 3) -> (B, 3, 512, 512) in 0..1. The answer
        is the caller's: the next call does not touch it.
        Raises: `EngineError`.
        """
        ...


class GraphFile(Protocol):
    """Where the graph is found, as a file; made when first asked for."""

    def __call__(self, precision: str) -> Path:
        """Return the file. Raises: `EngineError`."""
        ...


def guarded(runtime: str, where: str, call: Callable[[], Any]) -> Any:
    """Call a runtime, whose errors share no class, and tell its errors as ours.

    Raises: `EngineError`.
    """
    try:
        return call()
    except EngineError:
        raise
    except Exception as exc:  # also memory that is full: torch's may not be
        first = (str(exc) or type(exc).__name__).strip().splitlines()[0][:200]
        raise EngineError(f"{runtime} failed on {where}: {first}") from exc
