"""What start.py takes away again, and what of the user's own stays unless it is asked for."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from control.setup.environment import Environment
from control.setup.order import answer, typed_again
from control.setup.words import Words

# The product itself says where the user's files lie; it alone knows every system's customs.
ASK: Final = (
    "import json; from streamer.resources import user_places; "
    "print(json.dumps([[kind, str(path)] for kind, path in user_places()]))"
)


@dataclass(frozen=True)
class Place:
    """A folder of the user's own, or one file of a folder that stays."""

    kind: str
    path: Path
    mb: float


def uninstall(environment: Environment, words: Words, purge: bool, yes: bool) -> int:
    """Remove the environment and what starts it at log-in; with ``purge`` the user's own, too."""
    exists = environment.folder.exists() and any(environment.folder.iterdir())
    if not (exists and environment.ours) and not purge:
        print(f"start.py: {words('nothing-made')}", file=sys.stderr)
        return 1
    places = user_places(environment)
    if purge and places and not yes:
        print(f"start.py: {words('found')}")
        _show(places, words)
        asked = sys.stdin.isatty()
        if not (asked and answer(words("ask-purge"), empty=False)):
            text = words("nobody-to-ask", command=typed_again("--yes"))
            print(f"start.py: {words('purge-kept') if asked else text}", file=sys.stderr)
            return 1
    if purge and not places and not exists:
        print(f"start.py: {words('kept-nothing')}")
        return 0
    try:
        _remove(environment, words, exists, places if purge else [])
    except OSError as exc:
        print(f"start.py: {exc}\nstart.py: {words('fix-in-use')}", file=sys.stderr)
        return 1
    if not purge:
        print(f"start.py: {words('kept' if places else 'kept-nothing')}")
        _show(places, words)
    print(f"start.py: {words('kept-pip')}")
    return 0


def _remove(environment: Environment, words: Words, exists: bool, places: list[Place]) -> None:
    if exists and environment.ours:
        for line in _remove_autostart(environment):
            print(f"start.py: {words('autostart-removed', path=line)}")
        mb = size_mb(environment.folder)
        environment.remove()
        print(f"start.py: {words('removed', path=environment.folder, mb=f'{mb:.1f}')}")
    for place in places:
        if place.path.is_dir() and not place.path.is_symlink():
            shutil.rmtree(place.path)
        else:
            place.path.unlink(missing_ok=True)
        print(f"start.py: {words('removed', path=place.path, mb=f'{place.mb:.1f}')}")


def user_places(environment: Environment) -> list[Place]:
    """Return everything of the user's own that there is, by the product's own account."""
    found = []
    said = _product(environment, "-c", ASK)
    for kind, path in json.loads(said) if said else usual_places(environment.home):
        path = Path(path)
        if kind == "weights":
            # In a source tree the list of the files and its explanation belong to the product.
            kept = {"MANIFEST.toml", "README.md"}
            files = [p for p in path.iterdir() if p.name not in kept] if path.is_dir() else []
            found += [Place(kind, p, size_mb(p)) for p in sorted(files)]
        elif path.exists():
            found.append(Place(kind, path, size_mb(path)))
    return found


def usual_places(home: Path) -> list[tuple[str, Path]]:
    """Return where the product keeps a user's files, for when it cannot be asked any more."""
    user, name = Path.home(), "living-portrait"
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or user / "AppData/Local") / name
        cache = data / "Cache"
    elif sys.platform == "darwin":
        data, cache = user / "Library/Application Support" / name, user / "Library/Caches" / name
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or user / ".local/share") / name
        cache = Path(os.environ.get("XDG_CACHE_HOME") or user / ".cache") / name
    data = Path(os.environ.get("LIVING_PORTRAIT_HOME") or data).expanduser().absolute()
    known = [(kind, data / kind) for kind in ("photos", "presets", "state")]
    others = sorted(set(data.iterdir()) - {path for _, path in known}) if data.is_dir() else []
    weights = ("weights", home / "weights")
    return [*known, weights, *(("other", path) for path in others), ("cache", cache)]


def size_mb(path: Path) -> float:
    """Return how large a file, or everything below a folder, is."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(f.stat().st_size for f in files if f.is_file() and not f.is_symlink()) / 1e6


def _remove_autostart(environment: Environment) -> list[str]:
    """What starts the product at log-in would lead nowhere; returns what was removed."""
    said = _product(environment, "-m", "control", "autostart", "remove", "--quiet")
    return said.splitlines()


def _product(environment: Environment, *arguments: str) -> str:
    """Ask the installed product; an environment that does not run answers nothing."""
    command = [str(environment.python), "-P", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _show(places: list[Place], words: Words) -> None:
    for place in places:
        print(f"  {place.path}  ({words(f'what-{place.kind}')}, {place.mb:.1f} MB)")
