"""The operator's picture, read safely and brought upright."""

from dataclasses import dataclass
from pathlib import Path

from streamer.view import Frame


@dataclass(frozen=True)
class Photo:
    """A picture as the engines get it.

    ``image`` is (height, width, 3) uint8 RGB, upright, at most 2048 px on the longer side;
    ``key`` is the SHA-256 of the file, for caches. ``size_in_file`` (width, height) is the upright
    size before any reduction: sidecar coordinates refer to it.
    """

    name: str
    path: Path
    image: Frame
    key: str
    size_in_file: tuple[int, int]
