"""The tracks of a network stream: the picture as H.264, beside it silence."""

import os
from fractions import Fraction
from typing import Any, Final

from streamer.sinks.network_protocol import CannotSend, Order

# A key frame this often, s: who joins late sees nothing before one; services ask for 2.
KEY_FRAME_S: Final = 2.0
# Fine enough for any frame rate, and what both MPEG-TS and RTP count in.
TICKS_A_SECOND: Final = 90_000
AUDIO_RATE: Final = 48_000
# What `--stream-encoder auto` tries, in this order. The others are slower to start or need a
# device that is there on few machines; they can be asked for.
AUTO: Final = ("h264_nvenc", "h264_videotoolbox", "libx264")

# No frame is held back, each is coded within its own time, and the key frames that we ask for are
# such as a receiver can begin with. All but x264's follow FFmpeg's documentation and are not tried.
ENCODER_OPTIONS: Final[dict[str, dict[str, str]]] = {
    "libx264": {"preset": "ultrafast", "tune": "zerolatency"},
    "h264_nvenc": {
        "preset": "p2",
        "tune": "ull",
        "zerolatency": "1",
        "rc": "cbr",
        "forced-idr": "1",
    },
    "h264_videotoolbox": {"realtime": "1", "prio_speed": "1"},
    "h264_amf": {"usage": "ultralowlatency", "forced_idr": "1"},
    "h264_qsv": {"preset": "veryfast", "async_depth": "1", "forced_idr": "1"},
}

# Bits for each pixel of each frame, and the bounds in bits a second. Chosen for a face that fills
# the frame: below half of it the ultrafast encoder shows blocks on the cheeks while the head turns.
BITS_A_PIXEL: Final = 0.09
BIT_RATES: Final = (500_000, 8_000_000)


def bit_rate_of(width: int, height: int, fps: float) -> int:
    """Return the bits a second for a size and rate."""
    low, high = BIT_RATES
    return round(min(max(width * height * fps * BITS_A_PIXEL, low), high))


class Video:
    """The picture's encoder: I420 in, packets out. Raises: `CannotSend`."""

    def __init__(self, container: Any, order: Order) -> None:
        import av

        names = AUTO if order.encoder == "auto" else (order.encoder,)
        for name in names:
            if self._opens(name, order):
                break
        else:
            raise CannotSend("encoder", f"the encoder {order.encoder} cannot be opened here")
        self.name = name
        self.stream = container.add_stream(
            name, rate=_rate(order.fps), options=_options(name, order)
        )
        _prepare(self.stream.codec_context, order)
        self._frame = av.VideoFrame(order.width, order.height, "yuv420p")
        self._sizes = [order.width * order.height, order.width * order.height // 4]
        self._widths = [order.width, order.width // 2]
        self._picture_type = av.video.frame.PictureType
        self._key_at = 0.0

    def encode(self, pixels: memoryview, t: float) -> Any:
        """Encode one picture of ``t`` seconds."""
        frame, start = self._frame, 0
        frame.make_writable()
        for plane, size, width in zip(
            frame.planes,
            (self._sizes[0], self._sizes[1], self._sizes[1]),
            (self._widths[0], self._widths[1], self._widths[1]),
            strict=True,
        ):
            _fill(plane, pixels[start : start + size], width)
            start += size
        frame.pts = round(t * TICKS_A_SECOND)
        frame.time_base = Fraction(1, TICKS_A_SECOND)
        # By time, not by number: a slow receiver gets fewer frames.
        key = t >= self._key_at
        frame.pict_type = self._picture_type.I if key else self._picture_type.NONE
        if key:
            self._key_at = t + KEY_FRAME_S - 0.5 / TICKS_A_SECOND
        return self.stream.encode(frame)

    @staticmethod
    def _opens(name: str, order: Order) -> bool:
        """Whether an encoder is there and takes this size."""
        import av

        try:
            context = av.CodecContext.create(name, "w")
            context.options = _options(name, order)
            _prepare(context, order)
            context.open()
        except (av.FFmpegError, ValueError, OSError):
            return False
        return True


class Silence:
    """A sound track that holds none: some services take no picture without one."""

    def __init__(self, container: Any) -> None:
        self.stream = container.add_stream("aac", rate=AUDIO_RATE)
        self.stream.codec_context.bit_rate = 64_000
        self._samples = 0

    def up_to(self, t: float) -> list[Any]:
        """Return the packets of the silence until ``t`` seconds."""
        import av

        packets: list[Any] = []
        while self._samples / AUDIO_RATE <= t:
            frame = av.AudioFrame("fltp", "stereo", 1024)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate = AUDIO_RATE
            frame.pts = self._samples
            frame.time_base = Fraction(1, AUDIO_RATE)
            self._samples += 1024
            packets += self.stream.encode(frame)
        return packets


def _prepare(context: Any, order: Order) -> None:
    context.width, context.height = order.width, order.height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, TICKS_A_SECOND)
    context.framerate = _rate(order.fps)
    context.bit_rate = order.bit_rate
    context.gop_size = max(1, round(order.fps * KEY_FRAME_S))
    context.max_b_frames = 0
    # Without delay each thread codes a slice of its own: many make the picture larger.
    context.thread_count = min(4, os.cpu_count() or 1)
    # What the frames are: sRGB's primaries and curve, BT.601's matrix, black 16 and white 235.
    # Source: ITU-T H.273, tables 2, 3 and 4.
    context.color_primaries, context.color_trc, context.colorspace = 1, 1, 6
    context.color_range = 1


def _options(name: str, order: Order) -> dict[str, str]:
    # A second's worth: a cut or a fade may cost more bits than a still face, for a moment.
    limits = {"maxrate": str(order.bit_rate), "bufsize": str(order.bit_rate)}
    return {**ENCODER_OPTIONS[name], **limits}


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)


def _fill(plane: Any, pixels: memoryview, width: int) -> None:
    """Copy rows into a plane, whose rows may be longer."""
    if plane.line_size == width:
        plane.update(pixels)
        return
    target = memoryview(plane).cast("B")
    for row in range(len(pixels) // width):
        start = row * plane.line_size
        target[start : start + width] = pixels[row * width : (row + 1) * width]
