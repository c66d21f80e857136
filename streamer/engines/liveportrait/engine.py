"""The neural engine: a photo encoded once, then a frame per face."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from streamer.engines import Portrait
from streamer.engines.liveportrait.crop import (
    CROP_PX,
    MAX_SIDE_PX,
    input_of_crop,
    limit,
    limited_size,
)
from streamer.engines.liveportrait.devices import Torch, look
from streamer.engines.liveportrait.drive import Driver
from streamer.engines.liveportrait.guard import fault
from streamer.engines.liveportrait.locating import Located, NamedPoints, from_named, from_points
from streamer.engines.liveportrait.manifest import read_manifest
from streamer.engines.liveportrait.model import Encoded, Model, to_host
from streamer.engines.liveportrait.paste_back import PasteBack, pixels
from streamer.engines.liveportrait.retargeting import at_rest
from streamer.engines.liveportrait.sessions import FaceModels, open_face_models
from streamer.engines.liveportrait.weights import load_networks
from streamer.errors import EngineError, PhotoError
from streamer.geometry import Matrix, apply, inverse, scaling_about_edges
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.photo import Photo
from streamer.view import Frame, Framing, View

Locate = Callable[[Photo], NamedPoints]
"""Finds a face without model files; its points are pixels of ``photo.image``."""


@dataclass(frozen=True)
class NeuralPortrait:
    """A photo whose face is encoded. ``crop`` is the photo's own, (512, 512, 3)."""

    photo: Photo
    encoded: Encoded
    driver: Driver
    photo_from_crop: Matrix
    framing: Framing
    crop: Frame
    notes: tuple[str, ...]

    @property
    def crop_mean(self) -> float:
        """The crop's mean brightness, 0..1."""
        return float(self.crop.mean()) / 255.0


class LivePortraitEngine:
    """Animates portraits with LivePortrait's networks.

    Faces are found by ``faces``, the ONNX models, or by ``locate`` where they are missing; ``face``
    counts the faces of a photo from the largest. ``paste_back`` off shows the bare crop.
    """

    name = "liveportrait"

    def __init__(
        self,
        model: Model,
        *,
        faces: FaceModels | None = None,
        locate: Locate | None = None,
        face: int = 0,
        paste_back: bool = True,
        torch_here: Torch | None = None,
    ) -> None:
        self.device = str(model.device)
        self.backend = f"torch {torch.__version__} fp32"
        self.parts: Mapping[str, str] = _parts(model, faces, locate, torch_here or look())
        self._model = model
        self._faces = faces or FaceModels()
        self._locate = locate
        self._face = face
        self._paste_back = paste_back

    @classmethod
    def load(
        cls,
        weights: Path,
        *,
        device: str = "auto",
        manifest: Path | None = None,
        locate: Locate | None = None,
        face: int = 0,
        paste_back: bool = True,
    ) -> "LivePortraitEngine":
        """Read the model files of a folder, held against the hashes in ``manifest`` if given.

        Raises: `WeightsError`, `ConfigError` for the device.
        """
        here = look()
        picked = here.pick(device)
        listed = read_manifest(manifest) if manifest is not None else None
        with _told(picked):
            model = Model(load_networks(weights, manifest=listed, device=picked), picked).prepared()
        return cls(
            model,
            faces=open_face_models(weights),
            locate=locate,
            face=face,
            paste_back=paste_back,
            torch_here=here,
        )

    @property
    def face_provider(self) -> str:
        """Where the face models run, as onnxruntime answers."""
        return self._faces.provider

    def open(self, photo: Photo) -> NeuralPortrait:
        """Find the face and encode it, once per photo. Raises `PhotoError`, `EngineError`."""
        image, image_from_photo = _limited(photo.image)
        found = self._find(photo, image, image_from_photo)
        where = found.crop()
        crop = where.cut(image)
        low, high = PARAMETERS["eye_ratio"].low, PARAMETERS["eye_ratio"].high
        ratios = at_rest(found.eyes, found.mouth, low, high)
        with self._model.turn, _told(self.device):
            encoded = self._model.encode(input_of_crop(crop))
            driver = self._model.driver(encoded, ratios)
        return NeuralPortrait(
            photo=photo,
            encoded=encoded,
            driver=driver,
            photo_from_crop=inverse(image_from_photo) @ where.photo_from_crop.astype(np.float64),
            framing=_in_photo(found.framing, image_from_photo),
            crop=crop,
            notes=(f"face found by {found.found_by}",),
        )

    def stage(self, portrait: Portrait, view: View) -> "NeuralScene":
        """Draw the still photo at the view's size and prepare the face in it."""
        if not isinstance(portrait, NeuralPortrait):
            raise TypeError(f"a portrait of the liveportrait engine is needed, not {portrait!r}")
        return NeuralScene(self._model, portrait, view, paste_back=self._paste_back)

    def figures(self) -> Mapping[str, object]:
        """How it runs right now."""
        return {}

    def close(self) -> None:
        """Give the memory of the device back."""
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def _find(self, photo: Photo, image: Frame, image_from_photo: Matrix) -> Located:
        """Find the face; the answer is in pixels of ``image``."""
        if self._faces.finds_faces:
            rough, points = self._faces.find(image, self._face)
            return from_points(rough, points, None, "the face models")
        if self._locate is None:
            raise PhotoError(
                "The face cannot be found: the face models are missing. Get them: "
                "living-portrait weights fetch"
            )
        located = from_named(self._locate(photo).transformed(image_from_photo))
        if self._faces.points_203 is None:
            return located
        points = self._faces.refine(image, located.points, located.anchors)
        return from_points(
            points, points, located.framing, f"{located.found_by}, refined by the 203 landmarks"
        )


class NeuralScene:
    """One portrait in one view."""

    def __init__(
        self, model: Model, portrait: NeuralPortrait, view: View, *, paste_back: bool = True
    ) -> None:
        self._model = model
        self._portrait = portrait
        self._view = view
        ratios = portrait.driver.ratios
        self.rest: Face = neutral_face(eye_ratio=ratios.eye, lip_ratio=ratios.lip)
        self._crop_mean = portrait.crop_mean
        self._paste: PasteBack | None = None
        if paste_back:
            image = portrait.photo.image
            height, width = image.shape[:2]
            frame_from_photo = view.frame_from_photo(width, height, portrait.framing)
            still = view.draw(image, frame_from_photo)
            frame_from_crop = (frame_from_photo @ portrait.photo_from_crop).astype(np.float32)
            self._paste = PasteBack.into(
                still,
                frame_from_crop,
                _photo_share(image, view, frame_from_photo),
                antialias=True,
            )
        else:
            still = self._framed(portrait.crop)
        self._frame = self._mirrored(still)
        self._last: Face | None = None
        self._closed = False

    @property
    def still(self) -> Frame:
        """The photo, or its bare crop, in this view."""
        return self._frame

    def render(self, face: Face) -> Frame:
        """Draw one frame; an unchanged face gives the last frame again.

        Raises: `EngineError`, also for a picture that is not fit to be shown.
        """
        if self._closed:
            raise EngineError("This scene was closed; stage the portrait again to draw it.")
        if face == self._last:
            return self._frame
        model, portrait = self._model, self._portrait
        with model.turn, _told(str(model.device)):
            with torch.inference_mode():
                x_d = portrait.driver.x_d(face)
            image = to_host(model.draw(portrait.encoded, x_d, portrait.driver.x_s).image)
        wrong = fault(image, self._crop_mean)
        if wrong is not None:
            raise EngineError(f"The networks drew a picture that cannot be shown: {wrong}.")
        self._frame = self._mirrored(self._framed(pixels(image)))
        self._last = dict(face)
        return self._frame

    def close(self) -> None:
        """Refuse further frames."""
        self._closed = True
        self._paste = None

    def _framed(self, crop: Frame) -> Frame:
        """Bring the drawn crop into the frame: pasted back, or bare."""
        if self._paste is not None:
            return self._paste.paste(crop)
        bare = View(self._view.width, self._view.height, fit="contain", fill=self._view.fill)
        return bare.draw(crop, bare.frame_from_photo(CROP_PX, CROP_PX, None))

    def _mirrored(self, frame: Frame) -> Frame:
        if self._view.mirror:
            return np.asarray(cv2.flip(frame, 1), np.uint8)
        return np.ascontiguousarray(frame)


@contextmanager
def _told(device: str) -> Iterator[None]:
    """Turn torch's errors into one that a user can act on; all of them are `RuntimeError`s."""
    try:
        yield
    except torch.OutOfMemoryError as exc:
        raise EngineError(
            f"The memory of {device} is full. Close other programs that use it, or draw with "
            "--engine warp."
        ) from exc
    except RuntimeError as exc:
        raise EngineError(
            f"PyTorch failed on {device}: {(str(exc) or type(exc).__name__).splitlines()[0][:160]}"
        ) from exc


def _parts(
    model: Model, faces: FaceModels | None, locate: Locate | None, here: Torch
) -> Mapping[str, str]:
    """Say what each part runs on: the networks' answer is read from their weights."""
    by_hand = "cpu: the warp engine's landmarks"
    if faces is not None and faces.finds_faces:
        face = f"onnxruntime: {faces.provider}"
    elif locate is None:
        face = "none: the face models are missing"
    elif faces is not None and faces.points_203 is not None:
        face = f"{by_hand}, refined in onnxruntime: {faces.provider}"
    else:
        face = by_hand
    return {
        "networks": here.describe(model.runs_on),
        "face": face,
        "paste_back": f"cpu: OpenCV {cv2.__version__}",
    }


def _limited(photo: Frame) -> tuple[Frame, Matrix]:
    """Return the photo at the size that the reference works at, and the map to it."""
    height, width = photo.shape[:2]
    new_height, new_width = limited_size(height, width, MAX_SIDE_PX, 1)  # before rows are cut
    return limit(photo), scaling_about_edges(new_width / width, new_height / height)


def _photo_share(photo: Frame, view: View, frame_from_photo: Matrix) -> NDArray[np.uint8]:
    """Return how much of each frame pixel shows the photo, as the view itself mixes it, 0..255."""
    white = np.full_like(photo, 255)
    return replace(view, fill="#000000").draw(white, frame_from_photo)[..., 0]


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
