"""Which libraries the project leads to, and the licence each declares; `python -m` prints them.

Only what is installed here can be asked; the extras that are not, nobody checks on this machine.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packages.conftest import ROOT

# What classifiers call them -> the short names of SPDX, which newer packages use themselves.
SHORT = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "BSD": "BSD",
    "3-Clause BSD License": "BSD-3-Clause",
    "Freely Distributable": "Unlicense",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
    "LGPL-2.1-or-later": "LGPL-2.1",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Zope Public License": "ZPL-2.1",
}


def direct(everywhere: bool = True) -> dict[str, set[str]]:
    """Return the libraries that pyproject.toml names, each with its extras; '' is the base.

    Those of other systems are left out unless ``everywhere``.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, set[str]] = {}
    for extra, lines in groups.items():
        for need in map(Requirement, lines):
            if everywhere or need.marker is None or need.marker.evaluate():
                found.setdefault(canonicalize_name(need.name), set()).add(extra)
    return found


def brought_along(extras: set[str]) -> dict[str, str]:
    """Return what the libraries of some extras need in turn, each with who needs it."""
    named = direct(everywhere=False)
    todo = [name for name, groups in named.items() if groups & extras]
    seen: dict[str, str] = {}
    while todo:
        name = todo.pop()
        for other in _needs(name):
            if other not in seen and not named.get(other, set()) & extras:
                seen[other] = name
                todo.append(other)
    return {name: seen[name] for name in sorted(seen)}


def _needs(name: str) -> Iterator[str]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield canonicalize_name(need.name)


def licence(name: str) -> str | None:
    """Return the licence that a library declares, shortened; None where it is not installed."""
    try:
        data = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    expression = data.get("License-Expression")
    classes = [c.rsplit(" :: ", 1)[-1] for c in data.get_all("Classifier") or () if "License" in c]
    text = (data.get("License") or "").split("\n")[0].replace("OSI Approved :: ", "")
    if "BSD-3-Clause" in text or "BSD-2-Clause" in text:
        classes = []
    declared = expression or (classes[0] if classes else text)
    return SHORT.get(declared, declared)


def rows() -> dict[str, str]:
    """Return the rows of THIRD_PARTY.md's tables: library -> licence cell."""
    text = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    found = {}
    for line in re.findall(r"(?m)^\| ([\w.\-]+) \|(.*)\|$", text):
        cells = [cell.strip() for cell in line[1].split("|")]
        if line[0] != "library":
            found[canonicalize_name(line[0])] = cells[-1]
    return found


if __name__ == "__main__":
    extras = {extra for groups in direct().values() for extra in groups} - {"test"}
    for kind, names in (("direct", direct()), ("brought along", brought_along(extras))):
        print(f"\n{kind}")
        for name, why in sorted(names.items()):
            print(f"| {name} | {why} | {licence(name)} |")
