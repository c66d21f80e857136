"""Places in the host's memory where the device leaves frames, used again and again.

Who looks at a frame holds an array that lies in a place; the place is free again when the last
such array is gone and the device has finished with it. So no frame is overwritten before it was
taken, nor while somebody reads it, and a frame that nobody wants any more gives its place back.
"""

import threading
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from streamer.engines.liveportrait.fast.graphs import Device, Mark
from streamer.errors import EngineError

# Frames that are drawn ahead, shown, and looked at by the page, with some room.
AT_FIRST: Final = 4
# Somebody who never lets go of frames must not eat the memory: 64 frames at 720p are 320 MB.
AT_MOST: Final = 64


class Place:
    """Memory for one frame and for the parameters that it is drawn from.

    Shapes: whole (size,) uint8; parameters (faces, 17) float32; both of the host.
    """

    def __init__(self, device: Device, size: int, faces: int, columns: int) -> None:
        self.whole = device.host(size, dtype=torch.uint8)
        self.parameters = device.host(faces, columns, dtype=torch.float32)
        self.rows: NDArray[np.float32] = self.parameters.numpy()
        self.used: Mark | None = None  # the device is done with the place there
        self.held = False
        self._array: NDArray[np.uint8] = self.whole.numpy()

    @property
    def free(self) -> bool:
        """Whether nobody looks at the place and the device is done with it."""
        return not self.held and (self.used is None or self.used.done())

    def lease(self) -> NDArray[np.uint8]:
        """Return the place as an array; all its views together hold the place."""
        self.held, self.used = True, None
        return np.asarray(_Lease(self, self._array))


class _Lease:
    """What the arrays in a place stand on; numpy keeps it alive as long as one of them is."""

    def __init__(self, place: Place, array: NDArray[np.uint8]) -> None:
        self.__array_interface__: dict[str, Any] = array.__array_interface__
        self._place = place

    def __del__(self) -> None:
        self._place.held = False


class Ring:
    """All places of one scene; grows when frames are held."""

    def __init__(self, device: Device, size: int, *, faces: int, columns: int) -> None:
        self._make = lambda: Place(device, size, faces, columns)
        self._places = [self._make() for _ in range(AT_FIRST)]
        self._next = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many places there are."""
        return len(self._places)

    def take(self) -> tuple[Place, NDArray[np.uint8]]:
        """Return a free place and the array that holds it. Raises: `EngineError`."""
        with self._lock:
            for step in range(len(self._places)):
                place = self._places[(self._next + step) % len(self._places)]
                if place.free:
                    self._next = (self._next + step + 1) % len(self._places)
                    return place, place.lease()
            if len(self._places) >= AT_MOST:
                raise EngineError(
                    f"{AT_MOST} frames were drawn and none was let go. Restart, or use "
                    "--speed safe."
                )
            place = self._make()
            self._places.append(place)
            return place, place.lease()
