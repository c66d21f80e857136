"""The virtual camera as a sink that is always there, whatever happens to the camera behind it.

Programs that show a camera are impatient: a browser drops one for good after ten seconds without
a frame, and when its sender closes it. So the camera is opened once and kept, a keeper thread
repeats the last frame while the renderer is silent, looks each second whether the frames still
arrive, and opens the camera again when it was lost or was not there.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from streamer.sinks import camera_advice as advice
from streamer.sinks.camera_choice import this_system
from streamer.sinks.camera_system import (
    CameraSystem,
    CameraUnavailable,
    Finding,
    Link,
    Reason,
)
from streamer.sinks.pixels import NativeFrames, Pixels
from streamer.view import Frame

_log = logging.getLogger(__name__)

RETRY_S: Final = 2.0
"""How often a camera that is not there is looked for."""

CHECK_S: Final = 1.0
"""How often an open camera is looked at."""

# Meeting programs show a frozen picture without complaint; after one second some say "no video".
SILENCE_S: Final = 0.25
_KEEPER_PERIOD_S: Final = 0.1

Status = Literal["waiting", "attached", "closed"]


@dataclass(frozen=True)
class CameraState:
    """What the camera is doing; ``message`` is for the operator, empty while all is well.

    ``reason`` is the message's short name, for programs. ``width``, ``height`` are those that the
    camera really has. ``since`` is when the state was entered, on the sink's clock (s).
    """

    status: Status
    reason: Reason
    message: str
    device: str
    label: str
    native_format: str
    width: int
    height: int
    since: float


class CameraSink:
    """Sends frames to a virtual camera, and waits for one where there is none.

    ``device``: ``auto`` (the first that is free), a path such as ``/dev/video10``, or the name
    that meeting programs show. ``native`` gives the frame being sent in a camera's own format,
    where the engine has made it so; None: it is converted here. ``on_change`` is called with each
    new state, from the constructor, the keeper thread and `close`. ``system``, ``now`` and
    ``keeper=False`` (then `keep` is called by hand) are for tests.

    Raises: `ConfigError` for an odd size; nothing where no camera exists.
    """

    def __init__(
        self,
        device: str,
        width: int,
        height: int,
        fps: float,
        *,
        on_change: Callable[[CameraState], None] | None = None,
        native: Callable[[str], Pixels | None] = lambda pixel_format: None,
        preview_url: str = advice.PREVIEW_URL,
        system: CameraSystem | None = None,
        now: Callable[[], float] = time.monotonic,
        keeper: bool = True,
    ) -> None:
        self._system = system or this_system(preview_url)
        self._wanted = device
        self._fps = fps
        self._size = (width, height)
        self._on_change = on_change
        self._native = native
        self._now = now

        # The lock guards the four fields below it, and is held no longer than one write takes.
        self._lock = threading.Lock()
        self._link: Link | None = None
        self._frames = NativeFrames(self._system.pixel_format, width, height)
        self._written_at = now()
        self._write_error = ""

        self._prepared_at = float("-inf")
        self._retry_at = self._check_at = now()
        self._frames_repeated = 0
        self._stop = threading.Event()
        self._state = CameraState(
            "waiting", "", "", "", "", self._system.pixel_format, width, height, now()
        )
        self.keep()  # the first try is made here, so that the state is known from the start
        self._keeper: threading.Thread | None = None
        if keeper:
            self._keeper = threading.Thread(target=self._run, name="camera-keeper", daemon=True)
            self._keeper.start()

    @property
    def state(self) -> CameraState:
        """The newest state; frozen."""
        return self._state

    @property
    def frames_repeated(self) -> int:
        """How many times the keeper sent the last frame again."""
        return self._frames_repeated

    def send(self, frame: Frame, t: float) -> None:
        """Send one frame, scaled where the camera has another size. Called by one thread.

        Without a camera only a frame now and then is made ready, to be there when one appears.
        """
        now = self._now()
        if self._stop.is_set() or (self._link is None and now - self._prepared_at < SILENCE_S):
            return
        frames = self._frames
        same_size = frame.shape[:2] == (frames.height, frames.width)
        pixels = self._native(frames.pixel_format) if same_size else None
        if pixels is None:
            frames.convert(frame)
        else:
            frames.take(pixels)
        self._prepared_at = now
        with self._lock:
            if frames is self._frames:  # else the camera came at another size meanwhile
                frames.flip()
                self._write()

    def send_pixels(self, pixels: Pixels, pixel_format: str, width: int, height: int) -> bool:
        """Send one frame that is in the camera's own format and size; False if it is not."""
        frames = self._frames
        if (pixel_format, width, height) != (frames.pixel_format, frames.width, frames.height):
            return False
        frames.take(pixels)
        with self._lock:
            if frames is not self._frames:
                return False
            frames.flip()
            self._write()
        return True

    def close(self) -> None:
        """Give the camera back; calling it twice is harmless."""
        self._stop.set()
        if self._keeper is not None and self._keeper is not threading.current_thread():
            self._keeper.join(timeout=RETRY_S + 1.0)  # it may be looking at a camera in use
        self._detach()
        self._report("closed")

    def keep(self) -> None:
        """Do what is due: look for the camera, repeat the last frame, check that it arrived."""
        now = self._now()
        if self._link is None:
            if now >= self._retry_at:
                self._attach()
            return
        with self._lock:
            if now - self._written_at >= SILENCE_S:
                self._write()
                self._frames_repeated += 1
        if now >= self._check_at or self._write_error:
            self._check_at = now + CHECK_S
            self._check()

    def _run(self) -> None:
        told = ""
        while not self._stop.wait(_KEEPER_PERIOD_S):
            try:
                self.keep()
            except Exception as exc:  # a keeper that ends would cost the user the camera
                if str(exc) != told:
                    told = str(exc)
                    _log.exception("The camera's keeper met an error that it does not know")

    def _write(self) -> None:
        """Write the front frame, if there is a camera. The lock is held."""
        if self._link is None:
            return
        self._written_at = self._now()
        try:
            self._link.camera.send(self._frames.front)
        except (RuntimeError, OSError) as exc:  # the keeper reports it and opens the camera anew
            self._write_error = str(exc) or type(exc).__name__

    def _attach(self) -> None:
        """Open the camera and send the frame that is ready; or say why not."""
        self._retry_at = self._now() + RETRY_S
        try:
            link = self._system.attach(self._wanted, *self._size, self._fps)
        except CameraUnavailable as problem:
            self._report("waiting", problem.reason, str(problem))
            return
        if self._stop.is_set():
            self._system.release(link)
            return
        frames = self._frames
        if (link.pixel_format, link.width, link.height) != (
            frames.pixel_format,
            frames.width,
            frames.height,
        ):
            frames = NativeFrames(link.pixel_format, link.width, link.height)
        with self._lock:
            self._link, self._frames, self._write_error = link, frames, ""
            # At once: with the first frame the camera is ours, and browsers begin to list it.
            self._write()
        self._check_at = self._now() + CHECK_S
        finding = self._system.check(link)
        if finding is not None and finding.lost:
            self._lose(finding)
            return
        finding = finding or self._system.note(link)
        if finding is None:
            finding = Finding(link.reason, link.note, lost=False)
        self._report("attached", finding.reason, finding.message)

    def _check(self) -> None:
        """Look at the open camera; leave it when its frames do not arrive, and try again."""
        link = self._link
        assert link is not None
        if self._write_error:
            message = advice.other(link.device, self._write_error)
            finding: Finding | None = Finding("other", message, lost=True)
        else:
            finding = self._system.check(link)
        if finding is not None and finding.lost:
            self._lose(finding)
            self._attach()
        elif finding is not None:
            self._report("attached", finding.reason, finding.message)
        elif self._state.reason == "node-removed":  # it is back
            self._report("attached", link.reason, link.note)

    def _lose(self, finding: Finding) -> None:
        self._detach()
        self._report("waiting", finding.reason, finding.message)

    def _detach(self) -> None:
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            self._system.release(link)

    def _report(self, status: Status, reason: Reason = "", message: str = "") -> None:
        link, old = self._link, self._state
        new = CameraState(
            status,
            reason,
            message,
            device=link.device if link else "",
            label=link.label if link else "",
            native_format=self._frames.pixel_format,
            width=self._frames.width,
            height=self._frames.height,
            since=old.since,
        )
        if new == old:
            return
        self._state = replace(new, since=self._now())
        if self._on_change is not None:
            self._on_change(self._state)
