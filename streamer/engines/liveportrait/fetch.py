"""The model files brought from the hub into the weights folder: whole, checked, or not at all.

A file comes as a hidden ``.part`` beside its place, so that a stop loses nothing, and gets its name
only when its SHA-256 is the listed one.
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from filelock import FileLock, Timeout

from streamer.engines.liveportrait.hub import Hub, LostConnectionError, Remote
from streamer.engines.liveportrait.manifest import (
    ACCEPTED,
    FETCH,
    Manifest,
    ModelFile,
    accepted,
    sha256,
)
from streamer.engines.liveportrait.verify import examine_file
from streamer.errors import WeightsError

# Tries without a single new byte before it is given up; the waits between them add up to 31 s.
TRIES: Final = 6
_SPARE: Final = 32 << 20  # bytes that must stay free, so that nothing else on the disk stops
_MB: Final = 1e6
_LOCK: Final = ".fetch.lock"
_LOCK_POLL_S: Final = 0.2


class Listener(Protocol):
    """Who is told how it goes."""

    def say(self, text: str) -> None:
        """Tell something."""

    def start(self, path: str, size: int, have: int) -> None:
        """A file begins; ``have`` of its ``size`` bytes are there from an earlier try."""

    def at(self, position: int) -> None:
        """The file is there up to this position."""

    def done(self) -> None:
        """The file is whole and in its place."""


@dataclass(frozen=True)
class _Task:
    """A file to fetch. ``part`` bears the version in its name: halves of two never mix."""

    file: ModelFile
    remote: Remote
    size: int
    place: Path
    part: Path

    @property
    def have(self) -> int:
        """Bytes that are there."""
        return min(self.part.stat().st_size, self.size) if self.part.is_file() else 0


def fetch(
    folder: Path,
    manifest: Manifest,
    hub: Hub,
    listener: Listener,
    *,
    commercial_only: bool = False,
    accept: Collection[str] = (),
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Fetch what is missing or damaged and return how many files that were.

    ``commercial_only`` leaves out files whose licence forbids commercial use. ``accept`` holds
    SHA-256 hashes that are taken although the list has others. Several processes may do this at
    once: one fetches, the others wait.
    Raises: `WeightsError`; what was in a file's place before is then untouched.
    """
    wanted = [file for file in manifest.official if file.commercial or not commercial_only]
    with _translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, listener, sleep):
            lacking = [f for f in wanted if not examine_file(folder, manifest, f).usable]
            if lacking:
                _tell_licences(lacking, listener)
            tasks = [_task(folder, file, hub.ask(file.path), accept, hub) for file in lacking]
            _check_room(folder, tasks, free_bytes)
            for task in tasks:
                _bring(task, hub, listener, sleep)
                _put_in_place(folder, task, accept)
                listener.done()
    return len(tasks)


def _tell_licences(files: list[ModelFile], listener: Listener) -> None:
    for licence in dict.fromkeys(file.licence for file in files if not file.commercial):
        names = [Path(file.path).name for file in files if file.licence == licence]
        listener.say(
            f"Licence of {' and '.join(names)}: {licence}. The engine runs without: to leave out "
            "what forbids commercial use, stop this and add --commercial-ok."
        )


def _task(
    folder: Path, file: ModelFile, remote: Remote, accept: Collection[str], hub: Hub
) -> _Task:
    """Hold what the hub says against the list, before anything large is read."""
    size = remote.size if remote.size is not None else file.size
    if size is None:
        raise WeightsError(f"{hub.endpoint} does not tell how large {file.path} is; try another.")
    same = remote.sha256 in (None, file.sha256) and file.size in (None, size)
    taken = remote.sha256 in accept or (remote.sha256 is None and bool(accept))
    if not same and not taken:
        raise WeightsError(_other(file, remote.sha256, f"{size:,} bytes", hub.endpoint))
    place = folder / file.path
    version = "".join(c for c in remote.version if c.isalnum())[:12]
    return _Task(file, remote, size, place, place.with_name(f".{place.name}.{version}.part"))


def _check_room(folder: Path, tasks: list[_Task], free_bytes: Callable[[Path], int]) -> None:
    needed = sum(task.size - task.have for task in tasks)
    free = free_bytes(folder)
    if tasks and free < needed + _SPARE:
        raise WeightsError(
            f"The disk of {folder} has {free / _MB:.0f} MB free, {(needed + _SPARE) / _MB:.0f} MB "
            "are needed. Free some, or choose another place with --weights DIR."
        )


def _bring(task: _Task, hub: Hub, listener: Listener, sleep: Callable[[float], None]) -> None:
    """Fill the part file; go on after a broken connection as long as something arrives."""
    task.part.parent.mkdir(parents=True, exist_ok=True)
    listener.start(task.file.path, task.size, task.have)
    failed = 0
    remote = task.remote
    while (before := task.have) < task.size:
        try:
            if failed:
                remote = hub.ask(task.file.path)  # an address of its storage is valid for a while
                if remote.version != task.remote.version:
                    raise WeightsError(f"{task.file.path} has just changed on the hub; try again.")
            _append(task, hub, remote, listener)
        except LostConnectionError:
            failed = 1 if task.have > before else failed + 1
            if failed == TRIES:
                raise
            listener.say(
                f"The connection broke at {task.have / _MB:.1f} of {task.size / _MB:.1f} MB; "
                "trying again."
            )
            sleep(2.0 ** (failed - 1))


def _append(task: _Task, hub: Hub, remote: Remote, listener: Listener) -> None:
    """Read from the end of the part file on. Raises: `LostConnectionError` where it stops early."""
    with (
        task.part.open("r+b" if task.part.exists() else "w+b") as file,
        closing(hub.read(remote, task.have)) as chunks,
    ):
        end = task.have
        for position, chunk in chunks:
            file.seek(position)
            file.truncate()  # a server that knows no ranges begins at 0 again
            file.write(chunk)
            end = position + len(chunk)
            if end > task.size:
                raise WeightsError(
                    f"{hub.endpoint} sends more of {task.file.path} than the {task.size:,} bytes "
                    "that it has. Try another mirror."
                )
            listener.at(end)
    if end < task.size:
        raise LostConnectionError(
            f"{task.file.path} ended at {end:,} of {task.size:,} bytes. The same command goes on."
        )


def _put_in_place(folder: Path, task: _Task, accept: Collection[str]) -> None:
    """Check the whole file and give it its name. Raises: `WeightsError`."""
    digest = sha256(task.part)
    if digest != task.remote.sha256 and task.remote.sha256 is not None:
        task.part.unlink()
        raise WeightsError(
            f"{task.file.path} was damaged on its way: its SHA-256 is {digest}, the hub says "
            f"{task.remote.sha256}. It was thrown away; run the same command again."
        )
    if digest != task.file.sha256:
        if digest not in accept:
            task.part.unlink()
            raise WeightsError(_other(task.file, digest, f"{task.size:,} bytes", "the hub"))
        _remember(folder, task.file.path, digest)
    with task.part.open("rb") as file:
        os.fsync(file.fileno())  # the name must not outlive a power cut that the content does not
    task.part.replace(task.place)
    for old in task.place.parent.glob(f".{task.place.name}.*.part"):
        old.unlink()  # of other versions


def _remember(folder: Path, path: str, digest: str) -> None:
    """Write down a hash that the user takes, where the engine finds it."""
    table = {**accepted(folder), path: digest}
    draft = folder / f".{ACCEPTED}"
    draft.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / ACCEPTED)


def _other(file: ModelFile, digest: str | None, size: str, where: str) -> str:
    """Tell that the hub has another file than the list."""
    expected = f" and {file.size:,} bytes" if file.size is not None else ""
    advice = (
        f"--accept-sha256 {digest}"
        if digest is not None
        else "--accept-sha256 HASH, with the hash that the repository's page shows"
    )
    return (
        f"{file.path} on {where} is another file than the listed one: SHA-256 "
        f"{digest or 'unknown'}, {size}; the list has {file.sha256}{expected}. Nothing was "
        "replaced. Without HF_ENDPOINT, compare with the file's page in the repository; if you "
        f"trust what it shows: {FETCH} {advice}"
    )


@contextmanager
def _alone(folder: Path, listener: Listener, sleep: Callable[[float], None]) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when a process ends, however it ends."""
    lock = FileLock(folder / _LOCK)
    waiting = False
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not waiting:
                listener.say(f"Another process is fetching into {folder}; waiting for it.")
            waiting = True
            sleep(_LOCK_POLL_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn faults of the disk into errors that a user can act on."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WeightsError(
                f"The disk of {folder} is full. Free some space and run the same command again; it "
                "goes on from what is there."
            ) from exc
        raise WeightsError(
            f"The model files in {folder} cannot be written: {exc.strerror or exc}. Choose "
            "another place with --weights DIR."
        ) from exc
