"""The program that encodes frames as H.264 and sends them to a receiver: a process of its own.

Libav waits for names, connections and slow receivers with the interpreter's lock held; in the
stream's own process every frame would wait with it. `NetworkSink` starts this file, which imports
nothing of the product.

Standard input: one line of JSON (`Order`), then frames: the time in s as a little-endian double,
then I420. Standard output: lines of JSON. ``{"is": "connecting"}``, ``{"is": "sending", "encoder":
name}`` once connected, ``{"is": "ready", "bytes": sum}`` before each frame that it can take, and at
last ``{"is": "failed", "why": kind, "text": words}``. The address comes by standard input since
other users of the machine can read a program's arguments.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

# A key frame this often, s: who joins late sees nothing before one; services ask for 2.
KEY_FRAME_S: Final = 2.0
# Fine enough for any frame rate, and what both MPEG-TS and RTP count in.
TICKS_A_SECOND: Final = 90_000
AUDIO_RATE: Final = 48_000
# Ends this process where nobody can: a call into libav that hangs holds the interpreter's lock.
HANG_S: Final = 60

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


class CannotSend(Exception):
    """Why it does not go on; ``kind`` is for programs, the text for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Order:
    """What is sent, and where. Units: px, frames a second, bits a second."""

    url: str
    container: str
    width: int
    height: int
    fps: float
    bit_rate: int
    encoder: str
    silence: bool


_saying: Final = threading.Lock()


def say(**what: Any) -> None:
    """Tell the sink something."""
    with _saying:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def alive() -> None:
    """Put off the end of a process that hangs; on Windows the sink alone sees to that."""
    if hasattr(signal, "alarm"):
        signal.alarm(HANG_S)


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


class Outlet:
    """Where the container's bytes go: libav's own protocols, or the program ``ffmpeg`` for SRT."""

    def __init__(self, order: Order) -> None:
        import av

        self._program: subprocess.Popen[bytes] | None = None
        self._second = order.bit_rate // 8
        self.encoder = ""
        self.connected = False
        options: dict[str, str] = {"flush_packets": "1"}
        if order.container == "rtsp":
            options = {"rtsp_transport": "tcp"}
        elif order.container == "flv":
            # A live stream has no length and no index to write at its end.
            options["flvflags"] = "no_duration_filesize"
        elif order.container == "mpegts":
            # Who joins finds the tables at once; a datagram holds seven packets of 188 bytes.
            options["mpegts_flags"] = "+resend_headers"
        url: Any = order.url
        if urlsplit(order.url).scheme == "srt":
            url = self._through_ffmpeg(order.url)
        elif urlsplit(order.url).scheme == "udp" and "pkt_size" not in order.url:
            url = f"{order.url}{'&' if '?' in order.url else '?'}pkt_size=1316"
        self.container: Any = av.open(url, "w", format=order.container, options=options)

    def start(self, encoder: str) -> None:
        """Connect and write the header; says so once it is known that somebody is there."""
        self.encoder = encoder
        self.container.start_encoding()
        if self._program is None:
            _bound_queues(self._second)
            self.connected = True
            say(**{"is": "sending", "encoder": encoder})

    def why(self, error: Exception) -> CannotSend:
        """Say in words why nothing can be sent any more."""
        if self._program is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._program.wait(2.0)
            if self._program.poll() is not None and self._program.stderr is not None:
                lines = self._program.stderr.read().decode("utf-8", "replace").split("\n")
                text = next((line.strip() for line in reversed(lines) if line.strip()), "")
                if not self.connected and "Protocol not found" not in text:
                    return CannotSend("refused", text)
                return CannotSend("lost", text or str(error))
        return CannotSend(kind_of(error), words_of(error))

    def close(self) -> None:
        """End the container and what carries it."""
        import av

        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self.container.close()
        if self._program is not None and self._program.stdin is not None:
            with contextlib.suppress(OSError):
                self._program.stdin.close()
            try:
                self._program.wait(1.0)
            except subprocess.TimeoutExpired:
                self._program.kill()

    def _through_ffmpeg(self, url: str) -> BinaryIO:
        """PyAV's wheels hold no SRT; Debian's, Homebrew's and most other ffmpeg programs do."""
        program = shutil.which("ffmpeg")
        if program is None:
            raise CannotSend("no-srt", "the program ffmpeg was not found")
        self._program = subprocess.Popen(
            [
                *(program, "-nostdin", "-hide_banner", "-loglevel", "error"),
                # As it comes: nothing is looked at ahead, the tables say it all.
                *("-fflags", "+nobuffer", "-probesize", "32", "-analyzeduration", "0"),
                *("-fpsprobesize", "0", "-f", "mpegts", "-i", "pipe:0", "-c", "copy"),
                *("-flush_packets", "1", "-muxdelay", "0", "-muxpreload", "0"),
                # It speaks once the receiver is there and not before.
                *("-progress", "pipe:1", "-stats_period", "1", "-f", "mpegts", url),
            ],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._program.stdin is not None
        threading.Thread(target=self._hear, name="ffmpeg", daemon=True).start()
        return self._program.stdin  # type: ignore[return-value]

    def _hear(self) -> None:
        """Notice the first progress, and read the rest so that the program never waits."""
        assert self._program is not None
        assert self._program.stdout is not None
        for _ in self._program.stdout:
            if not self.connected:
                self.connected = True
                say(**{"is": "sending", "encoder": self.encoder})


def send(order: Order, frames: BinaryIO) -> None:
    """Send frames until there are no more. Raises: `CannotSend`, `Exception` from libav."""
    size = order.width * order.height * 3 // 2
    data = memoryview(bytearray(8 + size))
    host = urlsplit(order.url).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except OSError as exc:
        raise CannotSend("unknown-host", f"{host}: {exc.strerror or exc}") from exc
    outlet = Outlet(order)
    try:
        video = Video(outlet.container, order)
        sound = Silence(outlet.container) if order.silence else None
        try:
            outlet.start(video.name)
            first, sent = None, 0
            while True:
                say(**{"is": "ready", "bytes": sent})
                if not _read(frames, data):
                    return
                alive()
                (at,) = struct.unpack_from("<d", data)
                first = at if first is None else first
                packets = list(video.encode(data[8:], at - first))
                if sound is not None:
                    packets += sound.up_to(at - first)
                for packet in packets:
                    sent += packet.size
                    outlet.container.mux(packet)
        except (OSError, ValueError) as exc:  # libav's errors are both
            raise outlet.why(exc) from exc
    finally:
        alive()
        outlet.close()


def kind_of(error: Exception) -> str:
    """Name the kind of an error of libav's."""
    import av

    number = getattr(error, "errno", None)
    if isinstance(error, ConnectionRefusedError) or number == errno.ECONNREFUSED:
        return "refused"
    if isinstance(error, TimeoutError) or number in (errno.ETIMEDOUT, errno.EHOSTUNREACH):
        return "no-answer"
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "not-allowed"
    if isinstance(error, av.error.ProtocolNotFoundError):
        return "no-protocol"
    return "lost"


def words_of(error: Exception) -> str:
    """Return what libav says, without the address that it adds."""
    return str(getattr(error, "strerror", None) or error)[:200]


def main() -> int:
    """Do what standard input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sink, which closes the input
    frames = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    alive()
    try:
        if hasattr(os, "nice"):
            os.nice(5)  # the frames of the camera go first
        order = Order(**json.loads(_line(frames)))
        say(**{"is": "connecting"})
        send(order, frames)
    except CannotSend as exc:
        say(**{"is": "failed", "why": exc.kind, "text": str(exc)})
        return 1
    except BrokenPipeError:  # the sink has gone
        return 1
    except Exception as exc:
        say(**{"is": "failed", "why": "other", "text": f"{type(exc).__name__}: {exc}"[:200]})
        return 1
    return 0


def _bound_queues(size: int) -> None:
    """Let no connection queue more than this many bytes.

    The system would take megabytes, which is many seconds of picture, before a slow network made
    itself felt; frames that are skipped are better than a picture of the past.
    """
    if os.name != "posix":  # elsewhere sockets are no numbers that could be tried
        return
    for number in range(3, 64):
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as same:
                if same.type == socket.SOCK_STREAM:
                    same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, max(size, 64 * 1024))
        except OSError:  # not open, or none of a kind that has a queue
            continue


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


def _read(frames: BinaryIO, data: memoryview) -> bool:
    """Fill the memory; False at the end."""
    filled = 0
    while filled < len(data):
        count = frames.readinto(data[filled:])  # type: ignore[attr-defined]
        if not count:
            return False
        filled += count
    return True


def _line(frames: BinaryIO) -> bytes:
    """Read one line without a byte of what follows."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = frames.read(1)
        if not byte:
            break
        line += byte
    return bytes(line)


if __name__ == "__main__":
    sys.exit(main())
