"""The photos to choose from: what lies in the photo folders, found by name.

Names that come from outside (OSC, HTTP) only ever pick from this list, so they cannot reach a file
anywhere else. A folder is looked at anew each time: a picture dropped into it is there at once.
"""

import difflib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from streamer.errors import PhotoError
from streamer.photo import Photo, name_of
from streamer.photo_about import about_path, read_about, write_about
from streamer.photo_import import companions, keep

# Only for the list; what a file really is, is judged when it is read.
PICTURE_SUFFIXES: Final = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".jp2")
)

# An error message lists no more names than fit a terminal's line or two.
_LISTED: Final = 20


@dataclass(frozen=True)
class PhotoEntry:
    """One picture of the library, with what ``<stem>.about.yaml`` beside it says.

    ``consent`` says who agreed to the photo being used so, in the user's words. ``demo``: shown as
    a technical demonstration only. ``may_speak``: may be made to speak; false
    for pictures of living people who have not agreed. ``own``: the user added it on the page and
    may change or remove it there.
    """

    name: str
    path: Path
    label: Mapping[str, str]
    credit: str = ""
    terms: str = ""
    consent: str = ""
    demo: bool = False
    may_speak: bool = True
    own: bool = False


class PhotoLibrary:
    """The pictures of some folders, in their order; may be used by several threads.

    ``own`` is the user's own folder, the last of them: photos are added and removed there. It need
    not exist. ``revision`` grows when that is done, so that those who show a list know.
    """

    def __init__(self, folders: Sequence[Path], own: Path | None = None) -> None:
        self._own = own
        self._folders = (*folders, *(() if own is None else (own,)))
        self._writing = threading.Lock()
        self.revision = 0
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
                    entries[name] = self._entry(name, path, own=folder == self._own)
        return list(entries.values())

    def about(self, path: Path) -> PhotoEntry:
        """Return what is known about any picture file, of the library or not."""
        return self._entry(name_of(path), path, own=path.parent == self._own)

    def add(
        self, file_name: str, data: bytes, check: Callable[[Photo], object] | None
    ) -> PhotoEntry:
        """Keep a picture in the user's own folder, byte for byte, under a free name.

        ``check`` is given the photo first; what it raises is the reason why nothing is kept.
        Raises: `PhotoError`.
        """
        if self._own is None:
            raise PhotoError("There is no folder to keep photos in.")
        taken = {name_of(entry.path) for entry in self.entries()}
        path = keep(self._own, file_name, data, taken, check)
        with self._writing:
            self.revision += 1
        return next(entry for entry in self.entries() if entry.path == path)

    def change_about(self, name: str, changes: Mapping[str, Any]) -> PhotoEntry:
        """Change label, credit, consent or may_speak of one of the user's own photos.

        Raises: `PhotoError`.
        """
        entry = self._own_entry(name)
        with self._writing:
            write_about(entry.path, changes)
            self.revision += 1
        return next(e for e in self.entries() if e.path == entry.path)

    def remove(self, name: str) -> None:
        """Delete one of the user's own photos with the files beside it. Raises: `PhotoError`."""
        entry = self._own_entry(name)
        with self._writing:
            try:
                beside = companions(entry.path)
                entry.path.unlink()  # first, since without it the others mean nothing
                for path in beside:
                    path.unlink(missing_ok=True)
            except OSError as exc:
                raise PhotoError(
                    f"'{entry.path}' could not be deleted ({exc.strerror}). Delete it by hand."
                ) from exc
            finally:
                self.revision += 1

    def _own_entry(self, name: str) -> PhotoEntry:
        path = self.find_name(name)
        entry = next(entry for entry in self.entries() if entry.path == path)
        if not entry.own:
            raise PhotoError(
                f"'{name}' is none of the photos that were added on the page; it lies in "
                f"'{path.parent}'."
            )
        return entry

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

    def _entry(self, name: str, path: Path, own: bool) -> PhotoEntry:
        return PhotoEntry(name=name, path=path, own=own, **self._about(path))

    def _about(self, photo: Path) -> Mapping[str, Any]:
        """What is known about a picture; read again only when its file changed."""
        path = about_path(photo)
        try:
            status = path.stat()
        except OSError:
            return read_about(photo)
        key = (str(path), status.st_mtime_ns, status.st_size)
        known = self._abouts.get(key)
        if known is None:
            known = MappingProxyType(read_about(photo))
            kept = {k: v for k, v in self._abouts.items() if k[0] != str(path)}
            self._abouts = MappingProxyType({**kept, key: known})
        return known


def _pictures(folder: Path, roots: Sequence[Path]) -> list[Path]:
    """Picture files right in a folder; links that lead out of all folders are left out."""
    try:
        # By name, so that me.jpg comes before me-2.jpg.
        paths = sorted(folder.iterdir(), key=lambda path: (name_of(path), path.name))
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
