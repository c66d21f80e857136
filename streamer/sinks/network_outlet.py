"""Where the bytes of a network stream go, with words for what goes wrong there."""

import contextlib
import errno
import os
import shutil
import socket
import stat
import subprocess
import threading
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from streamer.sinks.network_protocol import CannotSend, Order, say


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
