"""The presets and idle styles of several folders, reloaded while the stream runs.

Later folders override earlier ones by name. One wrong file never stops the others, and a file
that became wrong keeps its last good version until it is right again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from streamer.animation.idle_style import IdleStyle, load_idle_style
from streamer.animation.presets import Preset, load_preset
from streamer.errors import PresetError

T = TypeVar("T")

# The order of buttons: what people reach for first; names that are not here follow by alphabet.
ORDER: Final = (
    *("smile", "wink", "talk", "surprise", "blink", "laugh", "nod", "shake"),
    *("greet", "bow", "agree", "listen", "think", "doubt", "curious", "concentrate"),
    *("sad", "angry", "wow", "giggle", "shy", "proud", "smirk", "kiss"),
    *("sleepy", "yawn", "bored", "sigh", "eye_roll", "wince", "double_take"),
    *("look_left", "look_right", "look_up", "look_down"),
)
STYLE_ORDER: Final = ("calm", "attentive", "lively", "sleepy", "eco")

# How often the folders are looked at. A save shows in the face within this time.
LOOK_EVERY_S: Final = 0.5

# A folder holds performances, not an archive; beyond this the rest is reported, not read.
MAX_FILES: Final = 500

_Stamp = tuple[int, int, int]


@dataclass
class _File(Generic[T]):
    """One file: its stamp when last read, its last good content, and what is wrong now."""

    stamp: _Stamp
    content: T | None
    problem: str | None


class _Shelf(Generic[T]):
    """All files of one kind in several folders."""

    def __init__(
        self, folders: Sequence[Path], load: Callable[[Path], T], order: Sequence[str]
    ) -> None:
        self._folders, self._load, self._order = tuple(folders), load, tuple(order)
        self._files: dict[Path, _File[T]] = {}
        self._complaints: list[str] = []

    def refresh(self) -> bool:
        """Read what is new or changed; returns whether anything did."""
        before = list(self._files), list(self._complaints)
        self._complaints = []
        found = {path: stamp for folder in self._folders for path, stamp in self._list(folder)}
        self._files = {path: self._files[path] for path in self._files if path in found}
        changed = False
        for path, stamp in found.items():
            known = self._files.get(path)
            if known is not None and known.stamp == stamp:
                continue
            changed = True
            content = known.content if known is not None else None
            try:
                self._files[path] = _File(stamp, self._load(path), None)
            except PresetError as exc:
                kept = " Its last good version stays in use." if content is not None else ""
                self._files[path] = _File(stamp, content, f"{exc}{kept}")
        # Rebuilt in the order of the folders, so that later ones override earlier ones.
        self._files = {path: self._files[path] for path in found}
        return changed or before != (list(self._files), self._complaints)

    def contents(self) -> Mapping[str, T]:
        """Return what is usable, by name, in the order of the buttons."""
        by_name = {p.stem: f.content for p, f in self._files.items() if f.content is not None}
        rank = {name: i for i, name in enumerate(self._order)}
        names = sorted(by_name, key=lambda name: (rank.get(name, len(rank)), name))
        return MappingProxyType({name: by_name[name] for name in names})

    def file_of(self, name: str) -> Path:
        """Return the file that a name's content comes from. Raises `KeyError`."""
        files = {p.stem: p for p, f in self._files.items() if f.content is not None}
        return files[name]

    def problems(self) -> list[str]:
        """Return one message for each thing that is wrong."""
        return [*self._complaints, *(f.problem for f in self._files.values() if f.problem)]

    def _list(self, folder: Path) -> list[tuple[Path, _Stamp]]:
        try:
            paths = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml"))
            inside = folder.resolve()
        except FileNotFoundError:
            return []  # a user's folder may come later
        except OSError as exc:
            self._complaints.append(f"{folder}: cannot be read: {exc.strerror or exc}.")
            return []
        if len(paths) > MAX_FILES:
            self._complaints.append(
                f"{folder}: {len(paths)} files; only the first {MAX_FILES} are read."
            )
        listed: list[tuple[Path, _Stamp]] = []
        for path in paths[:MAX_FILES]:
            if path.name.startswith("."):
                continue  # an editor's temporary file
            if path.suffix == ".yml":
                self._complaints.append(f"{path}: rename it to {path.stem}.yaml to use it.")
                continue
            try:
                if path.is_symlink() and not path.resolve(strict=True).is_relative_to(inside):
                    self._complaints.append(
                        f"{path}: a link that leads out of the folder is not followed; copy the "
                        f"file instead."
                    )
                    continue
                status = path.stat()
            except (OSError, RuntimeError) as exc:  # vanished, a loop of links, no permission
                self._complaints.append(f"{path}: cannot be read: {exc}.")
                continue
            listed.append((path, (status.st_mtime_ns, status.st_size, status.st_ino)))
        return listed


class PresetLibrary:
    """Presets from ``<folder>/*.yaml`` and idle styles from ``<folder>/idle/*.yaml``.

    ``presets`` and ``idle_styles`` are immutable snapshots, replaced whole when something changed;
    any thread may read them. `reload_if_changed` is for one thread.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._presets = _Shelf(folders, load_preset, ORDER)
        self._styles = _Shelf([folder / "idle" for folder in folders], load_idle_style, STYLE_ORDER)
        self._next_look: float | None = None
        self.presets: Mapping[str, Preset] = MappingProxyType({})
        self.idle_styles: Mapping[str, IdleStyle] = MappingProxyType({})
        self.problems: tuple[str, ...] = ()
        self._refresh()

    def file_of(self, name: str) -> Path:
        """Return the file of a preset. Raises `KeyError`."""
        return self._presets.file_of(name)

    def reload_if_changed(self, now: float) -> bool:
        """Look at the files, at most twice a second of ``now``; returns whether they changed."""
        if self._next_look is not None and now < self._next_look:
            return False
        self._next_look = now + LOOK_EVERY_S
        return self._refresh()

    def reload(self) -> None:
        """Look at the files now."""
        self._refresh()

    def _refresh(self) -> bool:
        changed = [self._presets.refresh(), self._styles.refresh()]
        if not any(changed):
            return False
        self.presets = self._presets.contents()
        self.idle_styles = self._styles.contents()
        self.problems = (*self._presets.problems(), *self._styles.problems())
        return True
