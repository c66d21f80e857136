"""Which Living Portraits run on this machine, and which of them has which camera.

Each running one keeps a small file in the user's state folder. A file whose process has ended, or
whose number now belongs to another process, is worth nothing and is removed by the next start.
"""

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from control.cli import CAMERA_TAKEN
from streamer.errors import SinkError
from streamer.resources import user_folder
from streamer.whole_file import private_folder, read_whole

log = logging.getLogger(__name__)

# Two starts at the same instant wait for each other; each holds the lock for a few milliseconds.
LOCK_S: Final = 5.0

# A camera that changed is known to others after this.
FOLLOW_S: Final = 1.0

# Many times what is written; a larger file is none of ours.
MAX_FILE_BYTES: Final = 4096

TAKE_OVER: Final = "living-portrait run --take-over"


@dataclass(frozen=True)
class Instance:
    """One that runs. ``born`` tells its process from a later one with the same number.

    ``camera`` is the device that it has or is about to take, empty for none. Units: ``started``
    in s since 1970.
    """

    pid: int
    born: str
    camera: str
    page: str
    started: float

    def __str__(self) -> str:
        page = f", page {self.page}" if self.page else ""
        return f"process {self.pid}, since {_clock(self.started)}{page}"


class CameraTaken(SinkError):
    """Another Living Portrait has the camera that is wanted; ``holder`` is that one.

    ``exit_code`` lets the process that a user started know why its renderer ended.
    """

    exit_code = CAMERA_TAKEN

    def __init__(self, camera: str, holder: Instance) -> None:
        super().__init__(
            f"Another Living Portrait has the camera {camera} ({holder}). To end it and start "
            "here, use --take-over; to run beside it, another --camera (and --panel), or "
            f"--camera none. Type: {TAKE_OVER}"
        )
        self.camera = camera
        self.holder = holder


class Instances:
    """The files of all that run; one of them is that of ``pid``, this process if not given.

    ``born_of`` tells when a process was born, None where it has ended; ``now`` is in s since 1970.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        pid: int | None = None,
        born_of: Callable[[int], str | None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = user_folder("state") / "instances" if folder is None else folder
        self._pid = os.getpid() if pid is None else pid
        self._born_of = born if born_of is None else born_of
        self._now = now
        self._mine: Instance | None = None
        self._complained = False
        self._looked_at = float("-inf")

    def others(self) -> list[Instance]:
        """Return the other ones that live, the oldest first; clears away what is stale."""
        found = []
        for file in sorted(self._folder.glob("*.json")):
            instance = _read(file)
            if instance is not None and self._born_of(instance.pid) == instance.born:
                if instance.pid != self._pid:
                    found.append(instance)
            else:
                with contextlib.suppress(OSError):
                    file.unlink()
        return sorted(found, key=lambda instance: instance.started)

    def claim(self, candidates: Sequence[str], *, page: str = "") -> None:
        """Note that this one runs, and that the first free of these cameras is to be its own.

        ``candidates`` is what `candidates` found; without any there is nothing to take, and no
        conflict. May be called again, as after a restart. Raises: `CameraTaken`.
        """
        with self._locked():
            has = {instance.camera: instance for instance in self.others() if instance.camera}
            free = [camera for camera in candidates if camera not in has]
            if candidates and not free:
                raise CameraTaken(candidates[0], has[candidates[0]])
            camera = free[0] if free else ""
            own = self._born_of(self._pid) or ""
            self._write(Instance(self._pid, own, camera, page, self._now()))

    def update(self, *, camera: str | None = None, page: str | None = None) -> None:
        """Note another camera or page address; None leaves what is there. Cheap without a change.

        Does nothing before `claim` and after `release`.
        """
        if self._mine is not None:
            camera = self._mine.camera if camera is None else camera
            page = self._mine.page if page is None else page
            changed = replace(self._mine, camera=camera, page=page)
            if changed != self._mine:
                self._write(changed)

    def adopt(self) -> None:
        """Go on with the file of this ``pid``, for a process that takes an earlier one's place."""
        self._mine = _read(self._file)

    def follow(self, state: Callable[[], Mapping[str, Any]], *, page: str | None = None) -> None:
        """Note which camera the stream has, from its state; looks once a second.

        One that it waits for stays its own.
        """
        now = self._now()
        if 0.0 <= now - self._looked_at < FOLLOW_S:
            return
        self._looked_at = now
        camera = state()["camera"]
        device = {"off": "", "attached": camera["device"]}.get(camera["status"])
        self.update(camera=device, page=page)

    def release(self) -> None:
        """Note that this one ends; calling it twice is harmless."""
        if self._mine is not None:
            self._mine = None
            with contextlib.suppress(OSError):
                self._file.unlink()

    @property
    def _file(self) -> Path:
        return self._folder / f"{self._pid}.json"

    @contextlib.contextmanager
    def _locked(self) -> Any:
        from filelock import FileLock, Timeout

        try:
            private_folder(self._folder)
            lock = FileLock(self._folder / "lock", timeout=LOCK_S, mode=0o600)
            lock.acquire()
        except (OSError, Timeout) as exc:  # better two at once than none
            log.warning("Other Living Portraits cannot be looked for in %s: %s", self._folder, exc)
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def _write(self, instance: Instance) -> None:
        from streamer.whole_file import write_whole

        self._mine = instance
        try:
            write_whole(self._file, json.dumps(asdict(instance)).encode())
        except OSError as exc:  # the portrait lives without
            if not self._complained:
                log.warning("This start cannot be noted in %s: %s", self._folder, exc)
            self._complained = True


def candidates(wanted: str) -> list[str]:
    """Return the cameras of this machine that ``wanted`` may mean, best first.

    ``wanted``: ``auto``, ``none``, a path or a label. Nothing is opened.
    """
    if wanted == "none":
        return []
    if sys.platform != "linux":
        return ["OBS Virtual Camera"]
    from streamer.sinks.camera_loopback import LoopbackCameras
    from streamer.sinks.camera_system import CameraUnavailable

    try:
        return [device.path for device in LoopbackCameras().candidates(wanted)]
    except CameraUnavailable:
        return []


def born(pid: int) -> str | None:
    """Return what tells a process from others that had or will have its number; None if it ended.

    On Linux from the kernel's own clock: the wall clock may be set meanwhile.
    """
    if sys.platform == "linux":
        try:
            # The name in parentheses may hold blanks; state and start are 1st and 20th after it.
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except (OSError, ValueError):
            return None
        return None if state in "ZX" else f"{boot}:{rest[18]}"
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.1f}"
    except psutil.Error:
        return None


def _read(file: Path) -> Instance | None:
    try:
        data = read_whole(file, MAX_FILE_BYTES)
        if len(data) > MAX_FILE_BYTES:
            return None
        content = json.loads(data)
        return Instance(
            int(content["pid"]),
            str(content["born"]),
            str(content["camera"]),
            str(content["page"]),
            float(content["started"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _clock(started: float) -> str:
    """The time of day, with the date where that is not today's."""
    then, now = time.localtime(started), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)
