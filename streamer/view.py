"""Photo -> frame geometry: size, fit, zoom, offset, mirror and background fill.

A `View` is what the operator chose; `View.frame_from_photo` turns it into one similarity map for
one picture, and `draw` draws the still picture through it on the CPU. Engines draw straight into
the frame with the same map.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.geometry import Matrix, inverse, scale_of, scaling_about_edges, similarity

Frame = NDArray[np.uint8]
"""What leaves: (height, width, 3) uint8 RGB, contiguous."""

Fit = Literal["face", "cover", "contain"]
FITS: Final[tuple[str, ...]] = get_args(Fit)

# Face framing, in parts of the frame height. Source: the built-in engine's design, judged by eye.
HEAD_HEIGHT: Final = 0.60
EYE_LINE: Final = 0.44

# A picture is never enlarged beyond this many times by face framing alone: a face of 40 px would
# become mush, and a distant one is better shown smaller. The operator's zoom goes further.
MAX_FACE_ENLARGEMENT: Final = 6.0

# A face may come this much larger than asked, where that saves a fill above and below.
NEARLY_COVERED: Final = 1.12

# Picture beyond the frame's edge, in frame heights: as far as a moving head draws it in.
MAX_MARGIN: Final = 0.0625

# Where the picture ends, in frame heights: the blend inside its edge; the reflection's blurs and
# how far out each takes over; how dark it gets and where. Judged by eye on two portraits.
FILL_EDGE: Final = 0.03
FILL_BLURS: Final = (0.006, 0.025, 0.07)
FILL_STEPS: Final = (0.0, 0.08, 0.25)
FILL_FADE: Final = 0.5
FILL_BRIGHTNESS: Final = 0.55

ZOOM_RANGE: Final = (0.25, 4.0)
OFFSET_RANGE: Final = (-1.0, 1.0)
SIZE_RANGE: Final = (64, 4096)


@dataclass(frozen=True)
class Framing:
    """Where the head is in the photo, for the face fit. Units: photo pixels."""

    center_x: float
    eye_y: float
    crown_y: float
    chin_y: float
    head: float = HEAD_HEIGHT
    eye_line: float = EYE_LINE


@dataclass(frozen=True)
class View:
    """The geometry photo -> frame that the operator chose.

    Units: ``width``, ``height`` px, even; ``zoom`` a factor on top of the fit; ``offset_x``,
    ``offset_y`` in frame heights, positive moves the picture right and down. ``fill`` is ``blur``
    (the picture itself, blurred, mirrored outwards and darkened) or a colour ``#rrggbb``.
    Raises: `ConfigError`.
    """

    width: int = 1280
    height: int = 720
    fit: Fit = "face"
    zoom: float = 1.0
    offset_x: float = 0.0
    offset_y: float = 0.0
    mirror: bool = False
    fill: str = "blur"

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            value = getattr(self, name)
            if not SIZE_RANGE[0] <= value <= SIZE_RANGE[1] or value % 2:
                raise ConfigError(
                    f"The frame's {name} is {value}; camera formats need an even number from "
                    f"{SIZE_RANGE[0]} to {SIZE_RANGE[1]}. Try --size 1280x720."
                )
        if self.fit not in FITS:
            raise ConfigError(f"Unknown fit '{self.fit}'. Choose one of: {', '.join(FITS)}.")
        for name, (low, high) in (
            ("zoom", ZOOM_RANGE),
            ("offset_x", OFFSET_RANGE),
            ("offset_y", OFFSET_RANGE),
        ):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be {low} to {high}.")
        if self.fill != "blur":
            fill_color(self.fill)

    def frame_from_photo(
        self, photo_width: int, photo_height: int, framing: Framing | None
    ) -> Matrix:
        """Return the similarity that maps photo pixels to frame pixels, without the mirror.

        The mirror flips the finished frame, so that parameters keep their sign in the photo.
        Without a ``framing`` (no face known) the face fit is the cover fit.
        """
        cover = max(self.width / photo_width, self.height / photo_height)
        center_x, center_y = (self.width - 1) / 2, (self.height - 1) / 2
        # The photo point that comes to the frame point (center_x, anchor_y).
        photo_x, photo_y, anchor_y = (photo_width - 1) / 2, (photo_height - 1) / 2, center_y
        scale = cover
        if self.fit == "contain":
            scale = min(self.width / photo_width, self.height / photo_height)
        elif self.fit == "face" and framing is not None:
            head = max(framing.chin_y - framing.crown_y, 1.0)
            scale = min(framing.head * self.height / head, max(MAX_FACE_ENLARGEMENT, cover))
            # A picture that nearly reaches top and bottom is better a little larger than filled.
            filling = self.height / photo_height
            if scale < filling <= NEARLY_COVERED * scale:
                scale = filling
            photo_x, photo_y, anchor_y = (
                framing.center_x,
                framing.eye_y,
                framing.eye_line * self.height,
            )
        scale *= self.zoom
        dx = center_x - scale * photo_x
        dy = anchor_y - scale * photo_y
        if self.fit == "face":
            dx = _slide_over(dx, scale * photo_width, scale, self.width)
            dy = _slide_over(dy, scale * photo_height, scale, self.height)
        dx += self.offset_x * self.height
        dy += self.offset_y * self.height
        return similarity(scale, dx, dy)

    def draw(self, photo: Frame, frame_from_photo: Matrix, margin: int = 0) -> Frame:
        """Draw the still photo as the frame shows it, unmirrored.

        Shapes: photo (h, w, 3); returns (height + 2 margin, width + 2 margin, 3): the margin is
        picture beyond the frame's edge, for engines that move pixels inwards. It is at most
        `max_margin`; the pixels inside the frame do not depend on it.
        """
        pad = self.max_margin
        if not 0 <= margin <= pad:
            raise ValueError(f"margin is {margin} px; it must be 0 to {pad}")
        source, out_from_source = _reduced(photo, similarity(1.0, pad, pad) @ frame_from_photo)
        scale = scale_of(frame_from_photo)
        drawn = _frame(
            cv2.warpAffine(
                source,
                out_from_source[:2],
                (self.width + 2 * pad, self.height + 2 * pad),
                flags=cv2.INTER_LANCZOS4 if scale > 1.0 else cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        )
        if scale > 1.2:
            drawn = _unsharp(drawn, 0.35, 0.5 * scale)
        inside, outside = self.coverage(frame_from_photo, photo.shape[1], photo.shape[0])
        if inside.min() < 1.0:
            alpha = inside[:, :, None]
            drawn = _frame(np.rint(drawn * alpha + self._fill(drawn, outside) * (1.0 - alpha)))
        cut = pad - margin
        return drawn[cut : drawn.shape[0] - cut, cut : drawn.shape[1] - cut].copy()

    @property
    def max_margin(self) -> int:
        """The widest margin that `draw` gives, px."""
        return round(MAX_MARGIN * self.height)

    def _fill(self, reflected: Frame, outside: NDArray[np.float32]) -> Frame:
        """The background where the picture ends: its own reflection, going out of focus.

        ``outside`` is the distance from the picture's edge, in frame heights. Close to the edge
        the reflection is nearly sharp and bright, so that no line shows where the picture ends.
        """
        height, width = reflected.shape[:2]
        if self.fill != "blur":
            return np.full((height, width, 3), fill_color(self.fill), np.uint8)
        small = cv2.resize(
            reflected, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA
        )
        blurs = [
            cv2.GaussianBlur(small, (0, 0), max(0.5, sigma * small.shape[0])).astype(np.float32)
            for sigma in FILL_BLURS
        ]
        distance = cv2.resize(outside, (small.shape[1], small.shape[0]))
        mixed = blurs[0]
        for blurred, near, far in zip(blurs[1:], FILL_STEPS, FILL_STEPS[1:], strict=False):
            share = np.clip((distance - near) / (far - near), 0.0, 1.0)[:, :, None]
            mixed = mixed + (blurred - mixed) * share
        fade = np.clip(distance / FILL_FADE, 0.0, 1.0)
        mixed = mixed * (1.0 - (1.0 - FILL_BRIGHTNESS) * fade * (2.0 - fade))[:, :, None]
        large = cv2.resize(mixed, (width, height), interpolation=cv2.INTER_LINEAR)
        return _frame(np.clip(np.rint(large), 0, 255))

    def coverage(
        self, frame_from_photo: Matrix, photo_width: int, photo_height: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Where the picture covers the drawing (1, falling to 0 inside its edge), and how far out.

        A side on which the picture reaches the frame's edge has no fall: its margin is reflection.
        """
        scale, pad = scale_of(frame_from_photo), self.max_margin
        x0 = frame_from_photo[0, 2] - 0.5 * scale
        y0 = frame_from_photo[1, 2] - 0.5 * scale
        soft = max(2.0, FILL_EDGE * min(self.width, self.height))

        def beyond(n: int, low: float, length: float) -> NDArray[np.float32]:
            """Distance outside the picture along one axis, px; negative inside."""
            at = np.arange(-pad, n + pad, dtype=np.float32)
            left = np.float32(low) - at if low > 0 else np.full_like(at, -np.inf)
            high = np.float32(low + length)
            right = at - high if high < n - 1 else np.full_like(at, -np.inf)
            return np.asarray(np.maximum(left, right), np.float32)

        rows = beyond(self.height, y0, scale * photo_height)[:, None]
        columns = beyond(self.width, x0, scale * photo_width)[None, :]
        edge = np.clip(-rows / soft, 0, 1) * np.clip(-columns / soft, 0, 1)
        outside = np.hypot(np.maximum(rows, 0), np.maximum(columns, 0)) / self.height
        return np.asarray(edge * edge * (3 - 2 * edge), np.float32), outside.astype(np.float32)


def parse_size(text: str) -> tuple[int, int]:
    """Read ``1280x720``. Raises `ConfigError`."""
    parts = text.lower().replace("×", "x").split("x")
    try:
        width, height = (int(part) for part in parts)
    except ValueError:
        raise ConfigError(
            f"A size is written as width x height, such as 1280x720, not '{text}'."
        ) from None
    return width, height


def fill_color(text: str) -> tuple[int, int, int]:
    """Read ``#rrggbb``. Raises `ConfigError`."""
    try:
        if len(text) != 7 or text[0] != "#":
            raise ValueError
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    except ValueError:
        raise ConfigError(
            f"The fill is 'blur' or a colour such as #202428, not '{text}'."
        ) from None


def photo_point(frame_from_photo: Matrix, x: float, y: float) -> tuple[float, float]:
    """Return the photo pixel that the frame shows at (x, y)."""
    p = inverse(frame_from_photo) @ np.array([x, y, 1.0])
    return float(p[0]), float(p[1])


def _slide_over(shift: float, length: float, scale: float, frame: int) -> float:
    """Move the picture so that it covers the frame along one axis, if it is long enough."""
    if length < frame:
        return shift
    # Edges: the picture spans shift - scale/2 ... shift - scale/2 + length.
    first = shift - 0.5 * scale + 0.5
    first = min(first, 0.0)
    first = max(first, frame - length)
    return first + 0.5 * scale - 0.5


def _reduced(photo: Frame, out_from_photo: Matrix) -> tuple[Frame, Matrix]:
    """Halve a photo that is drawn much smaller: sampling alone would skip pixels and flicker."""
    scale = scale_of(out_from_photo)
    if scale >= 0.5:
        return photo, out_from_photo
    height, width = photo.shape[:2]
    size = (max(1, round(2.0 * scale * width)), max(1, round(2.0 * scale * height)))
    small = _frame(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    photo_from_small = scaling_about_edges(width / size[0], height / size[1])
    return small, out_from_photo @ photo_from_small


def _unsharp(image: Frame, amount: float, sigma: float) -> Frame:
    """Sharpen an enlarged picture lightly."""
    soft = cv2.GaussianBlur(image, (0, 0), sigma)
    return _frame(cv2.addWeighted(image, 1.0 + amount, soft, -amount, 0.0))


def _frame(image: NDArray[Any]) -> Frame:
    return np.asarray(image, np.uint8)
