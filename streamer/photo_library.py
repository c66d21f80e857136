"""The photos to choose from: what lies in the photo folders, found by name.

Names that come from outside (OSC, HTTP) only ever pick from this list, so they cannot reach a file
anywhere else. A folder is looked at anew each time: a picture dropped into it is there at once.
"""

import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from streamer.errors import PhotoError
from streamer.photo import name_of

log: Final = logging.getLogger(__name__)

# Only for the list; what a file really is, is judged when it is read.
PICTURE_SUFFIXES: Final = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".jp2")
)

ABOUT_SUFFIX: Final = ".about.yaml"
MAX_ABOUT_BYTES: Final = 16 * 1024
_ABOUT_TEXTS: Final = ("credit", "terms")
_ABOUT_FLAGS: Final = ("demo", "may_speak")
_LANGUAGES: Final = ("en", "ko")

# An error message lists no more names than fit a terminal's line or two.
_LISTED: Final = 20


@dataclass(frozen=True)
class PhotoEntry:
    """One picture of the library, with what ``<stem>.about.yaml`` beside it says.

    ``demo``: shown as a technical demonstration only. ``may_speak``: may be made to speak; false
    for pictures of living people who have not agreed.
    """

    name: str
    path: Path
    label: Mapping[str, str]
    credit: str = ""
    terms: str = ""
    demo: bool = False
    may_speak: bool = True


class PhotoLibrary:
    """The pictures of some folders, in their order; may be used by several threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        # Replaced whole, never changed: what the about files said, by path, time and size.
        self._abouts: Mapping[tuple[str, int, int], Mapping[str, Any]] = MappingProxyType({})

    def entries(self) -> list[PhotoEntry]:
        """Return what the folders hold now; names are unique."""
        entries: dict[str, PhotoEntry] = {}
        roots = [folder.resolve() for folder in self._folders]
        for folder in self._folders:
            for path in _pictures(folder, roots):
                name = name_of(path)
                if name in entries:  # me.jpg beside me.png
                    name = path.name.lower()
                if name not in entries:
                    entries[name] = PhotoEntry(name=name, path=path, **self._about(path))
        return list(entries.values())

    def find(self, name_or_path: str | Path) -> Path:
        """Return the file for a name of the library or for any path, as the command line gives it.

        Raises: `PhotoError`, which lists the names.
        """
        text = str(name_or_path)
        path = Path(text).expanduser()
        is_bare_name = path.suffix.lower() not in PICTURE_SUFFIXES and path.name == text
        try:
            if not is_bare_name and path.exists():
                return path
            return self.find_name(text)
        except PhotoError as exc:
            if text and _exists(path):
                return path
            if is_bare_name:
                raise
            raise PhotoError(f"There is no file '{text[:200]}'. {exc}") from None
        except (OSError, ValueError) as exc:  # a NUL character, a name too long
            raise PhotoError(f"'{text[:200]}' is no usable path ({exc}).") from exc

    def find_name(self, name: str) -> Path:
        """Return the file of a photo by its name alone: never a path.

        Raises: `PhotoError`, which lists the names and the closest one.
        """
        entries = {entry.name: entry.path for entry in self.entries()}
        wanted = name_of(Path("x") / f"{name}.x") if "/" not in name and "\0" not in name else ""
        if wanted in entries:
            return entries[wanted]
        shown = "".join(c if c.isprintable() else "?" for c in name)[:80]
        if not entries:
            raise PhotoError(
                f"There is no photo '{shown}': the photo folders are empty. Give a picture file "
                "with --photo FILE."
            )
        close = difflib.get_close_matches(wanted or shown.lower(), entries, n=1, cutoff=0.5)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        names = ", ".join(list(entries)[:_LISTED])
        more = f" and {len(entries) - _LISTED} more" if len(entries) > _LISTED else ""
        raise PhotoError(f"There is no photo '{shown}'.{hint} There are: {names}{more}.")

    def _about(self, photo: Path) -> Mapping[str, Any]:
        """What is known about a picture; read again only when its file changed."""
        path = photo.with_name(photo.stem + ABOUT_SUFFIX)
        try:
            status = path.stat()
        except OSError:
            return {"label": _label_from(photo)}
        key = (str(path), status.st_mtime_ns, status.st_size)
        known = self._abouts.get(key)
        if known is None:
            known = MappingProxyType(_read_about(path, photo))
            kept = {k: v for k, v in self._abouts.items() if k[0] != str(path)}
            self._abouts = MappingProxyType({**kept, key: known})
        return known


def _pictures(folder: Path, roots: Sequence[Path]) -> list[Path]:
    """Picture files right in a folder; links that lead out of all folders are left out."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []  # not there yet, or not ours to read
    pictures = []
    for path in paths:
        if path.suffix.lower() not in PICTURE_SUFFIXES or path.name.startswith("."):
            continue
        if not path.name.isprintable():  # also names that are no valid text
            continue
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):  # a dead link, a circle of links
            continue
        if real.is_file() and any(real.is_relative_to(root) for root in roots):
            pictures.append(path)
    return pictures


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _label_from(photo: Path) -> Mapping[str, str]:
    text = photo.stem.replace("-", " ").replace("_", " ").strip() or photo.stem
    text = text[0].upper() + text[1:]
    return MappingProxyType(dict.fromkeys(_LANGUAGES, text))


def _read_about(path: Path, photo: Path) -> dict[str, Any]:
    """Read an about file. A wrong one is reported once and the picture treated with most care."""
    try:
        return _checked_about(path, photo)
    except (OSError, ValueError, yaml.YAMLError) as exc:
        problem = " ".join(str(exc).split())
        log.warning("%s: %s. The picture is shown as a demo and does not speak.", path, problem)
        return {"label": _label_from(photo), "demo": True, "may_speak": False}


def _checked_about(path: Path, photo: Path) -> dict[str, Any]:
    """Raise `ValueError` with the key for anything that is not as expected."""
    with path.open("rb") as file:
        data = file.read(MAX_ABOUT_BYTES + 1)
    if len(data) > MAX_ABOUT_BYTES:
        raise ValueError(f"larger than {MAX_ABOUT_BYTES // 1024} kB")
    document = yaml.safe_load(data)
    if not isinstance(document, dict):
        raise ValueError("holds no keys; expected label, credit, terms, demo, may_speak")
    known = ("label", *_ABOUT_TEXTS, *_ABOUT_FLAGS)
    unknown = [str(key) for key in document if key not in known]
    if unknown:
        raise ValueError(f"{unknown[0]} is not known; known are {', '.join(known)}")
    about: dict[str, Any] = {"label": _label_from(photo)}
    for key in _ABOUT_TEXTS:
        if key in document:
            if not isinstance(document[key], str):
                raise ValueError(f"{key} must be text")
            about[key] = document[key]
    for key in _ABOUT_FLAGS:
        if key in document:
            if not isinstance(document[key], bool):
                raise ValueError(f"{key} must be true or false")
            about[key] = document[key]
    label = document.get("label", {})
    if not isinstance(label, dict) or not all(
        isinstance(k, str) and isinstance(v, str) for k, v in label.items()
    ):
        raise ValueError("label must hold texts by language, such as {en: Me, ko: 나}")
    about["label"] = MappingProxyType({**about["label"], **label})
    return about
