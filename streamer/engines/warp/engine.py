"""The built-in engine: a puppet of the photo, drawn on the CPU, with no weights to fetch."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Final, TypeVar

import cv2

from streamer.engines import Portrait
from streamer.engines.warp.eyes import EyePainter, EyeState
from streamer.engines.warp.face_frame import Box, FaceFrame
from streamer.engines.warp.field import Field
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.locate import locate
from streamer.engines.warp.mouth import MouthPainter
from streamer.engines.warp.patches import Patches
from streamer.engines.warp.pose import Pose, Rest, pose_of
from streamer.errors import EngineError
from streamer.geometry import similarity
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.view import Frame, View

SMALL_FACE: Final = 80  # px between the eyes; fewer look soft at 720p. Judged by eye.
CACHE_BYTES: Final = 12 << 20  # per scene; a patch at 720p is 15 to 200 kB
TWIN_CACHE_BYTES: Final = 2 << 20  # what is drawn once needs hardly a patch twice


@dataclass(frozen=True)
class WarpPortrait:
    """A photo with the points of its face."""

    photo: Photo
    landmarks: Landmarks
    notes: tuple[str, ...] = ()


def _notes(photo: Photo, landmarks: Landmarks) -> Iterator[str]:
    yield f"Face found by: {landmarks.found_by}."
    if "sidecar" not in landmarks.found_by:
        yield (
            "If lids or lips look off, look at the landmarks and correct them: "
            f"living-portrait landmarks {photo.path}"
        )
    if landmarks.unit < SMALL_FACE:
        yield (
            f"The face is small ({landmarks.unit:.0f} px between the eyes) and will look soft; "
            f"{SMALL_FACE} px and more are better."
        )


class WarpEngine:
    """Animates portraits by warping the photo and painting lids and mouth.

    ``face`` counts the faces of a photo, the surest first.
    """

    name = "warp"
    device = "cpu"

    def __init__(self, face: int = 0) -> None:
        self.backend = f"opencv {cv2.__version__}"
        self.parts: Mapping[str, str] = {
            "face": "cpu: sidecar file or OpenCV's cascades",
            "drawing": f"cpu: OpenCV {cv2.__version__}",
        }
        self._face = face

    def open(self, photo: Photo) -> WarpPortrait:
        """Find the face: a sidecar file, else cascades. Raises `PhotoError`."""
        landmarks = locate(photo, face=self._face)
        return WarpPortrait(photo, landmarks, tuple(_notes(photo, landmarks)))

    def stage(self, portrait: Portrait, view: View) -> "WarpScene":
        """Draw the still photo at the view's size and prepare the face in it."""
        if not isinstance(portrait, WarpPortrait):
            raise TypeError(f"a portrait of the warp engine is needed, not {portrait!r}")
        return WarpScene(portrait.photo.image, portrait.landmarks, view)

    def figures(self) -> Mapping[str, object]:
        """Nothing changes while it runs."""
        return {}

    def close(self) -> None:
        """Nothing is held outside scenes."""


class WarpScene:
    """One portrait in one view."""

    def __init__(self, image: Frame, landmarks: Landmarks, view: View) -> None:
        margin = view.max_margin
        frame_from_photo = view.frame_from_photo(
            image.shape[1], image.shape[0], landmarks.framing()
        )
        self._still = view.draw(image, frame_from_photo, margin)
        self._mirror = view.mirror
        self._measured = Rest.of(landmarks)
        self.rest: Face = self._measured.face
        placed = landmarks.transformed(similarity(1.0, margin, margin) @ frame_from_photo)
        frame = FaceFrame.of(placed)
        face = placed.transformed(frame.face_from_picture)
        seen = Box(margin, margin, view.width, view.height)
        self._field = Field(frame, placed, seen)
        self._eyes = [
            EyePainter(self._still, frame, eye, brow, glasses=landmarks.glasses)
            for eye, brow in ((face.eye_l, face.brow_l), (face.eye_r, face.brow_r))
        ]
        self._mouth = MouthPainter(self._still, frame, face, self._measured.lips)
        self._pixel = 1.0 / frame.unit
        self._patches = Patches(CACHE_BYTES)
        self._work = self._still.copy()
        self._shown: list[Hashable] = [None, None, None]
        self._seen = seen
        self._frame = self._at_rest()
        self._last: Face | None = None
        self._closed = False

    @property
    def still(self) -> Frame:
        """The photo in this view; valid until the first frame is drawn."""
        return self._frame

    def render(self, face: Face) -> Frame:
        """Draw one frame; an unchanged face gives the last frame again."""
        if self._closed:
            raise EngineError("This scene was closed; stage the portrait again to draw it.")
        if face == self._last:
            return self._frame
        pose = pose_of(face, self._measured)
        self._paste(pose)
        self._warp(pose)
        self._last = dict(face)
        return self._frame

    def twin(self) -> "WarpScene":
        """Return a scene that draws the same beside this one, with what was prepared in common.

        It takes 6 MB and a millisecond at 720p, staging anew 50 MB and a fifth of a second.
        """
        twin = copy(self)
        twin._eyes = [copy(painter) for painter in self._eyes]  # each keeps notes while it paints
        twin._mouth = copy(self._mouth)
        twin._patches = Patches(TWIN_CACHE_BYTES)
        twin._work = self._still.copy()
        twin._shown = [None, None, None]
        twin._frame = twin._at_rest()
        twin._last, twin._closed = None, False
        return twin

    def close(self) -> None:
        """Free the patches."""
        self._patches.clear()
        self._closed = True

    def _at_rest(self) -> Frame:
        """Return a frame of its own memory with the still photo in it."""
        seen = self._still[self._seen.slices]
        return (seen[:, ::-1] if self._mirror else seen).copy()

    def _paste(self, pose: Pose) -> None:
        """Bring the painted parts of the work picture up to date."""
        reach = min(eye.reach for eye in self._eyes)  # both eyes look the same way
        for index, (painter, lids) in enumerate(
            zip(self._eyes, (pose.lids_l, pose.lids_r), strict=True)
        ):
            state = EyeState(lids, reach * pose.gaze_x, reach * pose.gaze_y).rounded(self._pixel)
            if painter.visible:
                self._show(index, painter.box, state, painter.neutral, painter.paint)
        if self._mouth.visible:
            step = 0.25 * self._pixel
            rest = self._measured.lips
            lips = rest + round((pose.lips - rest) / step) * step if pose.lips else 0.0
            shown = (lips, round(pose.veil, 1) if lips != rest else 0.0)
            self._show(2, self._mouth.box, shown, self._mouth.neutral, self._mouth.paint)

    def _show(
        self,
        index: int,
        box: Box,
        state: "_State",
        neutral: "_State",
        paint: "Callable[[_State], Frame]",
    ) -> None:
        if state == self._shown[index] or (self._shown[index] is None and state == neutral):
            return
        if state == neutral:
            patch = self._still[box.slices]
        else:
            patch = self._patches.get((index, state), lambda: paint(state))
        self._work[box.slices] = patch
        self._shown[index] = state

    def _warp(self, pose: Pose) -> None:
        """Sample the work picture into the frame, in the moving box only."""
        box = self._field.box
        rows = slice(box.y - self._seen.y, box.y - self._seen.y + box.height)
        left = box.x - self._seen.x
        if self._mirror:
            right = self._seen.width - left
            shown = self._frame[rows, right - box.width : right][:, ::-1]
        else:
            shown = self._frame[rows, left : left + box.width]
        if not self._field.moves(pose):
            shown[:] = self._work[box.slices]
            return
        for stripe, positions in self._field.maps(pose):
            shown[stripe] = cv2.remap(  # type: ignore[call-overload]
                self._work, positions, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
            )


_State = TypeVar("_State", EyeState, tuple[float, float])
