"""Speech: a text prepared for the animator, with the sounds that a take keeps of it."""

from dataclasses import dataclass

from streamer.animation.performance import Performance
from streamer.speech.score import score
from streamer.speech.sounds import Sound, read_sounds, written
from streamer.speech.text import Phonemes, cleaned, sounds_of


@dataclass(frozen=True, eq=False)
class Speech:
    """What is said: the text, its sounds as one line (`streamer.speech.sounds`), how it is played.

    ``length_s`` is from the first movement to rest.
    """

    text: str
    sounds: str
    performance: Performance

    @property
    def length_s(self) -> float:
        """How long it takes, s."""
        return self.performance.length_s


def speech_of(text: str, phonemes: Phonemes = lambda words: None) -> Speech:
    """Prepare a text. Raises: `SpeechError` for one that cannot be said."""
    text = cleaned(text)
    return _prepared(text, sounds_of(text, phonemes))


def speech_again(text: str, sounds: str) -> Speech:
    """Prepare what a take has kept: these sounds, whatever they were made with then.

    Raises: `SpeechError`.
    """
    return _prepared(text, read_sounds(sounds))


def _prepared(text: str, sounds: tuple[Sound, ...]) -> Speech:
    # Through their written form, so that a take replays bit for bit what was live.
    line = written(sounds)
    return Speech(text, line, score(read_sounds(line)))
