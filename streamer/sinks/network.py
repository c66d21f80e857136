"""Frames as a live stream over the network: RTMP, RTSP, SRT or MPEG-TS over UDP.

A process of its own encodes and sends (`network_sender`); a thread hands it the newest frame when
it is ready for one. Whatever the network does, the render thread only ever copies a frame, and
frames that come faster than they can be sent are skipped.
"""

import logging
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from streamer.sinks.network_advice import advice
from streamer.sinks.network_flow import OVER_S, Flow
from streamer.sinks.network_link import CLOSE_S, Link
from streamer.sinks.network_protocol import Order
from streamer.sinks.network_tracks import bit_rate_of
from streamer.sinks.pixels import NativeFrames, Pixels
from streamer.stream_url import CONTAINERS, redacted, shown_url
from streamer.view import Frame

log = logging.getLogger(__name__)

SENDER: Final = (sys.executable, "-P", "-m", "streamer.sinks.network_sender")

# Waits before it is tried again, s; the last one goes on for good. A receiver that was restarted
# is there again within seconds; a try costs a third of a second of one core.
RETRIES_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
# A connection that lasted this long was a good one: the waits begin anew.
GOOD_S: Final = 10.0
# Nothing was sent for this long: the receiver, or the way there, has died without a word.
STALLED_S: Final = 10.0
# More skipped than this of what there was: told to the operator.
SLOW_SHARE: Final = 0.25

Status = Literal["connecting", "sending", "waiting", "closed"]


@dataclass(frozen=True)
class NetworkState:
    """What the stream is doing; ``message`` is for the operator, empty while all is well.

    ``url`` holds no secrets. ``reason`` is the message's short name, for programs. ``skipped``
    counts frames that were not sent since a receiver or the encoder was slow.
    """

    url: str
    status: Status = "connecting"
    reason: str = ""
    message: str = ""
    encoder: str = ""
    size: str = ""
    fps: float = 0.0
    kbit_s: int = 0
    skipped: int = 0
    reconnects: int = 0


class NetworkSink:
    """Sends frames to ``url``, and goes on trying while nobody takes them there.

    ``url`` has been checked. ``native`` gives the frame being sent as I420, where the engine has
    made it so. ``on_change`` is called with each new status or message, from the sink's threads.
    ``command`` starts the sender, ``now`` and ``retries_s`` are for tests.
    """

    def __init__(
        self,
        url: str,
        fps: float,
        *,
        encoder: str = "auto",
        on_change: Callable[[NetworkState], None] = lambda state: None,
        native: Callable[[str], Pixels | None] = lambda pixel_format: None,
        command: Sequence[str] = SENDER,
        retries_s: Sequence[float] = RETRIES_S,
        stalled_s: float = STALLED_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fps = fps
        self._url = url
        self._encoder = encoder
        self._on_change = on_change
        self._native = native
        self._command = list(command)
        self._retries_s = retries_s
        self._stalled_s = stalled_s
        self._now = now
        self._state = NetworkState(shown_url(url))
        self._stop = threading.Event()

        # The condition guards the four fields below it.
        self._condition = threading.Condition()
        self._pending: tuple[Frame, tuple[int, int], float] | None = None
        self._spare: Frame | None = None
        self._ready = False
        self._ended = False

        self._link: Link | None = None
        self._sending = False  # whether frames are wanted now
        self._reached = False  # whether a receiver was there before
        self._flow = Flow()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    @property
    def state(self) -> NetworkState:
        """The newest state, with the figures of the last seconds."""
        sending = self._state.status == "sending"
        fps, kbit_s = self._flow.rates(self._now()) if sending else (0.0, 0)
        return replace(self._state, fps=fps, kbit_s=kbit_s, skipped=self._flow.skipped)

    def change_rate(self, fps: float) -> None:
        """Take another frame rate; the encoder is told with the next connection."""
        self.fps = fps

    def figures(self) -> dict[str, object]:
        """Return the state, JSON-able."""
        return asdict(self.state)

    def send(self, frame: Frame, t: float) -> None:
        """Take a copy of the frame, if there is somebody to send it to. Never waits."""
        if not self._sending or self._stop.is_set():
            return
        size = frame.shape[1], frame.shape[0]
        pixels = self._native("I420")
        source = frame if pixels is None else pixels.reshape(-1)
        with self._condition:
            spare, self._spare = self._spare, None
        if spare is None or spare.shape != source.shape:
            spare = np.empty_like(source)
        np.copyto(spare, source)
        with self._condition:
            if self._pending is not None:
                self._spare = self._pending[0]
                self._skip()
            self._pending = spare, size, t
            self._condition.notify_all()

    def close(self) -> None:
        """End the connection; calling it twice is harmless."""
        self._stop.set()
        with self._condition:
            self._condition.notify_all()
        self._thread.join(timeout=CLOSE_S + 1.0)
        if (link := self._link) is not None:  # a sender that takes nothing holds the thread up
            link.give_up()
            self._thread.join(timeout=CLOSE_S)

    # --- the thread

    def _run(self) -> None:
        tries = 0
        while not self._stop.is_set():
            began = self._now()
            try:
                failure = self._connect_and_send()
            except Exception as exc:  # a thread that ends would cost the user the stream
                log.exception("The network stream met an error that it does not know")
                failure = "other", f"{type(exc).__name__}: {exc}"
            if self._stop.is_set():
                break
            if failure is None:  # another frame size
                continue
            tries = 0 if self._now() - began >= GOOD_S else tries
            reason, text = failure
            message = advice(reason, redacted(text, self._url), self._url)
            self._report("waiting", reason=reason, message=message, encoder="")
            self._stop.wait(self._retries_s[min(tries, len(self._retries_s) - 1)])
            tries += 1
        self._report("closed", reason="", message="")

    def _connect_and_send(self) -> tuple[str, str] | None:
        """Send until something breaks; returns what did: its kind and its words.

        None: the sink is closed, or the frames have another size from now on.
        """
        first = self._first_frame()
        if first is None:
            return None
        width, height = first
        self._state = replace(self._state, size=f"{width}x{height}")
        link = self._link = Link(self._command, self._heard)
        try:
            link.write(self._order(width, height))
            pixels = NativeFrames("I420", width, height)
            while True:
                wanted = self._next(link, (width, height))
                if not isinstance(wanted, tuple):
                    return wanted if wanted is None else link.failure()
                frame, t = wanted
                if frame.ndim == 1:
                    link.write(struct.pack("<d", t), frame.data)
                else:
                    pixels.convert(frame)
                    pixels.flip()
                    link.write(struct.pack("<d", t), pixels.front.data)
                with self._condition:
                    if self._spare is None:
                        self._spare = frame
        except OSError:  # the sender has gone; it has said why
            return link.failure()
        finally:
            self._sending = False
            self._link = None
            link.close(self._stop.is_set())

    def _first_frame(self) -> tuple[int, int] | None:
        """Wait for a frame, whose size the encoder must know; None when the sink is closed."""
        with self._condition:
            self._pending, self._ready, self._ended = None, False, False
            self._sending = True
            self._condition.wait_for(lambda: self._pending is not None or self._stop.is_set())
            self._flow.begin()
            return None if self._pending is None or self._stop.is_set() else self._pending[1]

    def _order(self, width: int, height: int) -> bytes:
        scheme = self._url.partition("://")[0].lower()
        container = CONTAINERS[scheme]
        order = Order(
            url=self._url,
            container=container,
            width=width,
            height=height,
            fps=self.fps,
            bit_rate=bit_rate_of(width, height, self.fps),
            encoder=self._encoder,
            silence=container == "flv",
        )
        return order.line()

    def _next(
        self, link: Link, size: tuple[int, int]
    ) -> tuple[Frame, float] | Literal["broken"] | None:
        """Wait until there are a frame and somebody who is ready for it."""
        since = self._now()
        with self._condition:
            while True:
                if self._stop.is_set():
                    return None
                if self._ended:
                    return "broken"
                if self._pending is not None and self._pending[1] != size:
                    return None
                if self._ready and self._pending is not None:
                    (frame, _, t), self._pending, self._ready = self._pending, None, False
                    return frame, t
                if self._ready:
                    since = self._now()  # it is the stream that has no frame
                elif self._now() - since > self._stalled_s:
                    link.give_up()
                    return "broken"
                self._condition.wait(0.25)

    def _heard(self, what: dict[str, Any]) -> None:
        """Take what the sender says. Called in the link's thread."""
        if what["is"] == "ready":
            now = self._now()
            self._flow.left(now, int(what["bytes"]))
            self._judge(now)
        elif what["is"] == "sending":
            again, self._reached = self._reached, True
            self._report(
                "sending",
                reason="",
                message="",
                encoder=what["encoder"],
                reconnects=self._state.reconnects + again,
            )
        with self._condition:
            self._ready = self._ready or what["is"] == "ready"
            self._ended = self._ended or what["is"] == "ended"
            self._condition.notify_all()

    def _skip(self) -> None:
        """Count a frame that nobody took. While connecting there is nobody to count for."""
        if self._state.status == "sending":
            self._flow.skip(self._now())

    def _judge(self, now: float) -> None:
        """Tell the operator when much is skipped, and when it is no more."""
        skipped, sent = self._flow.lately(now)
        slow = skipped > SLOW_SHARE * (skipped + sent) and skipped + sent > OVER_S * self.fps / 2
        if slow and not self._state.reason:
            text = f"{skipped} of the last {skipped + sent} frames were skipped"
            self._report("sending", reason="slow", message=advice("slow", text, self._url))
        elif self._state.reason == "slow" and skipped < SLOW_SHARE / 3 * (skipped + sent):
            self._report("sending", reason="", message="")

    def _report(self, status: Status, **what: Any) -> None:
        before = self._state
        self._state = replace(before, status=status, **what)
        if self._state != before:
            self._on_change(self._state)
