"""Where shipped files and model files lie, in a source tree and in an installed wheel."""

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the shipped ``presets``, ``photo`` or ``weights`` folder; the last has only the list.

    A wheel carries them as ``streamer/data/<folder>``; in a source tree they stand beside the
    packages.
    """
    installed = _PACKAGE / "data" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


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
        return platformdirs.user_data_path("living-portrait", appauthor=False) / "weights"
    return _PACKAGE.parent / "weights"
