"""What Linux tells about v4l2loopback devices: sysfs entries and a few ioctls.

Reading sysfs needs no permission and disturbs nobody. The ioctls open the device for a moment.
Source of the ioctl numbers and layouts: include/uapi/linux/videodev2.h (64-bit).
"""

import contextlib
import os
import select
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    from fcntl import ioctl
else:  # imported there, used by nobody

    def ioctl(fd: int, request: int, arg: bytes | bytearray) -> None:
        """Stand in where the system has no ioctl."""
        raise OSError("This system has no V4L2 devices.")


_QUERYCAP: Final = 0x80685600
_G_FMT: Final = 0xC0D05604
_STREAMON: Final = 0x40045612
_BUF_TYPE_VIDEO_OUTPUT: Final = 2

_CAP_VIDEO_CAPTURE: Final = 0x1
_CAP_VIDEO_OUTPUT: Final = 0x2
_CAP_DEVICE_CAPS: Final = 0x80000000

LOOPBACK_DRIVER: Final = "v4l2 loopback"

_MOST_BYTES: Final = 1 << 26  # one read() is one frame; this is four times an 8-bit 4K frame


@dataclass(frozen=True)
class VideoDevice:
    """A video device that sysfs lists; ``loopback`` where it is a v4l2loopback camera."""

    number: int
    path: str
    label: str
    loopback: bool


@dataclass(frozen=True)
class Capabilities:
    """Answer of VIDIOC_QUERYCAP. With exclusive_caps=1 a device has one of the two at a time."""

    driver: str
    label: str
    capture: bool
    output: bool


@dataclass(frozen=True)
class DeviceFormat:
    """Pixel format and size that a device holds, as in ``YU12:1280x720@30``."""

    fourcc: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.fourcc}"


@dataclass(frozen=True)
class Holder:
    """A program that has a device open; ``writes`` where it opened it for writing only."""

    pid: int
    name: str
    writes: bool

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


class VideoDevices:
    """The video devices of this machine. ``root`` replaces ``/`` in tests."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._sysfs = root / "sys/class/video4linux"
        self._dev = root / "dev"
        self._proc = root / "proc"

    def all(self) -> list[VideoDevice]:
        """List the devices by number. One whose device file is gone is listed, too."""
        found = []
        for entry in self._sysfs.glob("video*"):
            number = entry.name.removeprefix("video")
            if not number.isdecimal():
                continue
            with contextlib.suppress(OSError):  # taken away while we look
                label = (entry / "name").read_text(errors="replace").strip()
                # `format` and `max_openers` are v4l2loopback's own; other drivers have neither.
                loopback = (entry / "format").exists() and (entry / "max_openers").exists()
                path = str(self._dev / entry.name)
                found.append(VideoDevice(int(number), path, label, loopback))
        return sorted(found, key=lambda device: device.number)

    def listed(self, path: str) -> bool:
        """Whether the driver still has the device."""
        return (self._sysfs / Path(path).name).exists()

    def node_there(self, path: str) -> bool:
        """Whether the device file is there."""
        return Path(path).exists()

    def open_here(self, path: str) -> bool:
        """Whether this process has the device open; true also where that cannot be seen."""
        try:
            major, minor = (self._sysfs / Path(path).name / "dev").read_text().split(":")
            device = os.makedev(int(major), int(minor))
            files = [int(entry.name) for entry in (self._proc / "self/fd").iterdir()]
        except (OSError, ValueError):
            return True
        for file in files:
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.fstat(file).st_rdev == device:
                    return True
        return False

    def format(self, path: str) -> DeviceFormat | None:
        """Return the format that sysfs shows, None while nothing is sent and nothing held."""
        try:
            text = (self._sysfs / Path(path).name / "format").read_text()
        except OSError:
            return None
        return parse_format(text)

    def capabilities(self, path: str) -> Capabilities:
        """Ask the driver what the device is.  Raises: `OSError`."""
        answer = bytearray(104)
        with _opened(path, os.O_RDWR | os.O_NONBLOCK) as fd:
            ioctl(fd, _QUERYCAP, answer)
        return parse_capabilities(bytes(answer))

    def output_format(self, path: str) -> DeviceFormat | None:
        """Return the format that the next write is taken for, None where the driver is silent.

        Asked right after opening, it tells whether the driver kept another size. (VIDIOC_TRY_FMT
        is of no use: v4l2loopback 0.12.7 *sets* the size it is asked about.)
        """
        answer = bytearray(208)
        struct.pack_into("I", answer, 0, _BUF_TYPE_VIDEO_OUTPUT)
        try:
            with _opened(path, os.O_RDWR | os.O_NONBLOCK) as fd:
                ioctl(fd, _G_FMT, answer)
        except OSError:
            return self.format(path)
        width, height, fourcc = struct.unpack_from("II4s", answer, 8)
        return DeviceFormat(fourcc.decode("ascii", "replace").strip("\0 "), width, height)

    def unstick(self, path: str) -> None:
        """Give a device its OUTPUT capability back that a writer took with it.

        v4l2loopback 0.12 returns it only to an opener that streamed, which a writer of plain
        frames never does: without this, a camera can be opened once per load of the module.
        Where nothing is stuck the driver refuses, and that is fine.  Raises: `OSError` when the
        device cannot be opened.
        """
        with _opened(path, os.O_RDWR) as fd, contextlib.suppress(OSError):
            ioctl(fd, _STREAMON, struct.pack("i", _BUF_TYPE_VIDEO_OUTPUT))

    def frames_flow(
        self, path: str, wait_s: float, now: Callable[[], float] = time.monotonic
    ) -> bool:
        """Watch as a reader whether somebody sends frames.  Takes up to ``wait_s``."""
        end = now() + wait_s
        with _opened(path, os.O_RDONLY | os.O_NONBLOCK) as fd:
            drained = False  # a new reader is first given the frames that lie in the buffers
            while now() < end:
                try:
                    os.read(fd, _MOST_BYTES)
                except BlockingIOError:
                    drained = True
                    select.select([], [], [], 0.05)
                except OSError:  # 0.15 has no read() while another reader streams
                    return False
                else:
                    if drained:
                        return True
        return False

    def holders(self, path: str) -> list[Holder]:
        """List the other programs that have the device open, as far as we may see them."""
        found = []
        real = os.path.realpath(path)
        for process in self._proc.glob("[0-9]*"):
            if process.name == str(os.getpid()):
                continue
            with contextlib.suppress(OSError):  # it ended, or is another user's
                for fd in (process / "fd").iterdir():
                    if os.path.realpath(fd) == real:
                        name = (process / "comm").read_text(errors="replace").strip()
                        info = (process / "fdinfo" / fd.name).read_text()
                        found.append(Holder(int(process.name), name, _writes(info)))
                        break
        return sorted(found, key=lambda holder: holder.pid)


def parse_format(text: str) -> DeviceFormat | None:
    """Read ``YU12:1280x720@30``; None for anything else."""
    try:
        fourcc, rest = text.strip().rsplit(":", 1)
        width, height = rest.split("@")[0].split("x")
        return DeviceFormat(fourcc, int(width), int(height))
    except ValueError:
        return None


def parse_capabilities(answer: bytes) -> Capabilities:
    """Read a ``struct v4l2_capability``."""
    driver, label = answer[:16].split(b"\0")[0], answer[16:48].split(b"\0")[0]
    flags, device_flags = struct.unpack_from("II", answer, 84)
    if flags & _CAP_DEVICE_CAPS:
        flags = device_flags
    return Capabilities(
        driver.decode(errors="replace"),
        label.decode(errors="replace"),
        bool(flags & _CAP_VIDEO_CAPTURE),
        bool(flags & _CAP_VIDEO_OUTPUT),
    )


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        yield fd
    finally:
        os.close(fd)


def _writes(fdinfo: str) -> bool:
    """Whether /proc/PID/fdinfo/FD names a file opened for writing only, as readers never do."""
    for line in fdinfo.splitlines():
        key, _, value = line.partition(":")
        if key == "flags":
            return int(value, 8) & 0o3 == 1
    return False
