"""Read a virtual camera as a meeting program would, and tell what comes out of it.

`read_back` sends a test card through the product's own camera sink and reads it; `watch` only reads
what another program sends. Linux alone lets a program read a camera that has its sender.
"""

import contextlib
import errno
import os
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamer.sinks.camera import CameraSink
from streamer.sinks.camera_card import BITS, Card, Seen
from streamer.sinks.camera_linux import DeviceFormat, VideoDevices
from streamer.sinks.camera_system import CameraUnavailable

SECONDS: Final = 2.0
"""How long is read; a rate is then known to half a frame a second."""

# Enough to fill the reader's queue, and to be past the opening of the camera.
_WARM_UP_S: Final = 0.5
_NO_FRAME_S: Final = 5.0
_POLL_S: Final = 0.001

# These keep every camera open to list it, and show it to nobody.
_LISTERS: Final = ("pipewire", "wireplumber")

_NUMBERS: Final = 1 << BITS

# Looked at for their colours, of which one may be torn.
_PICTURES: Final = 3


@dataclass(frozen=True)
class Readback:
    """What came out of the camera; None is what could not be told.

    ``fps`` counts what a reader got. ``colour_error`` is the worst of the bars, of 255. Latency is
    from the sink's `send` to the reader, median and worst, in ms.
    """

    device: str
    form: DeviceFormat
    fps: float
    colour_error: int | None = None
    mirrored: bool | None = None
    latency_ms: float | None = None
    latency_worst_ms: float | None = None


@dataclass(frozen=True)
class _Frame:
    """A frame that came: when, on the monotonic clock (s), and its number read both ways."""

    at: float
    number: int | None
    number_mirrored: int | None


@dataclass(frozen=True)
class _Reading:
    """What a reader got: its frames, and the bars' worst error, straight and mirrored."""

    form: DeviceFormat
    frames: list[_Frame]
    straight: int | None
    turned: int | None

    @property
    def fps(self) -> float:
        frames = self.frames
        return (len(frames) - 1) / (frames[-1].at - frames[0].at) if len(frames) > 1 else 0.0


def readers(device: str) -> list[str]:
    """Return the programs that have the camera open, except those that only list cameras."""
    holders = VideoDevices().holders(device)
    return [str(holder) for holder in holders if not holder.name.startswith(_LISTERS)]


def read_back(
    device: str, width: int, height: int, fps: float, *, seconds: float = SECONDS
) -> Readback:
    """Send the test card to a camera that nobody uses, and read it.

    Raises: `CameraUnavailable`.
    """
    cards: list[Card] = []
    sink = CameraSink(device, width, height, fps, native=lambda form: cards[0].native(form))
    with contextlib.closing(sink):
        state = sink.state
        if state.status != "attached":
            raise CameraUnavailable(state.reason, state.message)
        cards.append(Card(state.width, state.height))  # the camera may have another size
        with _sending(sink, cards[0], fps) as sent:
            reading = _read(device, seconds)
    if reading.straight is None or reading.turned is None:
        return Readback(device, reading.form, reading.fps)
    mirrored = reading.turned < reading.straight
    latencies = []
    for frame in reading.frames:
        number = frame.number_mirrored if mirrored else frame.number
        if number is not None and number in sent and frame.at > sent[number]:
            latencies.append((frame.at - sent[number]) * 1000.0)
    return Readback(
        device,
        reading.form,
        reading.fps,
        colour_error=min(reading.straight, reading.turned),
        mirrored=mirrored,
        latency_ms=statistics.median(latencies) if latencies else None,
        latency_worst_ms=max(latencies) if latencies else None,
    )


def watch(device: str, *, seconds: float = SECONDS) -> Readback:
    """Read what another program sends. Raises: `CameraUnavailable`."""
    reading = _read(device, seconds)
    return Readback(device, reading.form, reading.fps)


@contextlib.contextmanager
def _sending(sink: CameraSink, card: Card, fps: float) -> Iterator[dict[int, float]]:
    """Send the card with a growing number, as the render loop sends; yields when each was sent."""
    sent: dict[int, float] = {}
    stop = threading.Event()

    def loop() -> None:
        start, k = time.monotonic(), 0
        while not stop.wait(max(0.0, start + k / fps - time.monotonic())):
            card.show(k)
            sent[k % _NUMBERS] = time.monotonic()
            sink.send(card.frame, k / fps)
            k += 1

    thread = threading.Thread(target=loop, name="camera-card", daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join(timeout=2.0)


def _read(device: str, seconds: float) -> _Reading:
    """Read frames for a while, after a moment in which old ones are let go.

    Raises: `CameraUnavailable`.
    """
    try:
        fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    except OSError as exc:
        raise CameraUnavailable("other", f"it cannot be read: {exc.strerror}") from exc
    form, frames, kept = None, list[_Frame](), list[Seen]()
    begin = time.monotonic()
    try:
        while (age := time.monotonic() - begin) < _WARM_UP_S + (seconds if frames else _NO_FRAME_S):
            form = form or VideoDevices().format(device)
            try:
                data = os.read(fd, _most_bytes(form))
            except BlockingIOError:
                time.sleep(_POLL_S)
                continue
            if form is None or age < _WARM_UP_S:
                continue
            at, seen = time.monotonic(), _seen(data, form)
            frames.append(
                _Frame(
                    at,
                    seen.number() if seen else None,
                    seen.number(mirrored=True) if seen else None,
                )
            )
            if seen and len(kept) < _PICTURES:
                kept.append(seen)
    except OSError as exc:
        if exc.errno == errno.EBUSY:
            raise CameraUnavailable(
                "busy", "another program reads it, and this driver shows it to one alone"
            ) from exc
        raise CameraUnavailable("other", f"it cannot be read: {exc.strerror}") from exc
    finally:
        os.close(fd)
    if form is None or not frames:
        raise CameraUnavailable("other", "it gave no frame")
    straight = min((picture.bars_error() for picture in kept), default=None)
    turned = min((picture.bars_error(mirrored=True) for picture in kept), default=None)
    return _Reading(form, frames, straight, turned)


def _seen(data: bytes, form: DeviceFormat) -> Seen | None:
    try:
        return Seen(data, form)
    except ValueError:
        return None


def _most_bytes(form: DeviceFormat | None) -> int:
    """More than a frame has: one read is one frame, which the driver may have padded."""
    return 2 * form.width * form.height + (1 << 16) if form else 1 << 26
