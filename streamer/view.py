"""Photo -> frame geometry: size, fit, zoom, offset, mirror and background fill.

A `View` is what the operator chose; `View.frame_from_photo` turns it into one similarity map for
one picture, and `draw` draws the still picture through it on the CPU. Engines draw straight into
the frame with the same map.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.errors import ConfigError
from streamer.geometry import Matrix, inverse, scale_of, similarity

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
        picture beyond the frame's edge, for engines that move pixels inwards.
        """
        width, height = self.width + 2 * margin, self.height + 2 * margin
        out_from_photo = similarity(1.0, margin, margin) @ frame_from_photo
        scale = scale_of(out_from_photo)
        source = photo
        if scale < 0.5:  # halve first: sampling alone would skip pixels and flicker
            factor = 2.0 * scale
            size = (
                max(1, round(photo.shape[1] * factor)),
                max(1, round(photo.shape[0] * factor)),
            )
            source = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
            fx, fy = photo.shape[1] / size[0], photo.shape[0] / size[1]
            photo_from_source = np.array(
                [[fx, 0, 0.5 * fx - 0.5], [0, fy, 0.5 * fy - 0.5], [0, 0, 1.0]]
            )
            out_from_photo = out_from_photo @ photo_from_source
        interpolation = cv2.INTER_LANCZOS4 if scale > 1.0 else cv2.INTER_LINEAR
        drawn = cv2.warpAffine(
            source,
            out_from_photo[:2],
            (width, height),
            flags=interpolation,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        inside = _inside(out_from_photo, source.shape[1], source.shape[0], width, height)
        if inside.min() < 1.0:
            background = self._fill(drawn, (width, height))
            alpha = inside[:, :, None]
            drawn = np.rint(drawn * alpha + background * (1.0 - alpha)).astype(np.uint8)
        if scale > 1.2:
            drawn = _unsharp(drawn, 0.35, 0.5 * scale)
        return np.ascontiguousarray(drawn, dtype=np.uint8)

    def _fill(self, reflected: NDArray[np.uint8], size: tuple[int, int]) -> Frame:
        """The background where the picture ends: its own reflection, far out of focus."""
        if self.fill != "blur":
            return np.full((size[1], size[0], 3), fill_color(self.fill), np.uint8)
        small = cv2.resize(
            reflected, (max(8, size[0] // 8), max(8, size[1] // 8)), interpolation=cv2.INTER_AREA
        )
        small = cv2.GaussianBlur(small, (0, 0), max(2.0, size[1] / 8 * 0.06))
        blurred = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.rint(blurred * 0.75), np.uint8)


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


def _inside(
    out_from_src: Matrix, src_width: int, src_height: int, width: int, height: int
) -> NDArray[np.float32]:
    """1 where the picture covers the output, falling to 0 over a few pixels inside its edge."""
    scale_x, scale_y = out_from_src[0, 0], out_from_src[1, 1]
    x0 = out_from_src[0, 2] - 0.5 * scale_x
    y0 = out_from_src[1, 2] - 0.5 * scale_y
    x1, y1 = x0 + scale_x * src_width, y0 + scale_y * src_height
    soft = max(2.0, 0.03 * min(width, height))  # a hard edge draws a line through the background

    def ramp(n: int, low: float, high: float) -> NDArray[np.float32]:
        at = np.arange(n, dtype=np.float32)
        left = np.ones(n, np.float32) if low <= 0 else np.clip((at - low) / soft, 0, 1)
        right = np.ones(n, np.float32) if high >= n - 1 else np.clip((high - at) / soft, 0, 1)
        edge = np.minimum(left, right)
        return np.asarray(edge * edge * (3 - 2 * edge), np.float32)

    return np.outer(ramp(height, y0, y1), ramp(width, x0, x1)).astype(np.float32)


def _unsharp(image: NDArray[np.uint8], amount: float, sigma: float) -> NDArray[np.uint8]:
    """Sharpen an enlarged picture lightly."""
    soft = cv2.GaussianBlur(image, (0, 0), sigma)
    return np.asarray(cv2.addWeighted(image, 1.0 + amount, soft, -amount, 0.0), np.uint8)
