"""Every package is pinned to one version, and none to one that is known to be bad.

What became known since is asked with pip-audit, which needs a network: see SECURITY.md.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent.parent

# The first version without a fault that would reach this program, and the fault's number.
FIXED = {
    "certifi": ("2024.7.4", "CVE-2024-39689: a root that was not to be trusted"),
    "filelock": ("3.20.1", "CVE-2025-68146: a lock file through a link"),
    "flask": ("3.1.1", "CVE-2025-47278: the wrong key signs"),
    "h11": ("0.16.0", "CVE-2025-43859: chunked bodies"),
    "idna": ("3.7", "CVE-2024-3651: time grows with the square"),
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox"),
    "opencv-python-headless": ("4.8.1.78", "CVE-2023-4863: the bundled WebP decoder"),
    "pillow": ("11.3.0", "CVE-2025-48379, CVE-2024-28219, CVE-2023-4863: buffers of decoders"),
    "protobuf": ("6.31.1", "CVE-2025-4565: depth without end"),
    "pyyaml": ("5.4", "CVE-2020-14343: code in YAML"),
    "requests": ("2.32.4", "CVE-2024-47081: passwords to the wrong host"),
    "torch": ("2.6.0", "CVE-2025-32434: code in a file loaded with weights_only"),
    "tqdm": ("4.66.3", "CVE-2024-34062: code in a command's options"),
    "urllib3": ("2.5.0", "CVE-2025-50181: redirects"),
    "waitress": ("3.0.1", "CVE-2024-49768, CVE-2024-49769: requests after an error; sockets leak"),
    "werkzeug": ("3.0.6", "CVE-2024-49766, CVE-2024-49767: paths on Windows; form memory"),
}

# Only for some machines, so that one machine's tests have not passed with them.
ELSEWHERE = {"pynput", "sounddevice", "torchvision"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)", line.partition(" ;")[0])
            assert match, f"not pinned to one version: {line}"
            assert plain(match[1]) not in found, f"twice: {line}"
            found[plain(match[1])] = match[2]
    return found


def asked_for() -> list[Requirement]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    lines = [
        *project["project"]["dependencies"],
        *(line for some in extras.values() for line in some),
    ]
    return [Requirement(line) for line in lines if not line.startswith("living-portrait")]


def test_every_pin_is_one_version_that_the_project_asks_for() -> None:
    pinned = pins()
    for requirement in asked_for():
        if plain(requirement.name) in pinned:
            assert requirement.specifier.contains(pinned[plain(requirement.name)]), requirement


def test_what_every_installation_needs_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [Requirement(line) for line in project["project"]["dependencies"]]

    assert not [r.name for r in needed if plain(r.name) not in pins() and r.marker is None]


@pytest.mark.parametrize("name", sorted(FIXED))
def test_no_pin_is_known_to_be_bad(name: str) -> None:
    fixed, what = FIXED[name]
    if name in pins():
        assert Version(pins()[name]) >= Version(fixed), what


def test_nobody_who_installs_without_the_pins_gets_what_is_known_to_be_bad() -> None:
    for requirement in asked_for():
        fixed = FIXED.get(plain(requirement.name))
        if fixed is not None:
            floors = [s.version for s in requirement.specifier if s.operator in (">=", "==", "~=")]
            assert floors and max(map(Version, floors)) >= Version(fixed[0]), (
                requirement,
                fixed[1],
            )


def test_every_fault_in_the_list_is_of_a_package_that_is_used() -> None:
    used = {*pins(), *(plain(requirement.name) for requirement in asked_for()), *ELSEWHERE}

    assert set(FIXED) <= used
