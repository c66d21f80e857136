"""Stream: builds the parts from a Config and owns the render thread."""

import io
import logging
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.config import Config
from streamer.controls import Controls, Wishes
from streamer.engines import Engine, Portrait, Scene
from streamer.engines.choice import Choice, Options, Understudy, choose_engine
from streamer.errors import ConfigError, EngineError, PortraitError
from streamer.fallback import Fallback
from streamer.generate import Frames, generate
from streamer.guard import tried
from streamer.loop import Act, Moment, run
from streamer.pacer import Pacer
from streamer.photo import Photo, read_photo
from streamer.photo_library import PhotoLibrary
from streamer.problems import Problems
from streamer.resources import shipped
from streamer.sinks import Sink
from streamer.sinks.camera import CameraSink, CameraState
from streamer.sinks.preview import PreviewSink
from streamer.stats import Stats
from streamer.view import View

log = logging.getLogger(__name__)

# Housekeeping (preset files, memory, camera messages) once in this time; nothing in it is urgent.
HOUSEKEEPING_S: Final = 0.5

# How often the thread of a change looks whether the render thread has taken the new scene.
HAND_OVER_POLL_S: Final = 0.05

# A frame is begun this part of a period before its deadline: longer than a usual frame takes to
# draw on a CPU, so that frames leave evenly; more would delay a cue for nothing.
LEAD: Final = 0.3

# No frame for this long and /health answers 503: browsers give a camera up after ten seconds.
STALLED_S: Final = 2.0


class Stream:
    """The whole product without its doors: a photo, a clock, sinks and one way in, `controls`.

    `start` returns when the first portrait is on stage; frames then leave from a thread of their
    own until `stop`. Every method may be called from any thread. ``choose`` opens the engine.
    """

    def __init__(
        self,
        config: Config,
        *,
        sinks: Sequence[Sink] = (),
        choose: Callable[[Options], Choice] = choose_engine,
    ) -> None:
        self.config = config
        self.controls = Controls(Wishes(idle_style=config.style, idle_strength=config.idle))
        self.presets = PresetLibrary([shipped("presets"), *_given(config.presets)])
        self.photos = PhotoLibrary([shipped("photo"), *_given(config.photos)])
        self.preview = PreviewSink()
        self.problems = Problems()
        self.stats = Stats()
        self.seed = random.randrange(2**31) if config.seed is None else config.seed
        self.finished = threading.Event()
        self.engine_choice = ""
        self.on_first_frame: Callable[[], None] = lambda: None
        self._view = config.view
        self._extra_sinks = tuple(sinks)
        self._camera: CameraSink | None = None
        self._stop = threading.Event()
        self._change = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._moment: Moment | None = None
        self._animator: Animator | None = None
        self._choose = choose
        self._engine: Engine | None = None
        self._fallback: Fallback | None = None
        self._portrait: Portrait | None = None
        self._act: Act | None = None
        self._pacer: Pacer | None = None

    # --- life

    def start(self) -> None:
        """Find the face, open the camera, start drawing. Raises `PortraitError`."""
        if self.config.style not in self.presets.idle_styles:
            raise ConfigError(
                f"Unknown idle style '{self.config.style}'. "
                f"Choose one of: {', '.join(self.presets.idle_styles)}."
            )
        scene = self.stage_once()
        self._act = Act(scene)
        self._animator = Animator(
            seed=self.seed,
            rest=scene.rest,
            presets=self.presets.presets,
            styles=self.presets.idle_styles,
        )
        self._say_presets()
        if self.config.camera != "none":
            self._camera = CameraSink(
                self.config.camera,
                self._view.width,
                self._view.height,
                self.config.fps,
                on_change=self._say_camera,
                preview_url=(
                    "" if self.config.panel == "off" else f"http://{self.config.panel}/preview.mjpg"
                ),
            )
        self._spawn("render", self._render)
        self._spawn("housekeeping", self._keep_house)

    def stage_once(self) -> Scene:
        """Open engine and portrait and return the scene, without a thread: for films."""
        choice = self._choose(self.engine_options)
        self._engine, self.engine_choice = choice.engine, choice.why
        self.problems.set("weights", choice.problem)
        self._fallback = Fallback(
            choice.engine.name,
            choice.understudies,
            hand_over=self._hand_over,
            spawn=lambda change: self._spawn("understudy", change),
            say=lambda text: self.problems.set("engine", text),
        )
        photo = read_photo(self.photos.find(self.config.photo))
        self._portrait = self._engine.open(photo)
        return self._engine.stage(self._portrait, self._view)

    @property
    def engine_options(self) -> Options:
        """What was asked for of the engine."""
        config = self.config
        return Options(
            engine=config.engine,
            device=config.device,
            weights=config.weights,
            face=config.face,
            paste_back=config.paste_back,
            speed=config.speed,
            gpu_share=config.gpu_share,
            cache_mb=config.cache_mb,
            fps=config.fps,
        )

    @property
    def started(self) -> bool:
        """Whether a portrait is on stage."""
        return self._act is not None

    def stop(self) -> None:
        """End all threads and free camera and engine; calling it twice is harmless."""
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
        for sink in (self._camera, self.preview, *self._extra_sinks):
            if sink is not None:
                sink.close()
        if self._act is not None:
            self._act.scene.close()
        if self._engine is not None:
            self._engine.close()

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _render(self) -> None:
        assert self._act is not None
        assert self._animator is not None
        assert self._fallback is not None
        sinks: list[Sink] = [self.preview, *self._extra_sinks]
        if self._camera is not None:
            sinks.insert(0, self._camera)
        seconds = self.config.seconds
        frames = None if seconds is None else max(1, round(seconds * self.config.fps))
        self._pacer = Pacer(self.config.fps, lead_s=LEAD / self.config.fps)
        try:
            run(
                stop=self._stop,
                pacer=self._pacer,
                animator=self._animator,
                controls=self.controls,
                act=self._act,
                sinks=sinks,
                stats=self.stats,
                publish=self._publish,
                watch=self._fallback.see,
                problem=lambda text: self.problems.set("stream", text),
                frames=frames,
            )
        finally:
            self.finished.set()

    def _publish(self, moment: Moment) -> None:
        first = self._moment is None
        self._moment = moment
        if first:
            self.on_first_frame()

    def _keep_house(self) -> None:
        while not self._stop.wait(HOUSEKEEPING_S):
            if self.presets.reload_if_changed(self._now()) and self._animator is not None:
                self._animator.set_presets(self.presets.presets)
                self._animator.set_styles(self.presets.idle_styles)
            self._say_presets()
            self.stats.sample_memory()

    def _say_camera(self, state: CameraState) -> None:
        if state.status != "closed":  # at the end there is nothing to act on
            self.problems.set("camera", state.message)

    def _say_presets(self) -> None:
        self.problems.set("presets", " ".join(self.presets.problems))

    def _now(self) -> float:
        return self._pacer.t if self._pacer is not None else 0.0

    # --- what the operator changes

    def change_photo(self, name: str) -> None:
        """Put another portrait on stage, cross-faded; waits until it is prepared.

        ``name`` is one of `photos`. Raises: `PhotoError`; the current portrait stays.
        """
        with self._change:
            engine, act = self._staged()
            try:
                portrait = engine.open(read_photo(self.photos.find_name(name)))
                scene = engine.stage(portrait, self._view)
            except PortraitError as exc:
                self.problems.set("photo", f"Portrait '{name}' was not taken: {exc}")
                raise
            self._portrait = portrait
            act.replace(scene)
            self.problems.set("photo", "")

    def change_view(self, **fields: Any) -> None:
        """Change fit, zoom, offset_x, offset_y, mirror or fill. Raises `ConfigError`."""
        with self._change:
            engine, act = self._staged()
            if {"width", "height"} & fields.keys():
                raise ConfigError(
                    "The frame size cannot change while the camera is open. "
                    "Restart with --size WIDTHxHEIGHT."
                )
            try:
                view = replace(self._view, **fields)
            except TypeError:
                known = ", ".join(k for k in vars(self._view) if k not in ("width", "height"))
                raise ConfigError(f"A view has: {known}; got {', '.join(fields)}.") from None
            if view == self._view:
                return
            assert self._portrait is not None
            scene = engine.stage(self._portrait, view)
            self._view = view
            act.replace(scene)

    def _hand_over(self, understudy: Understudy) -> None:
        """Let another engine take over on air; the last good frame stands meanwhile.

        Raises: whatever the engine raises, `EngineError` if its first frame is no good either.
        """
        with self._change:
            failed, act = self._staged()
            engine = understudy.open()
            portrait = engine.open(self.photo)
            scene = engine.stage(portrait, self._view)
            if wrong := tried(scene):
                raise EngineError(wrong)
            self._engine, self._portrait = engine, portrait
            act.replace(scene)
        # The old one's memory goes back when the render thread has let go of its scene.
        while act.scene is not scene and not self._stop.wait(HAND_OVER_POLL_S):
            pass
        failed.close()

    def _staged(self) -> tuple[Engine, Act]:
        if self._engine is None or self._act is None:
            raise ConfigError("The stream has not been started.")
        return self._engine, self._act

    # --- what others may see

    @property
    def photo(self) -> Photo:
        """The portrait's photo."""
        assert self._portrait is not None
        return self._portrait.photo

    @property
    def view(self) -> View:
        """The present geometry."""
        return self._view

    def source_image(self) -> bytes:
        """Return the photo as loaded, as PNG."""
        from PIL import Image

        data = io.BytesIO()
        Image.fromarray(self.photo.image).save(data, "PNG", compress_level=1)
        return data.getvalue()

    def generate(
        self, expression: str, *, fps: float = 30.0, strength: float = 1.0, width: int | None = None
    ) -> Frames:
        """Render one preset from rest to rest without touching the live camera.

        Raises: `KeyError` for an unknown preset, `ValueError` for ``fps`` or ``strength``.
        """
        engine, _ = self._staged()
        assert self._portrait is not None
        view = self._view
        if width is not None:
            height = round(width * view.height / view.width / 2) * 2
            view = replace(view, width=width, height=height)
        return generate(
            engine, self._portrait, view, self.presets.presets[expression], fps, strength
        )

    def health(self, now: float | None = None) -> tuple[bool, dict[str, object]]:
        """Return whether frames flow, and the short state. ``now`` is stream time in s."""
        moment = self._moment
        now = self._now() if now is None else now
        flowing = moment is not None and now - moment.t < STALLED_S
        return flowing, {
            "status": "ok" if flowing else "stalled",
            "engine": self._engine_state(),
            "device": self._engine.device if self._engine else None,
            "fps": round(self.stats.fps(), 2) if flowing else 0.0,
            "camera": self._camera_state(),
            "photo": self.photo.name if self._portrait else None,
            "uptime_s": round(now, 1),
            "problems": self.problems.all(),
        }

    def state(self) -> dict[str, object]:
        """Return what is live, JSON-able; names as in the reference of GET /state."""
        wishes, moment = self.controls.snapshot(), self._moment
        rest = self._act.scene.rest if self._act else {}
        _, health = self.health()
        return {
            **health,
            "face": dict(moment.face) if moment else dict(rest),
            "rest": dict(rest),
            "playing": list(moment.playing) if moment else [],
            "held": dict(wishes.held),
            "idle": {"style": wishes.idle_style, "strength": wishes.idle_strength},
            "paused": wishes.paused,
            "notes": list(self._portrait.notes) if self._portrait else [],
            "photo_problem": self.problems.get("photo"),
            "view": dict(vars(self._view)),
            "size": f"{self._view.width}x{self._view.height}",
            "fps_target": self.config.fps,
            "frames": self.stats.frames,
            "late": self._pacer.late if self._pacer else 0,
            "dropped": self._pacer.dropped if self._pacer else 0,
            "faults": self._fallback.faults if self._fallback else 0,
            "viewers": self.preview.viewers,
            "seed": self.seed,
            "processes": {"living-portrait": os.getpid()},
        }

    def report(self) -> dict[str, object]:
        """Return the figures of ``--report``."""
        return {
            "engine": self._engine.name if self._engine else None,
            "device": self._engine.device if self._engine else None,
            "backend": self._engine.backend if self._engine else None,
            "parts": dict(self._engine.parts) if self._engine else None,
            "photo": self.photo.name if self._portrait else None,
            "camera": self._camera_state(),
            "size": f"{self._view.width}x{self._view.height}",
            "fps": self.config.fps,
            "seed": self.seed,
            "late": self._pacer.late if self._pacer else 0,
            "dropped": self._pacer.dropped if self._pacer else 0,
            "faults": self._fallback.faults if self._fallback else 0,
            **self.stats.figures(),
            "problems": self.problems.all(),
        }

    def _engine_state(self) -> dict[str, object] | None:
        engine = self._engine
        if engine is None:
            return None
        return {
            "name": engine.name,
            "device": engine.device,
            "backend": engine.backend,
            "parts": dict(engine.parts),
        }

    def _camera_state(self) -> dict[str, object]:
        if self._camera is None:
            return {"status": "off", "device": None, "message": ""}
        state = dict(vars(self._camera.state))
        state.pop("since")  # on the sink's own clock, which means nothing outside
        return state


def _given(folder: Any) -> Iterator[Any]:
    if folder is not None:
        yield folder
