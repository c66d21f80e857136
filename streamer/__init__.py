"""The stream: a photo, a face and a clock in; frames out. These names are its public interface.

They are loaded when first asked for: the processes that only watch or send need none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamer.config import Config, parse_address
    from streamer.controls import Controls, Cue, Wishes
    from streamer.errors import (
        ConfigError,
        ConsentError,
        EngineError,
        NoFaceError,
        PhotoError,
        PortraitError,
        PresetError,
        SinkError,
        SpeechError,
        TakeError,
        WeightsError,
    )
    from streamer.parameters import PARAMETERS, Face, Parameter
    from streamer.view import Frame, View

__version__ = "0.1.0"

__all__ = [
    "PARAMETERS",
    "Config",
    "ConfigError",
    "ConsentError",
    "Controls",
    "Cue",
    "EngineError",
    "Face",
    "Frame",
    "NoFaceError",
    "Parameter",
    "PhotoError",
    "PortraitError",
    "PresetError",
    "SinkError",
    "SpeechError",
    "TakeError",
    "View",
    "WeightsError",
    "Wishes",
    "__version__",
    "parse_address",
]

_PLACES = {
    "config": ("Config", "parse_address"),
    "controls": ("Controls", "Cue", "Wishes"),
    "parameters": ("PARAMETERS", "Face", "Parameter"),
    "view": ("Frame", "View"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = next((p for p, names in _PLACES.items() if name in names), "errors")
    return getattr(import_module(f"{__name__}.{place}"), name)
