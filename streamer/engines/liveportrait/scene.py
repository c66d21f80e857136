"""One portrait in one view: the plain way of a frame, and the fast one beside it."""

import threading
from collections.abc import Mapping, Sequence
from functools import partial

import torch

from streamer.engines.liveportrait.failures import DeviceLost, MemoryFull, told
from streamer.engines.liveportrait.fast.finish import plain_finish
from streamer.engines.liveportrait.fast.forms import PLAIN
from streamer.engines.liveportrait.fast.frames import Drawn
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast_way import FastWay, Studio
from streamer.engines.liveportrait.frame_cache import PhotoCache
from streamer.engines.liveportrait.guard import fault
from streamer.engines.liveportrait.model import Model, to_host
from streamer.engines.liveportrait.paste_back import pixels
from streamer.engines.liveportrait.setting import Setting, Subject
from streamer.engines.liveportrait.sheet_maker import SheetMaker
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame, View


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
        self.rest: Face = self._standing.rest
        self._setting, self._frame = Setting.of(portrait, view, paste_back=paste_back)
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
            maker = self._sheet_maker(studio)
            if painter.finish not in fast.sheets:
                sheets = maker.made(painter, painter.finish, fast.pipeline.wanted)
                fast.sheets[painter.finish] = sheets or fast.sheets[plain_finish]
            else:
                maker.extend(painter, fast.sheets_of(painter))
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
        return self._setting.frame_of(pixels(image))

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
        maker = self._sheet_maker(studio)
        sheets = maker.made(painter, plain_finish, "")
        if sheets is None:
            return None
        pipeline = maker.pipeline(
            painter,
            sheets,
            lambda pixel_format: studio.later(partial(self._reformat, pixel_format)),
        )
        return FastWay(studio, pipeline, self._cache(studio, painter))

    def _sheet_maker(self, studio: Studio) -> SheetMaker:
        return SheetMaker(studio.forms, self._setting, self.rest, self._portrait.crop_mean)

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
                sheets = self._sheet_maker(studio).made(painter, finish, pixel_format)
                if sheets is not None:
                    fast.sheets[finish] = sheets
            fast.pipeline.use(sheets=fast.sheets_of(painter))


def _let_go(fast: FastWay, studio: Studio) -> None:
    """Keep what a scene drew with until nothing of it is under way any more."""
    studio.forms.device.settle()
    del fast
