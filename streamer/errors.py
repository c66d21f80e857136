"""The errors that a user can act on, one class per thing to act on.

::

    PortraitError
    ├── ConfigError     a flag, a setting, an environment variable
    │   └── PresetError a preset file: path, keyframe, field
    ├── PhotoError      the picture: unreadable, too small
    │   └── NoFaceError no face was found; its points can be marked by hand
    ├── SpeechError     a text that cannot be said, a microphone or wave file that cannot be heard
    ├── ConsentError    what the person in the photo has not agreed to
    ├── WeightsError    model files: missing, damaged
    ├── EngineError     the engine cannot start or broke
    └── SinkError       camera or file cannot be written

The command line prints a `PortraitError` as one line and ends with code 1. Anything else is a bug
and keeps its traceback.
"""


class PortraitError(Exception):
    """Base of all errors that a user can act on; the text says what happened and what to do."""

    exit_code = 1


class ConfigError(PortraitError):
    """A start-up choice is wrong."""


class PresetError(ConfigError):
    """A preset file is wrong; the text names file, keyframe and field."""


class TakeError(PortraitError):
    """A take's file is wrong; the text names the event and the field."""


class PhotoError(PortraitError):
    """A picture cannot be used; the text says why and what would work."""


class NoFaceError(PhotoError):
    """No face was found; ``by_hand``, the end of the text, says how to mark it where one types."""

    def __init__(self, what: str, by_hand: str = "") -> None:
        super().__init__(what + by_hand)
        self.what = what if what.endswith(".") else f"{what}."


class SpeechError(PortraitError):
    """A text cannot be said, or a voice cannot be heard; the text says why and what would work."""


class ConsentError(PortraitError):
    """The person in the photo has not agreed to this; the text says which photo would do."""


class WeightsError(PortraitError):
    """A model file is missing or damaged."""


class EngineError(PortraitError):
    """The engine cannot start here, or stopped working."""


class SinkError(PortraitError):
    """The camera or the file cannot be written."""
