"""What the running stream says of itself: health, state and report, all JSON-able."""

import os
from dataclasses import dataclass
from typing import Final

from streamer.controls import Controls
from streamer.loop import Moment
from streamer.pacer import Pacer
from streamer.problems import Problems
from streamer.sending.link import Link
from streamer.sending.sink import SenderSink, sender_figures
from streamer.sinks.camera import CameraSink
from streamer.sinks.network import NetworkSink
from streamer.sinks.preview import PreviewSink
from streamer.stage import Stage
from streamer.stats import Stats

# No frame for this long and /health answers 503: browsers give a camera up after ten seconds.
STALLED_S: Final = 2.0


@dataclass
class Readout:
    """Reads the parts of the stream; ``camera``, ``pacer`` and ``moment`` are None before them."""

    stage: Stage
    controls: Controls
    stats: Stats
    problems: Problems
    preview: PreviewSink
    seed: int
    fps: float
    link: Link | None = None
    camera: CameraSink | SenderSink | None = None
    pacer: Pacer | None = None
    moment: Moment | None = None
    network: NetworkSink | None = None
    privacy: bool = False

    @property
    def now(self) -> float:
        """Stream time in seconds."""
        return self.pacer.t if self.pacer is not None else 0.0

    def health(self, now: float | None = None) -> tuple[bool, dict[str, object]]:
        """Return whether frames flow, and the short state. ``now`` is stream time in s."""
        moment = self.moment
        now = self.now if now is None else now
        flowing = moment is not None and now - moment.t < STALLED_S
        stage = self.stage
        return flowing, {
            "status": "ok" if flowing else "stalled",
            "engine": self._engine(),
            "device": stage.engine.device if stage.engine else None,
            "fps": round(self.stats.fps(), 2) if flowing else 0.0,
            "camera": self._camera(),
            "stream": self.network.figures() if self.network else None,
            "photo": stage.photo.name if stage.portrait else None,
            "privacy": self.privacy,
            "badge": "ai" if stage.act and stage.act.badged else "off",
            "uptime_s": round(now, 1),
            "problems": self.problems.all(),
        }

    def state(self) -> dict[str, object]:
        """Return what is live; names as in the reference of GET /state."""
        wishes, moment, stage = self.controls.snapshot(), self.moment, self.stage
        rest = stage.act.scene.rest if stage.act else {}
        _, health = self.health()
        return {
            **health,
            "face": dict(moment.face) if moment else dict(rest),
            "rest": dict(rest),
            "playing": list(moment.playing) if moment else [],
            "driven": dict(moment.driven) if moment else {},
            "held": dict(wishes.held),
            "idle": {"style": wishes.idle_style, "strength": wishes.idle_strength},
            "paused": wishes.paused,
            "notes": list(stage.portrait.notes) if stage.portrait else [],
            "photo_problem": self.problems.get("photo"),
            "view": dict(vars(stage.view)),
            "size": self._size,
            "fps_target": self.fps,
            "frames": self.stats.frames,
            **self._counts(),
            "viewers": self.preview.viewers,
            "seed": self.seed,
            "sender": self._sender(),
            "restarts": self.link.restarts() if self.link is not None else {},
            "processes": self.link.processes()
            if self.link is not None
            else {"living-portrait": os.getpid()},
        }

    def report(self) -> dict[str, object]:
        """Return the figures of ``--report``."""
        stage = self.stage
        return {
            "engine": stage.engine.name if stage.engine else None,
            "device": stage.engine.device if stage.engine else None,
            "backend": stage.engine.backend if stage.engine else None,
            "parts": dict(stage.engine.parts) if stage.engine else None,
            "running": dict(stage.figures()) if stage.engine else None,
            "photo": stage.photo.name if stage.portrait else None,
            "camera": self._camera(),
            "stream": self.network.figures() if self.network else None,
            "size": self._size,
            "fps": self.fps,
            "seed": self.seed,
            **self._counts(),
            **self.stats.figures(),
            "sender": self._sender(),
            "problems": self.problems.all(),
        }

    @property
    def _size(self) -> str:
        return f"{self.stage.view.width}x{self.stage.view.height}"

    def _counts(self) -> dict[str, object]:
        fallback = self.stage.fallback
        return {
            "late": self.pacer.late if self.pacer else 0,
            "dropped": self.pacer.dropped if self.pacer else 0,
            "faults": fallback.faults if fallback else 0,
        }

    def _sender(self) -> dict[str, object] | None:
        if self.link is None or self.camera is None:
            return None
        return sender_figures(self.link.board)

    def _engine(self) -> dict[str, object] | None:
        engine = self.stage.engine
        if engine is None:
            return None
        return {
            "name": engine.name,
            "device": engine.device,
            "backend": engine.backend,
            "parts": dict(engine.parts),
            **self.stage.figures(),
        }

    def _camera(self) -> dict[str, object]:
        if self.camera is None:
            return {"status": "off", "device": None, "message": ""}
        state = dict(vars(self.camera.state))
        state.pop("since")  # on the sink's own clock, which means nothing outside
        return state
