"""The fast way of a frame: painted in batches on the device, ahead of time where that helps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamer.engines.liveportrait.fast.finish import Finish, plain_finish
from streamer.engines.liveportrait.fast.forms import Forms
from streamer.engines.liveportrait.fast.frames import Drawn
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from streamer.engines.liveportrait.fast.sheets import Sheets
from streamer.engines.liveportrait.frame_cache import FrameCache, PhotoCache
from streamer.engines.liveportrait.governor import Governor
from streamer.engines.liveportrait.look_ahead import LookAhead
from streamer.parameters import Face


@dataclass(frozen=True)
class Studio:
    """What the scenes of an engine share.

    ``later`` runs something in the engine's own thread; ``changed`` is called when another form
    draws; ``weights`` names the model files, for the cache.
    """

    forms: Forms
    cache: FrameCache
    later: Callable[[Callable[[], None]], None]
    changed: Callable[[], None]
    fps: float = 30.0
    gpu_share: float = 0.0
    weights: str = ""


class FastWay:
    """The fast way of a frame of one scene.

    Until a forecast comes, every face is drawn when it is asked for: films must not be governed.
    ``sheets``: for each way of finishing frames, those that were proven.
    """

    def __init__(self, studio: Studio, pipeline: Pipeline, cache: PhotoCache) -> None:
        self.pipeline: Final = pipeline
        self.look: Final = LookAhead(pipeline, cache, Governor(studio.fps, studio.gpu_share))
        self.sheets: dict[Finish, Sheets] = {plain_finish: pipeline.sheets}
        self.live = False

    def render(self, face: Face) -> Drawn:
        """Return the frame of a face. Raises: `EngineError`."""
        if self.live:
            return self.look.render(face)
        return self.pipeline.draw([face]).frames()[0]

    def sheets_of(self, painter: Painter) -> Sheets:
        """Return where a painter's frames are finished."""
        return self.sheets.get(painter.finish, self.sheets[plain_finish])

    def follow(self, painter: Painter, cache: PhotoCache) -> None:
        """Draw with another painter from now on."""
        self.pipeline.use(painter=painter, sheets=self.sheets_of(painter))
        self.look.use(self.pipeline, cache)
