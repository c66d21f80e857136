"""One portrait in one view: the plain way of a frame, and the fast one beside it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.failures import DeviceLost, MemoryFull, told
from streamer.engines.liveportrait.fast.bare import Bare
from streamer.engines.liveportrait.fast.colour import native
from streamer.engines.liveportrait.fast.compose import Compose, Layer
from streamer.engines.liveportrait.fast.finish import Finish, plain_finish
from streamer.engines.liveportrait.fast.forms import PLAIN, Forms
from streamer.engines.liveportrait.fast.frames import Drawn
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from streamer.engines.liveportrait.fast.proof import Proof, prove, trial_faces
from streamer.engines.liveportrait.fast.sheets import Sheets
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.frame_cache import FrameCache, PhotoCache
from streamer.engines.liveportrait.governor import Governor
from streamer.engines.liveportrait.guard import fault
from streamer.engines.liveportrait.look_ahead import LookAhead
from streamer.engines.liveportrait.model import Model, to_host
from streamer.engines.liveportrait.paste_back import PasteBack, pixels
from streamer.errors import EngineError
from streamer.geometry import Matrix
from streamer.parameters import Face
from streamer.photo import Photo
from streamer.view import Frame, Framing, View


class Subject(Protocol):
    """What a scene needs to know of its portrait."""

    @property
    def photo(self) -> Photo:
        """The picture that was read."""

    @property
    def standing(self) -> Standing:
        """The encoded photo, and its place on the ladder of forms."""

    @property
    def photo_from_crop(self) -> Matrix:
        """Where the crop lies in the photo."""

    @property
    def framing(self) -> Framing:
        """Where the head is in the photo."""

    @property
    def crop(self) -> Frame:
        """The photo's own crop. Shape: (512, 512, 3)."""

    @property
    def crop_mean(self) -> float:
        """Its mean brightness, 0..1."""


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


class NeuralScene:
    """One portrait in one view.

    ``studio`` None leaves the plain way alone: the readable networks, then OpenCV.
    """

    def __init__(
        self,
        model: Model,
        portrait: Subject,
        view: View,
        *,
        paste_back: bool = True,
        studio: Studio | None = None,
    ) -> None:
        self._model = model
        self._portrait = portrait
        self._standing = portrait.standing
        self._view = view
        self.rest: Face = self._standing.rest
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
        self._lost = ""
        self._studio = studio
        self._fast: FastWay | None = None
        self._drawn: Drawn | None = None
        self._preparing = threading.Lock()

    @property
    def still(self) -> Frame:
        """The photo, or its bare crop, in this view."""
        return self._frame

    def render(self, face: Face) -> Frame:
        """Draw one frame; an unchanged face gives the last frame again.

        A faster form that fails is left for good, and the same face drawn by the next plainer one.
        Raises: `EngineError`, also for a picture that is not fit to be shown.
        """
        if self._closed:
            raise EngineError("This scene was closed; stage the portrait again to draw it.")
        if self._lost:
            raise DeviceLost(self._lost)
        if face == self._last:
            return self._frame
        while (fast := self._following()) is not None:
            painter = fast.pipeline.painter
            try:
                self._drawn = fast.render(face)
            except DeviceLost as exc:
                self._lost = str(exc)  # no other form would do better, nor any other frame
                raise
            except MemoryFull:
                raise
            except EngineError as exc:
                self._failed(painter, exc)
                continue
            self._frame = self._drawn.rgb
            # On air it is the look ahead that says whether a face is shown again.
            self._last = None if fast.live else dict(face)
            return self._frame
        self._frame = self._plainly(face)
        self._last, self._drawn = dict(face), None
        return self._frame

    @property
    def painter(self) -> Painter | None:
        """Who paints the next frame; None: the plain form draws."""
        return None if self._fast is None else self._standing.current

    @property
    def form(self) -> str:
        """The form that draws the next frame."""
        painter = self.painter
        return PLAIN if painter is None else painter.form

    def close(self) -> None:
        """Refuse further frames."""
        if self._closed:
            return
        self._closed = True
        fast, self._fast, self._drawn = self._fast, None, None
        if fast is not None and self._studio is not None:
            fast.pipeline.close()
            self._studio.later(partial(_let_go, fast, self._studio))

    # --- what the device makes, and ahead of time

    @property
    def ahead(self) -> int:
        """How many frames of forecast are of use."""
        fast = self._following()
        return 0 if fast is None else fast.look.ahead

    @property
    def strained(self) -> bool:
        """Whether the device cannot keep up with new faces."""
        fast = self._fast
        return fast is not None and fast.live and fast.look.strained

    def expect(self, faces: Sequence[Face]) -> None:
        """Draw the faces that come next ahead of their time."""
        fast = self._following()
        if fast is not None:
            fast.live = True
            fast.look.expect(faces)

    def native(self, pixel_format: str) -> Frame | None:
        """Return the frame rendered last in a camera's own format, if it was drawn with it."""
        fast, drawn = self._fast, self._drawn
        if fast is None or drawn is None:
            return None
        if drawn.pixel_format == pixel_format:
            return drawn.native
        fast.pipeline.want(pixel_format)
        return None

    def figures(self) -> Mapping[str, object]:
        """Return how frames came about; nothing while they are drawn plainly."""
        fast = self._fast
        if fast is None or self.painter is None:
            return {}
        return {"batches": list(fast.pipeline.batches), **fast.look.figures()}

    def prepare(self) -> None:
        """Make ready to draw with whoever paints the portrait now; for another thread.

        Raises: `EngineError`; the scene goes on as it was.
        """
        studio, painter = self._studio, self._standing.current
        if studio is None or painter is None:
            return
        with self._preparing:
            if self._closed:
                return
            fast = self._fast or self._fast_way(studio, painter)
            if fast is None:
                return
            if painter.finish not in fast.sheets:
                sheets = self._sheets(studio, painter, painter.finish, fast.pipeline.wanted)
                fast.sheets[painter.finish] = sheets or fast.sheets[plain_finish]
            else:
                self._more_batches(studio, painter, fast.sheets_of(painter))
            if fast.pipeline.painter is painter:
                fast.pipeline.use(sheets=fast.sheets_of(painter))
            if not self._closed:
                self._fast = fast

    # --- the plain way

    def _plainly(self, face: Face) -> Frame:
        model, standing = self._model, self._standing
        with model.turn, told(str(model.device)):
            with torch.inference_mode():
                x_d = standing.driver.x_d(face)
            drawn = model.draw(standing.encoded, x_d, standing.driver.x_s)
            image = to_host(drawn.image)
        wrong = fault(image, self._portrait.crop_mean)
        if wrong is not None:
            raise EngineError(f"The networks drew a picture that cannot be shown: {wrong}.")
        return self._mirrored(self._framed(pixels(image)))

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

    # --- the fast way

    def _following(self) -> FastWay | None:
        """Return the fast way with the painter that the portrait has now, or None."""
        fast, painter, studio = self._fast, self._standing.current, self._studio
        if fast is None or painter is None or studio is None:
            return None
        if fast.pipeline.painter is not painter:
            fast.follow(painter, self._cache(studio, painter))
        return fast

    def _failed(self, painter: Painter, exc: EngineError) -> None:
        if self._studio is not None:
            self._studio.forms.failed(self._standing, painter, str(exc).rstrip("."))
            self._studio.changed()

    def _fast_way(self, studio: Studio, painter: Painter) -> FastWay | None:
        sheets = self._sheets(studio, painter, plain_finish, "")
        if sheets is None:
            return None
        pipeline = self._pipeline(
            studio,
            painter,
            sheets,
            lambda pixel_format: studio.later(partial(self._reformat, pixel_format)),
        )
        return FastWay(studio, pipeline, self._cache(studio, painter))

    def _pipeline(
        self,
        studio: Studio,
        painter: Painter,
        sheets: Sheets,
        reformat: Callable[[str], None] = lambda pixel_format: None,
    ) -> Pipeline:
        forms, mean = studio.forms, self._portrait.crop_mean
        return Pipeline(
            forms.device, painter, sheets, turn=forms.turn, photo_mean=mean, reformat=reformat
        )

    def _sheets(
        self, studio: Studio, painter: Painter, finish: Finish, pixel_format: str
    ) -> Sheets | None:
        """Return sheets for all batch sizes that the painter has, proven; None if they fail."""
        device = studio.forms.device
        with studio.forms.piece(), told(device.name):
            sheets = Sheets(device, self._layer(device.name), pixel_format, finish)
        self._more_batches(studio, painter, sheets)
        return sheets if 1 in sheets.batches else None

    def _more_batches(self, studio: Studio, painter: Painter, sheets: Sheets) -> None:
        forms = studio.forms
        for batch in painter.batches:
            if batch in sheets.batches:
                continue
            with forms.piece(), told(forms.device.name):
                sheets.prepare(batch)
            proof = self._proof(self._pipeline(studio, painter, sheets), batch)
            if not proof.passed:
                forms.refuse(proof)
                return
            sheets.offer(batch)

    def _proof(self, pipeline: Pipeline, batch: int) -> Proof:
        """Hold frames from the device against those that OpenCV makes of the same crops."""
        faces = list(trial_faces(self.rest).values())
        drawn = pipeline.draw([faces[i % len(faces)] for i in range(batch)]).frames()
        expected: dict[str, Frame] = {}
        there: dict[str, Frame] = {}
        for i, frame in enumerate(drawn):
            expected[f"frame {i}"] = self._mirrored(self._framed(frame.crop))
            there[f"frame {i}"] = frame.rgb
            if frame.native is not None:
                rgb = torch.from_numpy(frame.rgb.copy())[None]
                name = f"frame {i} in {frame.pixel_format}"
                expected[name] = native(rgb, frame.pixel_format)[0].numpy()
                there[name] = frame.native
        return prove(f"{pipeline.painter.form} in the frame", expected, there)

    def _layer(self, device: str) -> Layer:
        if self._paste is None:
            return Bare.of(self._view, device=device)
        return Compose.of(self._paste, mirror=self._view.mirror, device=device)

    def _cache(self, studio: Studio, painter: Painter) -> PhotoCache:
        return studio.cache.of(self._portrait.photo.key, studio.weights, painter.form)

    def _reformat(self, pixel_format: str) -> None:
        """Finish frames in another pixel format from now on; for another thread."""
        studio, fast = self._studio, self._fast
        if studio is None or fast is None or fast.pipeline.wanted != pixel_format:
            return
        with self._preparing:
            painter = fast.pipeline.painter
            for finish in (plain_finish, painter.finish):
                there = fast.sheets.get(finish)
                if self._closed or (there and there.layout.pixel_format == pixel_format):
                    continue
                sheets = self._sheets(studio, painter, finish, pixel_format)
                if sheets is not None:
                    fast.sheets[finish] = sheets
            fast.pipeline.use(sheets=fast.sheets_of(painter))


def _let_go(fast: FastWay, studio: Studio) -> None:
    """Keep what a scene drew with until nothing of it is under way any more."""
    studio.forms.device.settle()
    del fast


def _photo_share(photo: Frame, view: View, frame_from_photo: Matrix) -> NDArray[np.uint8]:
    """Return how much of each frame pixel shows the photo, as the view itself mixes it, 0..255."""
    white = np.full_like(photo, 255)
    return replace(view, fill="#000000").draw(white, frame_from_photo)[..., 0]
