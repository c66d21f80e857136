"""A take as a film: the stream's own parts on a clock that does not wait."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.config import Config
from streamer.controls import Controls, Wishes
from streamer.engines.choice import Choice, Options
from streamer.film_mark import FilmMark
from streamer.loop import Act
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.photo_library import PhotoLibrary
from streamer.problems import Problems
from streamer.replaying import Replay
from streamer.stage import Stage
from streamer.takes import Take
from streamer.view import Frame


@dataclass(frozen=True)
class TakeFrame:
    """One frame: its time (s), its face, and how to draw it; `draw` each, in their order, or none.

    A frame is valid until the next is drawn.
    """

    t: float
    face: Face
    draw: Callable[[], Frame]


class TakeFilm:
    """Plays a take from its beginning, ``fps`` frames a second, as fast as the machine can.

    At the rate it was recorded at every frame is the one that left then, as long as the live run
    missed no deadline. Iterate once, then `close`.
    """

    def __init__(
        self,
        take: Take,
        config: Config,
        *,
        options: Options,
        presets: PresetLibrary,
        photos: PhotoLibrary,
        choose: Callable[[Options], Choice],
    ) -> None:
        self.fps = config.fps
        self.total = max(1, round(take.length_s * config.fps) + 1)
        self._photos = photos
        self._controls = Controls(Wishes(idle_style=config.style, idle_strength=config.idle))
        self._stage = Stage(
            options,
            config.view,
            choose=choose,
            photos=photos,
            problems=Problems(),
            stop=threading.Event(),
            spawn=lambda name, target: target(),
            heed=self._heed,
        )
        scene = self._stage.open(config.photo)
        self._act: Act = self._stage.begin(scene)
        self._act.badged = config.badge == "ai"
        self._animator = Animator(
            seed=config.seed or 0,
            rest=scene.rest,
            presets=presets.presets,
            styles=presets.idle_styles,
        )
        self._heed(self._stage.photo)
        self._replay = Replay(
            take,
            self._controls,
            change_photo=self._stage.change_photo,
            change_view=lambda view: self._stage.change_view(**view),
        )

    def __iter__(self) -> Iterator[TakeFrame]:
        act, animator = self._act, self._animator
        for k in range(self.total):
            t = k / self.fps
            self._replay.advance(t)
            if act.change(t):
                animator.set_rest(act.scene.rest)
            face = animator.at(t, self._controls.snapshot())
            yield TakeFrame(t, face, lambda face=face, t=t: act.draw(face, t))  # type: ignore[misc]

    def _heed(self, photo: Photo) -> None:
        """Let the animator know whether the person on stage may be made to speak."""
        self._animator.may_speak = self._photos.about(photo.path).may_speak

    @property
    def mark(self) -> FilmMark:
        """What the film's file says of it."""
        return self._stage.film_mark

    def close(self) -> None:
        """Free scene and engine."""
        self._stage.close()
