"""Fetch the neural engine's model files, or check those that are there."""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control.commands.flags import typed
from control.settings import load_config
from control.translations.console import in_system_language, say
from streamer import ConfigError
from streamer.resources import weights_folder, weights_list

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from streamer.engines.liveportrait.fetch import Listener
    from streamer.engines.liveportrait.verify import Finding


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare `weights fetch` and `weights verify`."""
    actions = parser.add_subparsers(metavar="fetch|verify", required=True)
    for name, summary, act in (
        ("fetch", "get what is missing or damaged from the hub", _fetch),
        ("verify", "hold the files against their published sizes and hashes", _verify),
    ):
        sub = actions.add_parser(name, help=summary, description=summary)
        sub.set_defaults(act=act)
        sub.add_argument(
            "--weights",
            type=Path,
            default=argparse.SUPPRESS,
            metavar="DIR",
            help="where the files lie",
        )
        if act is _verify:
            sub.add_argument("--json", action="store_true", help="print JSON")
            continue
        sub.add_argument(
            "--commercial-ok",
            action="store_true",
            help="only files whose licence allows commercial use (leaves InsightFace's out)",
        )
        sub.add_argument(
            "--accept-sha256",
            nargs="+",
            default=[],
            metavar="HASH",
            help="take a file with this hash although the list has another",
        )


def execute(options: argparse.Namespace) -> int:
    """Do one of the two."""
    folder = weights_folder(load_config(typed(options, "weights")).weights)
    code: int = options.act(options, folder)
    return code


def _fetch(options: argparse.Namespace, folder: Path) -> int:
    from streamer.engines.liveportrait.fetch import fetch
    from streamer.engines.liveportrait.hub import Hub
    from streamer.engines.liveportrait.manifest import read_manifest

    accept = [text.lower() for text in options.accept_sha256]
    for text in accept:
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise ConfigError(f"--accept-sha256 takes 64 hex digits, not '{text}'.")
    manifest = read_manifest(weights_list())
    say(f"Model files of {manifest.repository} into {folder}", flush=True)
    try:
        with Hub(manifest.repository, manifest.revision) as hub, _listener() as listener:
            fetched = fetch(
                folder,
                manifest,
                hub,
                listener,
                commercial_only=options.commercial_ok,
                accept=accept,
            )
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from what is there.", file=sys.stderr)
        raise
    present = [f for f in manifest.official if (folder / f.path).is_file()]
    say(f"{fetched} fetched, {len(present)} of {len(manifest.official)} there and checked.")
    for file in present if options.commercial_ok else ():
        if not file.commercial:
            say(f"Not for commercial use, delete it: {folder / file.path} ({file.licence})")
    return 0


def _verify(options: argparse.Namespace, folder: Path) -> int:
    from streamer.engines.liveportrait.manifest import read_manifest
    from streamer.engines.liveportrait.verify import examine

    findings = list(examine(folder, read_manifest(weights_list())))
    faults = [finding for finding in findings if finding.fault]
    repair = _repair(options)
    if options.json:
        table = {
            "folder": str(folder),
            "ok": not faults,
            "repair": repair if faults else None,
            "files": [_row(finding) for finding in findings],
        }
        print(json.dumps(table, indent=2, ensure_ascii=False))
        return 1 if faults else 0
    print(folder)
    width = max(len(f.file.path) for f in findings)
    for finding in findings:
        remark = in_system_language(_remark(finding))
        print(f"  {finding.state:10}  {finding.file.path:{width}}  {remark}".rstrip())
        if finding.sha256 is not None and not finding.usable:
            print(f"{'':14}SHA-256 expected {finding.file.sha256}")
            print(f"{'':14}           found {finding.sha256}")
    if faults:
        say(f"{len(faults)} of {len(findings)} must be fetched: {repair}")
    return 1 if faults else 0


def _repair(options: argparse.Namespace) -> str:
    place = f" --weights {shlex.quote(str(options.weights))}" if hasattr(options, "weights") else ""
    return f"living-portrait weights fetch{place}"


def _remark(finding: "Finding") -> str:
    from streamer.engines.liveportrait.verify import State

    remarks = [] if finding.file.commercial else [finding.file.licence]
    if finding.state in (State.MISSING, State.LEFT_OUT) and finding.file.optional:
        remarks.append("the engine runs without it")
    if finding.state is State.WRONG_SIZE:
        remarks.append(f"{finding.size:,} bytes, expected {finding.file.size:,}")
    if finding.state is State.ACCEPTED:
        remarks.append("not the listed file, taken knowingly")
    if finding.state is State.UNLISTED:
        remarks.append(f"{finding.place.name} in its place, for which no hash is published")
    elif finding.usable and finding.place.name != Path(finding.file.path).name:
        remarks.append(f"{finding.place.name} in its place")
    return "; ".join(remarks)


def _row(finding: "Finding") -> dict[str, Any]:
    file = finding.file
    return {
        "path": file.path,
        "network": file.network,
        "state": str(finding.state),
        "fault": finding.fault,
        "optional": file.optional,
        "commercial": file.commercial,
        "licence": file.licence,
        "found_at": str(finding.place) if finding.size is not None else None,
        "size": finding.size,
        "expected_size": file.size,
        "sha256": finding.sha256,
        "expected_sha256": file.sha256,
    }


@contextmanager
def _listener() -> "Iterator[Listener]":
    """Yield a bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        yield Bars(progress)


class Lines:
    """Progress as lines, a quarter of a file at a time."""

    def __init__(self) -> None:
        self._path = ""
        self._size = 1
        self._quarter = 0

    def say(self, text: str) -> None:
        """Print it."""
        say(text, file=sys.stderr, flush=True)

    def start(self, path: str, size: int, have: int) -> None:
        """Print what begins."""
        self._path, self._size, self._quarter = path, max(size, 1), 4 * have // max(size, 1)
        going_on = f", {have / 1e6:.1f} MB of it are there" if have else ""
        self.say(f"{path}: {size / 1e6:.1f} MB{going_on}")

    def at(self, position: int) -> None:
        """Print every quarter but the last, which `done` tells."""
        quarter = 4 * position // self._size
        if quarter != self._quarter and quarter < 4:
            self.say(f"{self._path}: {25 * quarter} %")
        self._quarter = quarter

    def done(self) -> None:
        """Print that it is there."""
        self.say(f"{self._path}: checked and in its place")


class Bars:
    """Progress as a bar per file."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """Print it above the bars."""
        self._progress.console.print(in_system_language(text), highlight=False, markup=False)

    def start(self, path: str, size: int, have: int) -> None:
        """Add a bar."""
        self._task = self._progress.add_task(Path(path).name, total=size, completed=have)

    def at(self, position: int) -> None:
        """Move it."""
        if self._task is not None:
            self._progress.update(self._task, completed=position)

    def done(self) -> None:
        """Leave it full."""
        if self._task is not None:
            self._progress.stop_task(self._task)
