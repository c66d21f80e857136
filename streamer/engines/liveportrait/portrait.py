"""A photo whose face is encoded, once for all its frames."""

from dataclasses import dataclass, replace

import numpy as np

from streamer.engines.liveportrait.crop import MAX_SIDE_PX, input_of_crop, limit, limited_size
from streamer.engines.liveportrait.face_search import FaceSearch
from streamer.engines.liveportrait.failures import told
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.model import Model
from streamer.engines.liveportrait.retargeting import at_rest
from streamer.geometry import Matrix, apply, inverse, scaling_about_edges
from streamer.parameters import PARAMETERS
from streamer.photo import Photo
from streamer.view import Frame, Framing


@dataclass(frozen=True)
class NeuralPortrait:
    """A photo whose face is encoded. ``crop`` is the photo's own, (512, 512, 3)."""

    photo: Photo
    standing: Standing
    photo_from_crop: Matrix
    framing: Framing
    crop: Frame
    notes: tuple[str, ...]

    @property
    def crop_mean(self) -> float:
        """The crop's mean brightness, 0..1."""
        return float(self.crop.mean()) / 255.0


def open_portrait(model: Model, search: FaceSearch, photo: Photo) -> NeuralPortrait:
    """Find the face and encode it. Raises `PhotoError`, `EngineError`."""
    image, image_from_photo = _limited(photo.image)
    found = search.find(photo, image, image_from_photo)
    where = found.crop()
    crop = where.cut(image)
    low, high = PARAMETERS["eye_ratio"].low, PARAMETERS["eye_ratio"].high
    ratios = at_rest(found.eyes, found.mouth, low, high)
    with model.turn, told(str(model.device)):
        encoded = model.encode(input_of_crop(crop))
        driver = model.driver(encoded, ratios)
    # Needed once per photo: on a card their memory is better given to others.
    model.rest_on_host("appearance", "motion")
    return NeuralPortrait(
        photo=photo,
        standing=Standing(encoded, driver),
        photo_from_crop=inverse(image_from_photo) @ where.photo_from_crop.astype(np.float64),
        framing=_in_photo(found.framing, image_from_photo),
        crop=crop,
        notes=(f"face found by {found.found_by}",),
    )


def _limited(photo: Frame) -> tuple[Frame, Matrix]:
    """Return the photo at the size that the reference works at, and the map to it."""
    height, width = photo.shape[:2]
    new_height, new_width = limited_size(height, width, MAX_SIDE_PX, 1)  # before rows are cut
    return limit(photo), scaling_about_edges(new_width / width, new_height / height)


def _in_photo(framing: Framing, image_from_photo: Matrix) -> Framing:
    """Return the framing in pixels of the photo itself."""
    ys = [framing.eye_y, framing.crown_y, framing.chin_y]
    there = np.array([[framing.center_x, y] for y in ys])
    points = apply(inverse(image_from_photo), there)
    return replace(
        framing,
        center_x=float(points[0, 0]),
        eye_y=float(points[0, 1]),
        crown_y=float(points[1, 1]),
        chin_y=float(points[2, 1]),
    )
