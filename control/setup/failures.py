"""From what pip or venv wrote before they gave up to the line that says what to type."""

import re
import shutil
import sys
from pathlib import Path
from typing import Final

from control.setup.words import Words

# The first that matches decides, so what is particular stands before what is general. The words
# are those of pip 23 to 26, urllib3, OpenSSL, the C library and Windows.
PATTERNS: Final = (
    ("fix-disk", r"No space left on device|Errno 28|WinError 112|not enough space on the disk"),
    ("fix-proxy-login", r"407 Proxy Authentication|Proxy Authentication Required"),
    ("fix-certificate", r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerification"),
    ("fix-hash", r"DO NOT MATCH THE HASHES|Hash of the package|BadZipFile|invalid wheel"),
    ("fix-insecure", r"is not a trusted or secure host"),
    ("fix-proxy", r"ProxyError|Cannot connect to proxy|Unable to connect to proxy"),
    ("fix-login", r"(?P<status>401|403) (?:Client )?Error|HTTP error (?P<code>401|403)"),
    (
        "fix-network",
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Read timed out"
        r"|Network is unreachable|Temporary failure in name resolution|getaddrinfo failed"
        r"|Connection (?:refused|reset|aborted)|RemoteDisconnected|IncompleteRead"
        r"|Max retries exceeded",
    ),
    ("fix-long-path", r"enable-long-paths|Long Path|WinError 206"),
    ("fix-in-use", r"WinError 32|being used by another process"),
    ("fix-readonly", r"Read-only file system|Errno 30"),
    (
        "fix-denied",
        r"(?:Errno 13|WinError 5)\D.*?(?P<path>'[^']+')|Permission denied: (?P<at>'[^']+')",
    ),
    (
        "fix-no-package",
        r"No matching distribution found for (?P<package>[\w.+\-\[\]=<>]+)"
        r"|Failed building wheel for (?P<built>[\w.\-]+)"
        r"|(?P<other>Package '[^']+') requires a different",
    ),
    ("fix-dll", r"DLL load failed"),
    ("fix-library", r"(?P<library>lib[\w.+\-]+): cannot open shared object"),
)

# pip wraps the error of a build in several lines of its own, which say nothing of the reason.
TELLING: Final = r"ERROR: (?!.*subprocess-exited)|WARNING: Retrying|\w*(?:Error|Exception): "


def fix_for(output: str, words: Words, folder: Path, needed_mb: int, proxy: str = "") -> str:
    """Return the line that says what to type; ``output`` is what the program wrote."""
    for key, pattern in PATTERNS:
        found = re.search(pattern, output)
        if found is None:
            continue
        named = [value for value in found.groupdict().values() if value]
        name = (named[0] if named else "").strip("'")
        if key == "fix-network" and not proxy and re.search(r"No matching distribution", output):
            return words(key)  # pip goes on without an index that it cannot reach
        return words(
            key,
            folder=folder,
            needed=needed_mb,
            free=free_mb(folder),
            proxy=proxy,
            status=name,
            package=name,
            library=name,
            path=name or folder,
            version=f"{sys.version_info[0]}.{sys.version_info[1]}",
            python=Path(sys.executable).name,
        )
    return words("fix-unknown")


def venv_fix(output: str, words: Words, folder: Path) -> str:
    """Return what to type where Python could not make an environment."""
    known = fix_for(output, words, folder, needed_mb=0)
    if known != words("fix-unknown"):
        return known
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.platform.startswith("linux"):
        for tool, key in (("apt-get", "fix-venv-apt"), ("dnf", "fix-venv-dnf")):
            if shutil.which(tool):
                return words(key, version=version)
    return words("fix-venv", version=version)


def free_mb(folder: Path) -> int:
    """Return the free space of the disk that a folder lies, or will lie, on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free // 1_000_000


def tail(output: str, lines: int = 4) -> str:
    """Return what tells most of a program's output: the lines that name an error, else its end."""
    written = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in written if re.match(TELLING, line)]
    return "\n".join(list(dict.fromkeys(telling or written))[-lines:])
