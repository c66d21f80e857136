"""The program that encodes frames as H.264 and sends them to a receiver: a process of its own.

Libav waits for names, connections and slow receivers with the interpreter's lock held; in the
stream's own process every frame would wait with it. `NetworkSink` starts this program, which loads
nothing of the product but `network_protocol`, `network_tracks` and `network_outlet`.
"""

import json
import os
import signal
import socket
import struct
import sys
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from streamer.sinks.network_outlet import Outlet
from streamer.sinks.network_protocol import CannotSend, Order, say
from streamer.sinks.network_tracks import Silence, Video

# Ends this process where nobody can: a call into libav that hangs holds the interpreter's lock.
HANG_S: Final = 60


def alive() -> None:
    """Put off the end of a process that hangs; on Windows the sink alone sees to that."""
    if hasattr(signal, "alarm"):
        signal.alarm(HANG_S)


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
