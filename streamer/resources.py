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


def user_folder(kind: Literal["photos", "presets", "state"]) -> Path:
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


def _home() -> Path:
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_data_path("living-portrait", appauthor=False)
