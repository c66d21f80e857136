"""The environment by which a process that we start finds our packages where we found them."""

import os
from pathlib import Path


def child_environment() -> dict[str, str]:
    """Return our own environment, with the folder of the packages first on Python's path."""
    here = str(Path(__file__).resolve().parent.parent)
    given = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{given}" if given else here}
