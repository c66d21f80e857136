"""Where frames leave: the camera at a size and rate, and the picture that covers the face."""

import threading
from collections.abc import Sequence

from streamer.config import Config, parse_address
from streamer.loop import Act
from streamer.privacy import Card
from streamer.problems import Problems
from streamer.readout import Readout
from streamer.sending.link import Link
from streamer.sending.ring import Mark
from streamer.sending.sink import SenderSink
from streamer.sinks import Sink
from streamer.sinks.camera import CameraSink, CameraState
from streamer.sinks.network import NetworkSink, NetworkState
from streamer.stage import Stage
from streamer.view import Frame


class Output:
    """The sinks of a stream; ``early`` and ``sinks`` are what the loop goes through.

    With a ``link`` the camera is fed by the sender's process, else from here.

    `change` and `set_privacy` may be called from any thread.
    """

    def __init__(
        self,
        config: Config,
        stage: Stage,
        readout: Readout,
        problems: Problems,
        sinks: Sequence[Sink],
        link: Link | None = None,
    ) -> None:
        self.early: list[Sink] = []
        self.sinks: list[Sink] = list(sinks)
        self._link = link
        self._stage = stage
        self._readout = readout
        self._problems = problems
        self._covering = threading.Lock()  # held for a moment: privacy waits for nothing slow
        self._card = Card(config.privacy_picture, say=lambda text: problems.set("privacy", text))

    def open(self, config: Config) -> None:
        """Open the camera that is wanted, and the network stream; absent ones are waited for."""
        self._open_network(config)
        if config.camera == "none":
            if self._link is not None:
                self._link.board.order.write({"camera": "none"})
            return
        view = self._stage.view
        form = (config.camera, view.width, view.height, config.fps)
        url = preview_url(config)
        if self._link is None:
            camera = CameraSink(
                *form, on_change=self._say, native=self._act.native, preview_url=url
            )
            self.sinks.insert(0, camera)
            self._readout.camera = camera
        else:
            sink = SenderSink(
                self._link.board,
                *form,
                mark=self._mark,
                on_change=self._say,
                native=self._act.native,
                preview_url=url,
            )
            self.early.append(sink)
            self._readout.camera = sink

    def change(self, before: Config, wanted: Config) -> None:
        """Take another camera, size or rate. One caller at a time.

        Raises: `ConfigError`, `EngineError`; everything stays as it was.
        """
        old, new = _form(before), _form(wanted)
        if old == new:
            return
        if old[1:] != new[1:]:
            self._stage.change_output(wanted.view.width, wanted.view.height, wanted.fps)
        self._readout.fps = wanted.fps
        with self._covering:
            if self._readout.privacy:
                self._act.cover(self.cover())
        if self._readout.pacer is not None:
            self._readout.pacer.change_rate(wanted.fps)
        self._close_camera()
        self.open(wanted)

    def close(self) -> None:
        """Close all sinks; calling it twice is harmless."""
        for sink in (*self.early, *self.sinks):
            sink.close()

    def set_privacy(self, on: bool) -> None:
        """Show the "be right back" picture with the next frame, or fade back to the face."""
        with self._covering:
            self._act.cover(self.cover() if on else None)
            self._readout.privacy = on

    @property
    def badge(self) -> str:
        """What every frame carries in its corner: ``off`` or ``ai``."""
        return "ai" if self._act.badged else "off"

    def set_badge(self, badge: str) -> None:
        """Draw the badge into every frame from the next one on, or no more. Raises `ConfigError`.

        ``badge``: ``off`` or ``ai``.
        """
        Config(badge=badge)
        self._act.badged = badge == "ai"

    def cover(self) -> Frame:
        """Return that picture at the present size; the first call for a size makes it."""
        return self._card.at(self._stage.view.width, self._stage.view.height)

    def _open_network(self, config: Config) -> None:
        network = self._readout.network
        if network is not None:
            network.change_rate(config.fps)
        elif config.stream is not None:
            self._readout.network = network = NetworkSink(
                config.stream,
                config.fps,
                encoder=config.stream_encoder,
                on_change=self._say_network,
                native=self._act.native,
            )
            self.sinks.append(network)

    def _close_camera(self) -> None:
        camera, self._readout.camera = self._readout.camera, None
        if camera is not None:
            (self.early if camera in self.early else self.sinks).remove(camera)
            camera.close()
            self._problems.set("camera", "")

    def _say(self, state: CameraState) -> None:
        if state.status != "closed":  # at the end there is nothing to act on
            self._problems.set("camera", state.message)

    def _mark(self) -> Mark:
        """Say what the newest frame shows, for a sender that must go on without the next."""
        act = self._act
        return Mark(act.look, act.covered, self._readout.controls.snapshot().paused)

    def _say_network(self, state: NetworkState) -> None:
        if state.status != "closed":
            self._problems.set("network", state.message)

    @property
    def _act(self) -> Act:
        return self._stage.on_air


def _form(config: Config) -> tuple[str, int, int, float]:
    return config.camera, config.view.width, config.view.height, config.fps


def preview_url(config: Config) -> str:
    """Where this machine finds the live picture; a page for all addresses is on its own, too."""
    if config.panel == "off":
        return ""
    host, port = parse_address(config.panel, "panel")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/preview.mjpg"
