"""What was chosen and is live, under the names of `Config`: to be remembered and gone on with."""

from typing import Final

from streamer.config import Config
from streamer.controls import Wishes
from streamer.view import View

# What was asked for may vanish while it runs; a renderer that goes on does so without.
GIVEN_PATHS: Final = ("presets", "photos", "privacy_picture", "take")


def live_choices(
    config: Config, view: View, wishes: Wishes, *, photo: str, badge: str
) -> dict[str, object]:
    """Return the choices, JSON-able. ``photo`` is a name of the library, or a path."""
    return {
        "photo": photo,
        "engine": config.engine,
        "device": config.device,
        "speed": config.speed,
        "camera": config.camera,
        "size": f"{view.width}x{view.height}",
        "fps": config.fps,
        "fit": view.fit,
        "zoom": view.zoom,
        "offset_x": view.offset_x,
        "offset_y": view.offset_y,
        "mirror": view.mirror,
        "fill": view.fill,
        "badge": badge,
        "style": wishes.idle_style,
        "idle": wishes.idle_strength,
    }


def given_paths(config: Config) -> dict[str, str]:
    """Return the files and folders that were asked for, absolute."""
    found = {name: getattr(config, name) for name in GIVEN_PATHS}
    return {name: str(path.absolute()) for name, path in found.items() if path is not None}
