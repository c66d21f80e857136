"""The user's own preset files: described, written and deleted; shipped ones are never touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamer.animation.preset_library import PresetLibrary
from streamer.animation.preset_writing import as_text, written
from streamer.animation.presets import NAME, Preset, read_preset
from streamer.errors import PresetError
from streamer.whole_file import private_folder, write_whole

# A folder of presets is a set of buttons; beyond this a script has gone wild.
MOST_OWN: Final = 300


@dataclass(frozen=True)
class PresetFile:
    """A preset with where it comes from. ``own``: it lies in the user's folder and may change.

    ``covers``: an own file stands in for a shipped preset of its name.
    """

    preset: Preset
    path: Path
    own: bool
    covers: bool


class PresetFiles:
    """The files behind a library. ``own`` is the folder that is written to."""

    def __init__(self, library: PresetLibrary, shipped: Path, own: Path) -> None:
        self._library = library
        self._shipped = shipped
        self._own = own

    def find(self, name: str) -> PresetFile:
        """Return the preset of a name with its file. Raises `KeyError`."""
        preset = self._library.presets[name]
        path = self._library.file_of(name)
        own = path.parent == self._own
        return PresetFile(preset, path, own, own and self._is_shipped(name))

    def own_names(self) -> list[str]:
        """Return the names that are the user's own."""
        return [name for name in self._library.presets if self.find(name).own]

    def read(self, content: Mapping[str, Any]) -> Preset:
        """Check what would become a file. Raises `PresetError` with the loader's own words."""
        name = content.get("name")
        # Named as the file will be, so that a message reads as it does for a file.
        stem = name if isinstance(name, str) and NAME.fullmatch(name) else "preset"
        return read_preset(content, Path(f"{stem}.yaml"))

    def save(self, content: Mapping[str, Any]) -> Preset:
        """Write a preset into the user's folder. Raises `PresetError`; nothing is lost then."""
        preset = self.read(content)
        path = self._own / f"{preset.name}.yaml"
        if not path.exists() and len(list(self._own.glob("*.yaml"))) >= MOST_OWN:
            raise PresetError(
                f"{self._own} holds {MOST_OWN} presets already. Delete some of them first."
            )
        if path.is_symlink():
            raise PresetError(f"{path} is a link and is not written to; delete it first.")
        try:
            private_folder(self._own)
            write_whole(path, as_text(written(preset)).encode())
        except OSError as exc:
            raise PresetError(f"{path} could not be written: {exc.strerror or exc}.") from exc
        return preset

    def delete(self, name: str) -> bool:
        """Delete a preset of the user's own; returns whether a shipped one of its name is back.

        Raises: `KeyError` for an unknown name, `PresetError` for a shipped preset.
        """
        found = self.find(name)
        if not found.own:
            raise PresetError(
                f"The preset '{name}' is not yours to delete here: it lies in {found.path.parent}."
            )
        try:
            found.path.unlink()
        except OSError as exc:
            raise PresetError(f"{found.path} could not be deleted: {exc.strerror}.") from exc
        return found.covers

    def _is_shipped(self, name: str) -> bool:
        return (self._shipped / f"{name}.yaml").is_file()
