"""A picture of four colours, whose quarters show what a reader did to it."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from streamer.photo import read_photo

RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 200, 30), (30, 30, 220), (128, 128, 128)


def quarters(width: int = 96, height: int = 80) -> Image.Image:
    """Red top left, green top right, blue bottom left, grey bottom right."""
    image = Image.new("RGB", (width, height), GREY)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def corners(path: Path) -> list[tuple[int, ...]]:
    """The colours of the four quarters' middles, as read."""
    image = read_photo(path).image
    h, w = image.shape[:2]
    return [
        tuple(int(v) for v in image[y, x])
        for y in (h // 4, 3 * h // 4)
        for x in (w // 4, 3 * w // 4)
    ]


def near(found: Any, expected: Any, by: int = 6) -> bool:
    return bool(np.abs(np.subtract(found, expected)).max() <= by)
