"""What the project says of its own needs, in pyproject.toml."""

import tomllib
from pathlib import Path


def requirements(home: Path, extras: set[str]) -> list[str]:
    """Return what the project, and its own installation, needs."""
    table = tomllib.loads((home / "pyproject.toml").read_text(encoding="utf-8"))
    project = table["project"]
    needs = [*project.get("dependencies", ()), *table["build-system"]["requires"]]
    for extra in sorted(extras):
        needs += project["optional-dependencies"][extra]
    # What hatchling asks for while it installs a folder that stays where it is.
    return [*needs, "editables"] if "hatchling" in str(needs) else needs


def known_extras(home: Path) -> set[str]:
    """Return the names of the project's extras."""
    table = tomllib.loads((home / "pyproject.toml").read_text(encoding="utf-8"))
    return set(table["project"].get("optional-dependencies", ()))
