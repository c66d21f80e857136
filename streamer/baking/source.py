"""The engine that draws a bake: chosen, told apart from others, and seen through the plate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from streamer.engines import Engine, Scene
from streamer.engines.baked.plate import Plate, plate_of
from streamer.engines.baked.store import Identity, identify
from streamer.engines.choice import Options, choose_engine
from streamer.engines.needs import torch_need, weights_need
from streamer.errors import ConfigError, EngineError
from streamer.guard import Guard
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.resources import weights_folder
from streamer.view import Frame

SOURCES: Final = ("auto", "liveportrait", "warp")


@dataclass(frozen=True)
class Asked:
    """What is to be drawn, and with what; goes to other processes and machines as it is.

    ``face`` counts from 1. ``engine`` is ``liveportrait`` or ``warp``.
    """

    photo: Photo
    engine: str
    device: str = "auto"
    weights: Path | None = None
    face: int = 1

    @property
    def identity(self) -> Identity:
        """What its frames are made from. Raises: `WeightsError`."""
        return identify(self.photo, self.engine, self.face, weights_folder(self.weights))


def source_of(engine: str, weights: Path | None) -> str:
    """Return the engine that bakes: the neural one where its files are here.

    Raises: `ConfigError`, `WeightsError` for a damaged list of model files.
    """
    if engine not in SOURCES:
        raise ConfigError(
            f"Unknown engine '{engine}' to bake with. Choose one of: {', '.join(SOURCES)}."
        )
    if engine != "auto":
        return engine
    here = torch_need().ok and weights_need(weights).ok
    return "liveportrait" if here else "warp"


class Source:
    """An open engine, and the scene that draws the plate."""

    def __init__(self, engine: Engine, scene: Scene, plate: Plate) -> None:
        self.engine = engine
        self.plate = plate
        self.rest: Face = dict(scene.rest)
        self.still: Frame = scene.still.copy()
        self._guard = Guard(scene)

    def draw(self, face: Face) -> Frame:
        """Return the plate with this face; valid until the next.

        Raises: `EngineError`, also for a dark picture: what is kept for good must be good.
        """
        frame = self._guard.render(face)
        if self._guard.fault:
            raise EngineError(f"A frame could not be baked: {self._guard.fault}")
        return frame


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    """Open the engine and the portrait. Raises: `PortraitError`."""
    options = Options(
        engine=asked.engine,
        device=asked.device,
        weights=asked.weights,
        face=asked.face,
        speed="safe",  # the readable form: what is kept for good is drawn the plain way
    )
    engine = choose_engine(options).engine
    try:
        portrait = engine.open(asked.photo)
        plate = plate_of(portrait)
        scene = engine.stage(portrait, plate.view)
        try:
            yield Source(engine, scene, plate)
        finally:
            scene.close()
    finally:
        engine.close()


def with_marks(photo: Photo) -> Photo:
    """Return the photo with its landmarks file taken along, for other machines."""
    import yaml

    from streamer.engines.warp.locate import is_marked, sidecar_of

    path = sidecar_of(photo)
    if photo.marked is not None or path is None or not is_marked(photo):
        return photo
    return replace(photo, marked=yaml.safe_load(path.read_text(encoding="utf-8")))
