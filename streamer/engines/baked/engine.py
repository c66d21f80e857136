"""The engine that plays what was drawn before: no networks, no card, a tenth of a core."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2

from streamer.engines import Portrait, Scene
from streamer.engines.baked.catalogue import Catalogue
from streamer.engines.baked.lay import Lay
from streamer.engines.baked.residue import Residue
from streamer.engines.baked.scene import BakedScene
from streamer.engines.baked.store import Bake, playable
from streamer.engines.warp.engine import WarpEngine, WarpPortrait
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.locate import locate
from streamer.errors import PhotoError
from streamer.photo import Photo
from streamer.view import View

BAKE: Final = "living-portrait bake --photo"


@dataclass(frozen=True)
class BakedPortrait:
    """A photo that was baked; without ``landmarks`` no head moves are added."""

    photo: Photo
    bake: Bake
    landmarks: Landmarks | None
    notes: tuple[str, ...] = ()


class BakedEngine:
    """Plays bakes from ``bakes``. ``face`` counts from 1; ``weights`` is where model files lie.

    A photo that was not baked is drawn by the built-in engine, and its notes say so.
    """

    name = "baked"
    device = "cpu"

    def __init__(self, bakes: Path, *, weights: Path, face: int = 1, fps: float = 30.0) -> None:
        self.backend = f"files; opencv {cv2.__version__}"
        self.parts: Mapping[str, str] = {
            "face": "as it was baked",
            "drawing": f"cpu: frames from disk, warp field; OpenCV {cv2.__version__}",
        }
        self.fps = fps
        self._bakes = bakes
        self._weights = weights
        self._face = face
        self._warp = WarpEngine(face=face - 1)
        self._scenes: list[tuple[BakedScene, Bake]] = []

    def open(self, photo: Photo) -> Portrait:
        """Find the bake of this photo.

        Raises: `PhotoError` if that is none and no face is found.
        """
        bake = playable(self._bakes, photo, self._face, self._weights)
        if bake is None:
            return self._unbaked(photo)
        landmarks: Landmarks | None = None
        with suppress(PhotoError):  # found by models elsewhere: then only what was baked is shown
            landmarks = locate(photo, face=self._face - 1)
        return BakedPortrait(photo, bake, landmarks, tuple(_notes(bake, landmarks)))

    def stage(self, portrait: Portrait, view: View) -> Scene:
        """Open the clips, and prepare the photo in this view. Raises: `EngineError`."""
        if isinstance(portrait, WarpPortrait):
            return self._warp.stage(portrait, view)
        if not isinstance(portrait, BakedPortrait):
            raise TypeError(f"a portrait of the baked engine is needed, not {portrait!r}")
        bake = portrait.bake
        residue = None
        if portrait.landmarks is not None:
            residue = Residue(portrait.landmarks, bake.plate)
        lay = Lay(portrait.photo.image, bake.plate, view)
        scene = BakedScene(Catalogue(bake), lay, residue, bake.rest, fps=self.fps)
        self._scenes = [*self._open(), (scene, bake)]
        return scene

    def figures(self) -> Mapping[str, object]:
        """Return what is played, and what is lacking."""
        scenes = self._open()
        if not scenes:
            return {}
        # Beside the one on air there may be one for a film or for what stands in.
        scene, bake = max(scenes, key=lambda pair: pair[0].drawn)
        lacking = scene.lacking
        problem = ""
        if lacking:
            problem = (
                f"The bake has no picture for {', '.join(lacking)} there; the nearest one is shown."
            )
        return {"source": bake.identity.source, "problem": problem, **scene.figures()}

    def close(self) -> None:
        """Nothing is held outside scenes."""
        self._scenes = []

    def _open(self) -> list[tuple[BakedScene, Bake]]:
        return [pair for pair in self._scenes if not pair[0].closed]

    def _unbaked(self, photo: Photo) -> Portrait:
        portrait = self._warp.open(photo)
        note = f"Not baked, drawn by the built-in engine. Bake it: {BAKE} {photo.name}"
        return replace(portrait, notes=(note, *portrait.notes))


def _notes(bake: Bake, landmarks: Landmarks | None) -> list[str]:
    source = "LivePortrait" if bake.identity.source == "liveportrait" else "the built-in engine"
    notes = [f"Baked with {source}: {bake.frames} frames."]
    if bake.lacking:
        notes.append(
            f"The bake is not complete: {len(bake.lacking)} of {len(bake.clips)} clips are "
            f"missing. Go on: {BAKE} {bake.photo}"
        )
    if landmarks is None:
        notes.append("The face's points are not known here: head moves are only those baked.")
    return notes
