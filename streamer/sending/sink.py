"""The renderer's end: a sink that leaves frames for the sender, and tells how its camera is."""

import time
from collections.abc import Callable
from typing import Any, Final

from streamer.sending.board import Board
from streamer.sending.ring import Form, Mark, Ring
from streamer.sinks import camera_advice as advice
from streamer.sinks.camera import CameraState
from streamer.sinks.camera_choice import this_system
from streamer.sinks.pixels import NativeFrames, Pixels
from streamer.view import Frame

# Without a camera a frame is left this often, to be there when one appears.
SELDOM_S: Final = 0.25


class SenderSink:
    """Asks the sender for a camera and leaves it the frames, in that camera's format and size.

    ``device``, ``native``, ``on_change`` as `streamer.sinks.camera.CameraSink`; ``on_change`` is
    called by the thread that sends. ``mark`` says what the frame shows that is sent now.
    """

    def __init__(
        self,
        board: Board,
        device: str,
        width: int,
        height: int,
        fps: float,
        *,
        mark: Callable[[], Mark],
        on_change: Callable[[CameraState], None] = lambda state: None,
        native: Callable[[str], Pixels | None] = lambda pixel_format: None,
        preview_url: str = advice.PREVIEW_URL,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._board = board
        self._ring = Ring(board)
        self._mark = mark
        self._on_change = on_change
        self._native = native
        self._now = now
        self._left_at = float("-inf")
        self._note = -1
        pixel_format = this_system(preview_url).pixel_format
        self._frames = NativeFrames(pixel_format, width, height)
        self._state = CameraState("waiting", "", "", "", "", pixel_format, width, height, 0.0)
        board.order.write(
            {
                "camera": device,
                "width": width,
                "height": height,
                "fps": fps,
                "preview_url": preview_url,
            }
        )
        self._order = board.order.serial

    @property
    def state(self) -> CameraState:
        """The newest state; frozen."""
        return self._state

    def send(self, frame: Frame, t: float) -> None:
        """Leave one frame, scaled where the camera has another size."""
        if self._board.camera.serial != self._note:
            self._look()
        now = self._now()
        if self._state.status != "attached" and now - self._left_at < SELDOM_S:
            return
        frames = self._frames
        form = Form(frames.pixel_format, frames.width, frames.height)
        same_size = frame.shape[:2] == (frames.height, frames.width)
        pixels = self._native(frames.pixel_format) if same_size else None
        if pixels is None:
            frames.convert(frame)
            frames.flip()
            pixels = frames.front
        self._ring.write(pixels, form, self._mark())
        self._left_at = now

    def close(self) -> None:
        """Forget the camera; the sender keeps it until another order, or the program's end."""

    def _look(self) -> None:
        """Take what the sender says of the camera."""
        self._note = self._board.camera.serial
        told = self._board.camera.read()
        if told is None or told["order"] != self._order or told["state"] is None:
            return  # the sender has not come to our order yet
        state = CameraState(**told["state"])
        if state == self._state:
            return
        self._state = state
        form = (state.native_format, state.width, state.height)
        if form != (self._frames.pixel_format, self._frames.width, self._frames.height):
            self._frames = NativeFrames(*form)  # type: ignore[arg-type]  # the sender's own word
        self._on_change(state)


def sender_figures(board: Board) -> dict[str, Any]:
    """Return what the sender counts, and its ``pid``; empty before there is one."""
    told = board.camera.read() or {}
    return {name: value for name, value in told.items() if name not in ("order", "state")}
