"""Who looks for the face in a photo: the ONNX models, or whoever knows named points."""

from collections.abc import Callable

from streamer.engines.liveportrait.locating import Located, NamedPoints, from_named, from_points
from streamer.engines.liveportrait.sessions import FaceModels
from streamer.errors import PhotoError
from streamer.geometry import Matrix
from streamer.photo import Photo
from streamer.view import Frame

Locate = Callable[[Photo], NamedPoints]
"""Finds a face without model files; its points are pixels of ``photo.image``."""


class FaceSearch:
    """Finds faces with the models, or with ``locate``.

    The latter where models are missing, or the user has ``marked`` the face; ``face`` counts the
    faces of a photo from the largest.
    """

    def __init__(
        self,
        models: FaceModels,
        locate: Locate | None,
        marked: Callable[[Photo], bool],
        face: int,
    ) -> None:
        self._models = models
        self._locate = locate
        self._marked = marked
        self._face = face

    @property
    def provider(self) -> str:
        """Where the face models run, as onnxruntime answers."""
        return self._models.provider

    def described(self) -> str:
        """Say how faces are found."""
        by_hand = "cpu: the warp engine's landmarks"
        if self._models.finds_faces:
            return f"onnxruntime: {self._models.provider}"
        if self._locate is None:
            return "none: the face models are missing"
        if self._models.points_203 is not None:
            return f"{by_hand}, refined in onnxruntime: {self._models.provider}"
        return by_hand

    def find(self, photo: Photo, image: Frame, image_from_photo: Matrix) -> Located:
        """Find the face; the answer is in pixels of ``image``. Raises: `PhotoError`."""
        by_hand = self._locate is not None and self._marked(photo)
        if self._models.finds_faces and not by_hand:
            rough, points = self._models.find(image, self._face)
            return from_points(rough, points, None, "the face models")
        if self._locate is None:
            raise PhotoError(
                "The face cannot be found: the face models are missing. Get them: "
                "living-portrait weights fetch"
            )
        located = from_named(self._locate(photo).transformed(image_from_photo))
        if self._models.points_203 is None:
            return located
        points = self._models.refine(image, located.points, located.anchors)
        return from_points(
            points, points, located.framing, f"{located.found_by}, refined by the 203 landmarks"
        )
