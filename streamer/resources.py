"""Where the shipped presets and photos lie, in a source tree and in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the shipped ``presets`` or ``photo`` folder.

    A wheel carries them as ``streamer/data/<folder>``; in a source tree they stand beside the
    packages.
    """
    installed = _PACKAGE / "data" / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder
