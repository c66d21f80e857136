"""Stream: builds the parts from a Config, starts and ends them, and passes wishes on to them."""

import io
import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Preset
from streamer.choices import live_choices
from streamer.config import Config
from streamer.consent import Saying, refusal
from streamer.continuity import Continuity
from streamer.controls import Controls, Wishes
from streamer.courtesy import Courtesy
from streamer.engines import Scene
from streamer.engines.choice import Choice, Options, choose_engine
from streamer.engines.needs import Need
from streamer.errors import ConfigError, ConsentError, PhotoError
from streamer.film import TakeFilm
from streamer.film_mark import FilmMark
from streamer.generate import Frames
from streamer.housekeeping import keep_house
from streamer.landmark_editing import LandmarkEditing
from streamer.output import Output
from streamer.pacer import Pacer
from streamer.photo import Photo
from streamer.photo_library import PhotoEntry, PhotoLibrary
from streamer.preset_files import PresetFiles
from streamer.privacy import privacy_picture
from streamer.problems import Problems
from streamer.readout import Readout
from streamer.rendering import LEAD, Rendering
from streamer.repertoire import Repertoire
from streamer.resources import shipped, user_folder
from streamer.sending.link import Link
from streamer.sinks import Sink
from streamer.sinks.camera_choice import list_cameras
from streamer.sinks.preview import PreviewSink
from streamer.speech.hearing import Hearing, open_hearing
from streamer.speech.speaker import Speaker
from streamer.speech.voice import Voice
from streamer.stage import Stage
from streamer.stats import Stats
from streamer.takes import Take
from streamer.taking import Taking
from streamer.view import View

log = logging.getLogger(__name__)


class Stream:
    """The whole product without its doors: a photo, a clock, sinks and one way in, `controls`.

    `start` returns when the first portrait is on stage; frames then leave from a thread of their
    own until `stop`. Every method may be called from any thread. ``choose`` opens the engine.
    ``link``: the stream is one process of a program, which sends its frames and restarts it.
    """

    def __init__(
        self,
        config: Config,
        *,
        sinks: Sequence[Sink] = (),
        choose: Callable[[Options], Choice] = choose_engine,
        link: Link | None = None,
    ) -> None:
        self.config = config
        self.controls = Controls(Wishes(idle_style=config.style, idle_strength=config.idle))
        self.presets = PresetLibrary(
            [shipped("presets"), *_given(config.presets), user_folder("presets")]
        )
        own = config.presets or user_folder("presets")
        self.preset_files = PresetFiles(self.presets, shipped("presets"), own)
        self.photos = PhotoLibrary(
            [shipped("photo"), *_given(config.photos)], own=user_folder("photos")
        )
        self.landmarks = LandmarkEditing(self.photos, config.face - 1)
        self.preview = PreviewSink()
        self.courtesy = Courtesy()
        self.problems = Problems()
        self.stats = Stats(link.program if link is not None else None)
        self.seed = random.randrange(2**31) if config.seed is None else config.seed
        self._stop = threading.Event()
        self._choose = choose
        self._stage = Stage(
            self.engine_options,
            config.view,
            choose=choose,
            photos=self.photos,
            problems=self.problems,
            stop=self._stop,
            spawn=self._spawn,
            heed=self._heed,
        )
        self._readout = Readout(
            self._stage,
            self.controls,
            self.stats,
            self.problems,
            self.preview,
            self.seed,
            config.fps,
            link,
        )
        self._output = Output(
            config, self._stage, self._readout, self.problems, [self.preview, *sinks], link
        )
        self._continuity = (
            None
            if link is None
            else Continuity(
                link, self.controls, self.presets, self._readout, self._output, self.stats
            )
        )
        self.rendering = Rendering(
            self._stage,
            self._output,
            self._readout,
            self.controls,
            self.stats,
            self.problems,
            self.courtesy,
            self._stop,
            seconds=config.seconds,
            delay_s=config.delay / 1000.0,
        )
        if self._continuity is not None:
            self.rendering.on_frame = self._continuity.on_frame
        self._repertoire = Repertoire(self.presets, self.problems)
        self.speaker = Speaker(self.controls, self.check_speech)
        self._changing = threading.Lock()  # held while engine, camera, size or rate change
        self._animator: Animator | None = None
        self._taking: Taking | None = None
        self._hearing: Hearing | None = None
        self._threads: list[threading.Thread] = []

    # --- life

    def start(self) -> None:
        """Find the face, open the camera, start drawing. Raises `PortraitError`."""
        if self.config.style not in self.presets.idle_styles:
            raise ConfigError(
                f"Unknown idle style '{self.config.style}'. "
                f"Choose one of: {', '.join(self.presets.idle_styles)}."
            )
        if self.config.privacy_picture is not None:
            # A picture that cannot be used is told now, not when it is needed.
            privacy_picture(
                self.config.privacy_picture, self.config.view.width, self.config.view.height
            )
        if self.config.mic is not None:
            self._hearing = open_hearing(
                self.config.mic, self._voice, lambda text: self.problems.set("mic", text)
            )
        scene = self.stage_once()
        act = self._stage.begin(scene)
        if self._continuity is not None:
            self._continuity.number(act)
        self._animator = Animator(
            seed=self.seed,
            rest=scene.rest,
            presets=self.presets.presets,
            styles=self.presets.idle_styles,
        )
        self._repertoire.give_to(self._animator)
        self._heed(self.photo)
        self._output.set_badge(self.config.badge)
        self._output.open(self.config)
        settings = {**self.choices(), "seed": self.seed}
        self._taking = Taking(
            self.config, self.controls, self._stage, self.problems, settings, self._spawn
        )
        self._readout.pacer = pacer = Pacer(self.config.fps, lead=LEAD)
        if self._continuity is not None:
            self._continuity.go_on(pacer)
            # Before the first frame: a renderer that dies with that leaves it, too.
            self._continuity.keep(settings, self.config)
        animator, taking = self._animator, self._taking
        self._spawn("render", lambda: self.rendering.run(pacer, act, animator, taking))
        self._spawn("housekeeping", self._keep_house)
        if self._continuity is not None:
            maker = self._continuity.standby_maker(
                self._stage, courtesy=self.courtesy, stop=self._stop, seed=self.seed
            )
            self._spawn("standby", maker.run)
        if self._hearing is not None:
            self._hearing.start()

    def stage_once(self) -> Scene:
        """Open engine and portrait and return the scene, without a thread: for films."""
        return self._stage.open(self.config.photo)

    @property
    def engine_options(self) -> Options:
        """What was asked for of the engine."""
        return Options.of(self.config)

    @property
    def engine_choice(self) -> str:
        """One line: which engine draws, and why."""
        return self._stage.engine_choice

    @property
    def started(self) -> bool:
        """Whether a portrait is on stage."""
        return self._stage.act is not None

    def stop(self) -> None:
        """End all threads and free camera and engine; calling it twice is harmless."""
        self._stop.set()
        self.speaker.close()
        if self._hearing is not None:
            self._hearing.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
        self._output.close()
        if self._taking is not None:
            self._taking.close()
        self._stage.close()

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep_house(self) -> None:
        chores: dict[str, Callable[[], object]] = {
            "presets": lambda: self._repertoire.refresh(self._readout.now),
            "privacy": self._output.cover,  # ready before it is asked for
            "consent": lambda: self._heed(self.photo),
            # Why it is slower than it could be; that it fails is told elsewhere.
            "speed": lambda: self.problems.set(
                "speed", str(self._stage.figures().get("problem") or "")
            ),
            "memory": self.stats.sample_memory,
        }
        if self._continuity is not None:
            continuity = self._continuity
            chores["choices"] = lambda: continuity.keep(
                {**self.choices(), "seed": self.seed}, self.config
            )
        if self._taking is not None:
            chores["take"] = self._taking.flush
        keep_house(chores, self.problems, self._stop)

    # --- presets

    def reload_presets(self) -> None:
        """Look at the preset folders now, and forget a preset that was only tried."""
        self._repertoire.reload()

    def try_preset(self, preset: Preset | None, *, strength: float = 1.0) -> None:
        """Play a preset that is not in the library, under its own name; None forgets it.

        Until `reload_presets` it stands in for a preset of that name. Raises: `ConsentError`.
        """
        if preset is not None:
            self._check_consent(preset)
        self._repertoire.rehearse(preset)
        if preset is not None:
            self.controls.trigger(preset.name, strength, source="draft")

    # --- camera, size and rate

    def cameras(self) -> list[dict[str, str]]:
        """Return the virtual cameras of this machine: ``device`` and ``label`` of each."""
        return list_cameras()

    def change_output(
        self, *, camera: str | None = None, size: str | None = None, fps: float | None = None
    ) -> None:
        """Change camera, frame size or rate; programs that show the camera must open it again.

        Raises: `ConfigError`, `EngineError`; everything stays as it was.
        """
        given = {"camera": camera, "size": size, "fps": fps}
        with self._changing:
            before = self.config
            wanted = before.changed(**{k: v for k, v in given.items() if v is not None})
            self._output.change(before, wanted)
            self.config = wanted

    # --- privacy

    @property
    def privacy(self) -> bool:
        """Whether the "be right back" picture stands in for the face."""
        return self._readout.privacy

    def set_privacy(self, on: bool) -> None:
        """Show the "be right back" picture with the next frame, or fade back to the face."""
        self._output.set_privacy(on)

    @property
    def badge(self) -> str:
        """What every frame carries in its corner: ``off`` or ``ai``."""
        return self._output.badge

    def set_badge(self, badge: str) -> None:
        """Draw the badge into every frame from now on, or no more. Raises `ConfigError`."""
        self._output.set_badge(badge)

    # --- engine, portrait and view

    def change_engine(self, engine: str, device: str = "auto", speed: str | None = None) -> str:
        """Let another engine draw, faded in; returns the line that says what was picked and why.

        Raises: `ConfigError`, `EngineError`, `WeightsError`; the present one stays.
        """
        with self._changing:
            before = self.config
            wanted = before.changed(engine=engine, device=device, speed=speed or before.speed)
            self.config = wanted
            try:
                return self._stage.change_engine(self.engine_options)
            except BaseException:
                self.config = before
                raise

    def change_photo(self, name: str, marked: Mapping[str, Any] | None = None) -> None:
        """Put another portrait on stage, cross-faded; waits until it is prepared.

        ``name`` is one of `photos`; ``marked`` are points of its face to try, as a sidecar file
        would say them. Raises: `PhotoError`; the current portrait stays.
        """
        self._stage.change_photo(name, marked)

    def add_photo(self, file_name: str, data: bytes, *, find_face: bool = True) -> PhotoEntry:
        """Keep a picture among the user's own photos, once a face was found in it.

        Without ``find_face`` none is looked for: its points will be marked by hand.
        Raises: `NoFaceError`, `PhotoError`; nothing is kept then.
        """
        return self.photos.add(file_name, data, self._stage.find_face if find_face else None)

    def remove_photo(self, name: str) -> None:
        """Delete one of the user's own photos. Raises: `PhotoError`, also for the one on stage."""
        if self.photos.find_name(name) == self.photo.path:
            raise PhotoError(f"'{name}' is on stage. Choose another portrait first.")
        self.photos.remove(name)

    def change_about(self, name: str, changes: Mapping[str, Any]) -> PhotoEntry:
        """Change label, credit, consent or may_speak of one of the user's own photos, at once.

        Raises: `PhotoError`.
        """
        entry = self.photos.change_about(name, changes)
        self._heed(self.photo)
        return entry

    def refusal(self, preset: str) -> str:
        """Say why a preset is not played with the photo on stage; empty if it is.

        Doors ask before they trigger, to tell the sender. Raises: `KeyError`.
        """
        return refusal(self.presets.presets[preset], self.photos.about(self.photo.path))

    def _voice(self, rate: float) -> Voice:
        """Return a voice of ``rate`` samples a second that moves the portrait's mouth."""
        return Voice(
            rate,
            self.controls,
            allowed=lambda: self._animator is not None and self._animator.may_speak,
            known=lambda name: name in self.presets.presets,
        )

    def _heed(self, photo: Photo) -> None:
        """Let the animator know what the person in a photo has agreed to."""
        if self._animator is not None:
            self._animator.may_speak = self.photos.about(photo.path).may_speak

    def check_speech(self) -> None:
        """Raise `ConsentError` if the person on stage is not made to speak."""
        self._check_consent(Saying())

    def _check_consent(self, preset: Preset | Saying) -> None:
        if reason := refusal(preset, self.photos.about(self.photo.path)):
            raise ConsentError(reason)

    def change_view(self, **fields: Any) -> None:
        """Change fit, zoom, offset_x, offset_y, mirror or fill. Raises `ConfigError`."""
        self._stage.change_view(**fields)

    def generate(
        self, expression: str, *, fps: float = 30.0, strength: float = 1.0, width: int | None = None
    ) -> Frames:
        """Render one preset from rest to rest without touching the live camera.

        Raises: `KeyError` for an unknown preset, `ValueError` for ``fps`` or ``strength``,
        `ConsentError` for one that this photo may not play.
        """
        preset = self.presets.presets[expression]
        self._check_consent(preset)
        return self._stage.generate(preset, fps=fps, strength=strength, width=width)

    @property
    def film_mark(self) -> FilmMark:
        """What a film of the portrait on stage says of itself."""
        return self._stage.film_mark

    def film(self, take: Take) -> TakeFilm:
        """Play a take without camera and clock, with this stream's settings.

        Raises: `PortraitError`.
        """
        return TakeFilm(
            take,
            self.config,
            options=self.engine_options,
            presets=self.presets,
            photos=self.photos,
            choose=self._choose,
        )

    # --- what others may see

    @property
    def photo(self) -> Photo:
        """The portrait's photo."""
        return self._stage.photo

    @property
    def view(self) -> View:
        """The present geometry."""
        return self._stage.view

    def source_image(self) -> bytes:
        """Return the photo as loaded, as PNG."""
        from PIL import Image

        data = io.BytesIO()
        Image.fromarray(self.photo.image).save(data, "PNG", compress_level=1)
        return data.getvalue()

    def bake_need(self) -> Need:
        """Look whether frames of the photo on stage were baked."""
        from streamer.engines.baked.ready import bake_need

        return bake_need(self.photo, self.engine_options)

    def choices(self) -> dict[str, object]:
        """Return what was chosen and is live, under the names of `Config`."""
        photo = self.photo
        listed = any(entry.name == photo.name for entry in self.photos.entries())
        return live_choices(
            self.config,
            self.view,
            self.controls.snapshot(),
            photo=photo.name if listed else str(photo.path),
            badge=self.badge,
        )

    def health(self, now: float | None = None) -> tuple[bool, dict[str, object]]:
        """Return whether frames flow, and the short state. ``now`` is stream time in s."""
        return self._readout.health(now)

    def state(self) -> dict[str, object]:
        """Return what is live, JSON-able; names as in the reference of GET /state."""
        return self._readout.state()

    def report(self) -> dict[str, object]:
        """Return the figures of ``--report``."""
        return self._readout.report()


def _given(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
