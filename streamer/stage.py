"""The stage: engine, portrait, view and scene on air, and how each of them is changed there."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from streamer import __version__
from streamer.animation.presets import Preset
from streamer.badge import stamped
from streamer.engines import Engine, PacedEngine, Portrait, Scene
from streamer.engines.choice import Choice, Options, Understudy
from streamer.errors import ConfigError, EngineError, PortraitError
from streamer.fallback import Fallback
from streamer.film_mark import FilmMark
from streamer.generate import Frames, generate
from streamer.guard import tried
from streamer.loop import Act
from streamer.photo import Photo, read_photo
from streamer.photo_library import PhotoLibrary
from streamer.problems import Problems
from streamer.view import View

log = logging.getLogger(__name__)

# How often the thread of a change looks whether the render thread has taken the new scene.
HAND_OVER_POLL_S: Final = 0.05

# Fields of a view that the camera depends on: changed with the output, never alone.
SIZE: Final = ("width", "height")


class Stage:
    """What is shown. `open` first, then `begin`; after that every method may run in any thread.

    Each change is prepared beside what is on air and handed to the render thread whole, so a
    change that fails leaves everything as it is. Changes wait for each other.
    """

    def __init__(
        self,
        options: Options,
        view: View,
        *,
        choose: Callable[[Options], Choice],
        photos: PhotoLibrary,
        problems: Problems,
        stop: threading.Event,
        spawn: Callable[[str, Callable[[], None]], None],
        heed: Callable[[Photo], None],
    ) -> None:
        self.options = options
        self.view = view
        self.engine: Engine | None = None
        self.engine_choice = ""
        self.portrait: Portrait | None = None
        self.fallback: Fallback | None = None
        self.act: Act | None = None
        self._choose = choose
        self._photos = photos
        self._problems = problems
        self._stop = stop
        self._spawn = spawn
        self._heed = heed
        self._change = threading.Lock()

    def open(self, photo: str) -> Scene:
        """Open engine and portrait and return the scene. Raises `PortraitError`."""
        path = self._photos.find(photo)
        choice = self._choose(replace(self.options, photo=path))
        self._use(choice)
        self.portrait = choice.engine.open(read_photo(path))
        return choice.engine.stage(self.portrait, self.view)

    def begin(self, scene: Scene) -> Act:
        """Put the first scene on stage."""
        self.act = Act(scene)
        return self.act

    def close(self) -> None:
        """Free scene and engine."""
        if self.act is not None:
            self.act.scene.close()
        if self.engine is not None:
            self.engine.close()

    @property
    def on_air(self) -> Act:
        """What the loop draws. Raises `ConfigError` before there is anything."""
        if self.act is None:
            raise ConfigError("The stream has not been started.")
        return self.act

    @property
    def photo(self) -> Photo:
        """The portrait's photo."""
        assert self.portrait is not None
        return self.portrait.photo

    @property
    def film_mark(self) -> FilmMark:
        """What a film of what is on stage says of itself."""
        assert self.engine is not None
        return FilmMark(__version__, self.photo.name, self.engine.name)

    def figures(self) -> Mapping[str, object]:
        """Return how the engine on stage runs; what keeps it from telling is its ``problem``."""
        if self.engine is None:
            return {}
        try:
            return dict(self.engine.figures())
        except Exception as exc:  # a lost device; that it draws no more is told elsewhere
            return {"problem": f"The engine tells no figures: {type(exc).__name__}: {exc}"}

    # --- changes on air

    def change_photo(self, name: str, marked: Mapping[str, Any] | None = None) -> None:
        """Put another portrait on stage; waits until it is prepared.

        ``heed`` is told of the photo right before. Raises: `PhotoError`; the current portrait
        stays.
        """
        with self._change:
            engine, act, _ = self._staged()
            try:
                photo = replace(read_photo(self._photos.find_name(name)), marked=marked)
                portrait = engine.open(photo)
                scene = engine.stage(portrait, self.view)
            except PortraitError as exc:
                self._problems.set("photo", f"Portrait '{name}' was not taken: {exc}")
                raise
            self.portrait = portrait
            self._heed(photo)
            act.replace(scene)
            self._problems.set("photo", "")

    def find_face(self, photo: Photo) -> None:
        """See whether a photo could be put on stage. Raises: `PhotoError`."""
        engine, _, _ = self._staged()
        engine.open(photo)

    def change_view(self, **fields: Any) -> None:
        """Change fit, zoom, offset_x, offset_y, mirror or fill. Raises `ConfigError`."""
        if fields.keys() & set(SIZE):
            raise ConfigError(
                "The frame size does not belong to the view. Change it with the output: "
                "--size WIDTHxHEIGHT, or PUT /output."
            )
        with self._change:
            try:
                view = replace(self.view, **fields)
            except TypeError:
                known = ", ".join(name for name in vars(self.view) if name not in SIZE)
                raise ConfigError(f"A view has: {known}; got {', '.join(fields)}.") from None
            if view != self.view:
                self._restage(view)

    def change_output(self, width: int, height: int, fps: float) -> None:
        """Draw at another size and rate from now on. Raises `ConfigError`, `EngineError`."""
        with self._change:
            engine, _, _ = self._staged()
            if isinstance(engine, PacedEngine):
                engine.fps = fps
            self.options = replace(self.options, fps=fps)
            self._restage(replace(self.view, width=width, height=height))

    def change_engine(self, options: Options) -> str:
        """Let another engine draw; returns the line that says which was picked and why.

        Raises: `ConfigError`, `EngineError`, `WeightsError`; the present one stays.
        """
        with self._change:
            old, act, portrait = self._staged()
            choice = self._choose(replace(options, photo=portrait.photo.path))
            try:
                opened = choice.engine.open(portrait.photo)
                scene = choice.engine.stage(opened, self.view)
                if wrong := tried(scene):
                    raise EngineError(f"The engine {choice.engine.name} cannot draw: {wrong}")
            except BaseException:
                choice.engine.close()
                raise
            self.options, self.portrait = options, opened
            self._problems.set("engine", "")
            self._use(choice)
            act.replace(scene)
        self._when_taken(scene, old.close)
        return choice.why

    def generate(
        self, preset: Preset, *, fps: float, strength: float, width: int | None = None
    ) -> Frames:
        """Render one preset from rest to rest beside what is on air. Raises `ValueError`."""
        engine, act, portrait = self._staged()
        view = self.view
        if width is not None:
            height = round(width * view.height / view.width / 2) * 2
            view = replace(view, width=width, height=height)
        finish = {"finish": stamped} if act.badged else {}
        return generate(engine, portrait, view, preset, fps, strength, **finish)

    # --- inside

    def _use(self, choice: Choice) -> None:
        self.engine, self.engine_choice = choice.engine, choice.why
        self._problems.set("weights", choice.problem)
        self.fallback = Fallback(
            choice.engine.name,
            choice.understudies,
            hand_over=self._hand_over,
            spawn=lambda change: self._spawn("understudy", change),
            say=lambda text: self._problems.set("engine", text),
        )

    def _restage(self, view: View) -> None:
        """Show the same portrait through another view. ``_change`` is held."""
        engine, act, portrait = self._staged()
        scene = engine.stage(portrait, view)
        self.view = view
        act.replace(scene)

    def _hand_over(self, understudy: Understudy) -> None:
        """Let another engine take over from one that fails; the last good frame stands meanwhile.

        Raises: whatever the engine raises, `EngineError` if its first frame is no good either.
        """
        with self._change:
            failed, act, portrait = self._staged()
            engine = understudy.open()
            opened = engine.open(portrait.photo)
            scene = engine.stage(opened, self.view)
            if wrong := tried(scene):
                raise EngineError(wrong)
            self.engine, self.portrait = engine, opened
            act.replace(scene)
        self._when_taken(scene, failed.close)

    def _when_taken(self, scene: Scene, then: Callable[[], None]) -> None:
        """Wait until the render thread has let go of the scene before; then free its engine."""
        act = self.act
        assert act is not None
        while act.scene is not scene and not self._stop.wait(HAND_OVER_POLL_S):
            if act.overtaken(scene):
                break
        try:
            then()
        except Exception:  # of a lost device, mostly; the change itself is made
            log.exception("The engine before could not be freed in order")

    def _staged(self) -> tuple[Engine, Act, Portrait]:
        if self.engine is None or self.act is None or self.portrait is None:
            raise ConfigError("The stream has not been started.")
        return self.engine, self.act, self.portrait
