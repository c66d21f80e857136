"""The ONNX face models: opened where their files are, and what they find in a photo."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamer.engines.liveportrait.crop import Points
from streamer.engines.liveportrait.faces import Faces, Session, detect, find_106, find_203
from streamer.errors import NoFaceError, PhotoError, WeightsError
from streamer.view import Frame

log: Final = logging.getLogger(__name__)

DETECTOR: Final = "insightface/models/buffalo_l/det_10g.onnx"
POINTS_106: Final = "insightface/models/buffalo_l/2d106det.onnx"
POINTS_203: Final = "liveportrait/landmark.onnx"


@dataclass(frozen=True)
class FaceModels:
    """The models that are there; the first two only together."""

    detector: Session | None = None
    points_106: Session | None = None
    points_203: Session | None = None
    provider: str = "none"

    @property
    def finds_faces(self) -> bool:
        """Whether a face can be found with these alone."""
        return None not in (self.detector, self.points_106, self.points_203)

    def find(self, photo: Frame, face: int = 0) -> tuple[Points, Points]:
        """Return 106 and 203 landmarks of a face; ``face`` counts from the largest.

        Raises: `PhotoError`.
        """
        if self.detector is None or self.points_106 is None:
            raise RuntimeError("face detection without its models")
        faces: Faces = detect(self.detector, photo)
        if not len(faces.boxes):
            raise NoFaceError(
                "No face was found in the photo. Use a picture that shows one face from the "
                "front, large and evenly lit."
            )
        if face >= len(faces.boxes):
            raise PhotoError(
                f"The photo shows {len(faces.boxes)} face(s); face {face + 1} was asked for. "
                f"Use --face 1 to --face {len(faces.boxes)}."
            )
        rough = find_106(self.points_106, photo, faces.boxes[face])
        return rough, self.refine(photo, rough)

    def refine(self, photo: Frame, rough: Points, anchors: Points | None = None) -> Points:
        """Return 203 landmarks from rough ones."""
        if self.points_203 is None:
            raise RuntimeError("refinement without its model")
        return find_203(self.points_203, photo, rough, anchors)


def open_face_models(folder: Path) -> FaceModels:
    """Open those face models whose files lie in the weights folder.

    They run on the CPU: once per photo, a few ten ms. Raises: `WeightsError` for a broken file.
    """
    paths = {path: folder / path for path in (DETECTOR, POINTS_106, POINTS_203)}
    present = {path: file for path, file in paths.items() if file.is_file()}
    if not present:
        return FaceModels()
    try:
        import onnxruntime
    except ImportError:
        log.warning("Face models are there, but onnxruntime is not: pip install onnxruntime")
        return FaceModels()
    sessions: dict[str, Any] = {}
    for path, file in present.items():
        try:
            sessions[path] = onnxruntime.InferenceSession(
                str(file), providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # the library's errors share no base class of their own
            raise WeightsError(
                f"{file} cannot be read as a model ({str(exc).splitlines()[0][:160]}). "
                "Get it again: living-portrait weights fetch"
            ) from exc
    both = DETECTOR in sessions and POINTS_106 in sessions
    return FaceModels(
        detector=sessions[DETECTOR] if both else None,
        points_106=sessions[POINTS_106] if both else None,
        points_203=sessions.get(POINTS_203),
        provider=next(iter(sessions.values())).get_providers()[0],
    )
