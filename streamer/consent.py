"""Who may be made to speak: the one place where that is decided."""

from typing import Protocol

from streamer.controls import SPEECH
from streamer.photo_library import PhotoEntry


class _Preset(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def speaks(self) -> bool: ...


class Saying:
    """Saying a text, which nobody has made a preset of."""

    name = SPEECH
    speaks = True


def refusal(preset: _Preset, photo: PhotoEntry) -> str:
    """Say why a preset is not played with a photo; empty if it may be.

    A living person who has not agreed is not made to speak, whoever asks for it. The animator
    holds to the same while the photo is on stage, for what no door has asked about.
    """
    if not preset.speaks or photo.may_speak:
        return ""
    return (
        f"'{preset.name}' is not played with the photo '{photo.name}': the person in it has not "
        "agreed to be made to speak. Choose another portrait, or another expression."
    )
