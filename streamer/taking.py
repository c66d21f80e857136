"""Takes while the stream runs: one being played, one being recorded."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from streamer.config import Config
from streamer.controls import Controls, Wishes
from streamer.errors import PortraitError
from streamer.problems import Problems
from streamer.recording import Recorder
from streamer.replaying import Replay
from streamer.stage import Stage
from streamer.takes import read_take

# What the operator chooses of a view; the rest of it belongs to the output.
VIEW_CHOICES: Final = ("fit", "zoom", "offset_x", "offset_y", "mirror", "fill")


class Taking:
    """Plays ``config.take`` and records to ``config.record``, where they are given.

    ``settings`` is what a take says of the stream it was made from. The render thread calls
    `before` and `keep` with every frame, another thread `flush` now and then.
    Raises: `SinkError`, `TakeError`.
    """

    def __init__(
        self,
        config: Config,
        controls: Controls,
        stage: Stage,
        problems: Problems,
        settings: Mapping[str, object],
        spawn: Callable[[str, Callable[[], None]], None],
    ) -> None:
        self._stage = stage
        self._problems = problems
        self._spawn = spawn
        self._replay: Replay | None = None
        self._recorder: Recorder | None = None
        if config.take is not None:
            self._replay = Replay(
                read_take(config.take),
                controls,
                change_photo=self._change_photo,
                change_view=self._change_view,
            )
        if config.record is not None:
            self._recorder = Recorder(config.record, settings, controls.snapshot())

    def before(self, t: float) -> None:
        """Do what the take that plays asks for in the frame of ``t``, s."""
        if self._replay is not None:
            self._replay.advance(t)

    def keep(self, t: float, wishes: Wishes, changed: bool) -> None:
        """Note the wishes of a frame, and what is on stage if that has ``changed``."""
        if self._recorder is None:
            return
        shown: dict[str, Any] | None = None
        if changed:
            view = self._stage.view
            shown = {
                "photo": self._stage.photo.name,
                "view": {name: getattr(view, name) for name in VIEW_CHOICES},
            }
        self._recorder.see(t, wishes, shown)

    def flush(self) -> None:
        """Write down what was noted."""
        if self._recorder is not None:
            self._recorder.flush(lambda text: self._problems.set("take", text))

    def close(self) -> None:
        """End the recording."""
        if self._recorder is not None:
            self._recorder.close()

    def _change_photo(self, name: str) -> None:
        self._later("photo", lambda: self._stage.change_photo(name))

    def _change_view(self, view: Mapping[str, Any]) -> None:
        self._later("view", lambda: self._stage.change_view(**view))

    def _later(self, what: str, change: Callable[[], None]) -> None:
        """Do it beside the render thread; a refusal is told, and the take goes on."""

        def run() -> None:
            try:
                change()
            except PortraitError as exc:
                self._problems.set("take", f"The take's {what} was not taken: {exc}")

        self._spawn("replay", run)
