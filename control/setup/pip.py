"""Runs the environment's pip: through the user's network, with its progress shown and kept."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from control.setup.environment import Environment
from control.setup.progress import Step

COLLECTING: Final = re.compile(r"^\s*(?:Collecting|Processing) (?P<name>.+)")
DOWNLOADING: Final = re.compile(
    r"^\s*Downloading (?P<name>\S+).*\((?P<size>[\d.]+) (?P<unit>[kM]B|GB|bytes)\)"
)
UNPACKING: Final = re.compile(r"^Installing collected packages: (?P<names>.+)")
MB: Final = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}


class Pip:
    """The environment's pip, one command after the other."""

    def __init__(
        self, environment: Environment, lock: IO[bytes], wheels: Path | None, offline: bool
    ):
        self.environment = environment
        self.lock = lock
        self.wheels = wheels
        self.offline = offline

    def install(self, step: Step, *what: str) -> tuple[bool, str]:
        """Install; returns whether it was done, and what pip wrote."""
        return self._run(step, ["install", *self._sources(), *what])

    def download(self, step: Step, folder: Path, *what: str) -> tuple[bool, str]:
        """Fetch packages into a folder."""
        return self._run(step, ["download", "--dest", str(folder), *self._sources(), *what])

    def _sources(self) -> list[str]:
        sources = ["--no-index"] if self.offline else []
        return [*sources, "--find-links", str(self.wheels)] if self.wheels else sources

    def _run(self, step: Step, arguments: list[str]) -> tuple[bool, str]:
        scratch = self.environment.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        command = [str(self.environment.python), "-m", "pip", "--no-input"]
        command += [*arguments, "--disable-pip-version-check", "--progress-bar", "off"]
        # A killed start.py leaves pip behind; it holds the lock with it until it has ended.
        inherited = {} if os.name == "nt" else {"pass_fds": (self.lock.fileno(),)}
        with self.environment.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            process = subprocess.Popen(
                command,
                cwd=self.environment.home,
                env=network_environment(os.environ, scratch),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                **inherited,  # type: ignore[call-overload]
            )
            watcher = Watcher(step, scratch)
            lines = []
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    log.write(line)
                    lines.append(line)
                    watcher.read(line)
                code = process.wait()
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait(timeout=20)
                shutil.rmtree(scratch, ignore_errors=True)
        return code == 0, "".join(lines)


class Watcher:
    """Turns pip's lines, and the growth of the file that it downloads, into a step's detail."""

    def __init__(self, step: Step, scratch: Path) -> None:
        self._step = step
        self._scratch = scratch
        self._name = ""
        self._size_mb = 0.0
        self._lock = threading.Lock()
        step.detail = self.detail

    def read(self, line: str) -> None:
        """Take one line of pip's."""
        with self._lock:
            if found := DOWNLOADING.match(line):
                self._name = found["name"].rsplit("/", 1)[-1].split("-", 1)[0]
                self._size_mb = float(found["size"]) * MB[found["unit"]]
            elif found := UNPACKING.match(line):
                names = found["names"].count(",") + 1
                self._name = self._step.progress.words("unpacking", count=names)
                self._size_mb = 0.0
            elif found := COLLECTING.match(line):
                file = re.search(r"([\w.]+)-\d[^/]*\.whl", found["name"])
                name = file[1] if file else re.split(r"[<>=!~;( \[]", found["name"], maxsplit=1)[0]
                self._name = name
                self._size_mb = 0.0

    def detail(self) -> str:
        """Return what is being done, with the share of a large download."""
        with self._lock:
            name, size = self._name, self._size_mb
        if size < 1.0:
            return name
        # pip writes what it downloads into its scratch folder; its own bars need a terminal.
        there = 0
        for path in self._scratch.glob("pip-unpack-*/*"):
            try:
                there = max(there, path.stat().st_size)
            except OSError:
                continue
        share = min(1.0, there / 1e6 / size)
        return f"{name} {size:.0f} MB {share:.0%}"


def network_environment(environment: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return the environment for pip: proxies, certificates and mirrors are the user's."""
    own = dict(environment)
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"):
        own.pop(name, None)  # would put packages, or find them, outside the environment
    own["PIP_USER"] = "0"
    own["PYTHONIOENCODING"] = "utf-8"
    own["PYTHONUNBUFFERED"] = "1"
    # pip's five take a minute to say that there is no network; with none it never says so.
    if own.get("PIP_RETRIES", "0") == "0":
        own["PIP_RETRIES"] = "2"
    # pip before 24.2 looks at neither the system's certificates nor the usual variable.
    certificate = own.get("SSL_CERT_FILE") or own.get("REQUESTS_CA_BUNDLE")
    if certificate and not own.get("PIP_CERT"):
        own["PIP_CERT"] = certificate
    # The system's own place is often small, and kept in memory.
    own["TMPDIR" if os.name != "nt" else "TEMP"] = str(scratch)
    if os.name == "nt":
        own["TMP"] = str(scratch)
    return own


def hub_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for the model files' download: what pip was told, in its words."""
    own = dict(environment)
    proxy = own.get("PIP_PROXY")
    if proxy and not (own.get("HTTPS_PROXY") or own.get("https_proxy")):
        own["HTTPS_PROXY"] = proxy if "://" in proxy else f"http://{proxy}"
    if own.get("PIP_CERT") and not own.get("SSL_CERT_FILE"):
        own["SSL_CERT_FILE"] = own["PIP_CERT"]
    return own


def proxy_in_use(environment: Mapping[str, str]) -> str:
    """Return the proxy that pip goes through, without a password; empty for none."""
    for name in ("PIP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        if environment.get(name):
            return re.sub(r"//[^/@]*@", "//***@", environment[name])
    return ""
