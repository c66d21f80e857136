"""Where shipped files, the user's own files and model files lie."""

import os
from pathlib import Path
from typing import Final, Literal

import platformdirs

# Names another folder for everything that the user makes, such as one on a stick.
HOME_VARIABLE: Final = "LIVING_PORTRAIT_HOME"

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the shipped ``presets``, ``photo`` or ``weights`` folder; the last has only the list.

    A wheel carries them as ``streamer/data/<folder>``; in a source tree they stand beside the
    packages.
    """
    installed = _PACKAGE / "data" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


def asset(name: str) -> Path:
    """Return a file of the package itself."""
    return _PACKAGE / "assets" / name


def user_folder(kind: Literal["photos", "presets", "state", "bakes"]) -> Path:
    """Return the folder for the user's own files of one kind; it is made by who first writes there.

    It lies in the system's place for a user's data, or in the folder that
    ``LIVING_PORTRAIT_HOME`` names.
    """
    return _home() / kind


def weights_list() -> Path:
    """Return the list of the neural engine's model files."""
    return shipped("weights") / "MANIFEST.toml"


def weights_folder(chosen: Path | None = None) -> Path:
    """Return where the model files lie: the ``chosen`` folder, else the usual place.

    That is ``weights`` in a source tree. An installed wheel's own folder may be read-only and goes
    with the next upgrade, so there it is ``weights`` in the user's data folder.
    """
    if chosen is not None:
        return chosen
    if (_PACKAGE / "data" / "weights").is_dir():
        return _home() / "weights"
    return _PACKAGE.parent / "weights"


def user_places() -> list[tuple[str, Path]]:
    """Return every place with something of the user's own: ``(kind, path)``, there or not.

    The kinds are ``photos``, ``presets``, ``state``, ``weights``, ``cache``, and ``other`` for
    what else lies in the user's folder.
    """
    known: list[Literal["photos", "presets", "state", "bakes"]] = ["photos", "presets", "state"]
    places = [(kind, user_folder(kind)) for kind in known]
    found: list[tuple[str, Path]] = [*places, ("weights", weights_folder())]
    taken = {path for _, path in found}
    if _home().is_dir():
        found += [("other", path) for path in sorted(_home().iterdir()) if path not in taken]
    return [*found, ("cache", user_cache())]


def user_cache() -> Path:
    """Return the folder for what can be found again, such as the points of a photo's faces."""
    return platformdirs.user_cache_path("living-portrait", appauthor=False)


def bakes_folder(chosen: Path | None = None) -> Path:
    """Return where baked frames lie: the ``chosen`` folder, else the user's own."""
    return user_folder("bakes") if chosen is None else chosen


def _home() -> Path:
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_data_path("living-portrait", appauthor=False)
