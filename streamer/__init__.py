"""The stream: a photo, a face and a clock in; frames out. These names are its public interface."""

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
