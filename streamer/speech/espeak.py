"""How Latin words are pronounced, from espeak-ng where it is installed: an optional better ear.

It runs as a program of its own with a deadline; whatever goes wrong, the spelling rules remain.
"""

import re
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Callable
from typing import Final

from streamer.speech.latin import CLUSTER_S, CONSONANT_S, GLIDE_S, LONG_S, VOWEL_S, WEAK_S
from streamer.speech.sounds import Sound
from streamer.speech.text import Phonemes

PROGRAM: Final = "espeak-ng"
VOICE: Final = "en-us"

# For one text; usually all of it takes 20 to 60 ms. Whoever waits for longer hears nothing.
BUDGET_S: Final = 1.0

_VOWELS: Final = {
    **dict.fromkeys("aɑæɐ", "a"),
    **dict.fromkeys("eɛ", "e"),
    **dict.fromkeys("iɪᵻ", "i"),
    **dict.fromkeys("oɔɒ", "o"),
    **dict.fromkeys("uʊʉyøœ", "u"),
    **dict.fromkeys("əʌɜɚɝɞ", "v"),
    **dict.fromkeys("ɯɨɤ", "y"),
}
_CONSONANTS: Final = {
    **dict.fromkeys("mpbβɱ", "m"),
    **dict.fromkeys("fvʋ", "f"),
    **dict.fromkeys("tdnlθðɾɬɫɲ", "t"),
    **dict.fromkeys("kgɡŋhxɣqcʎ", "k"),
    **dict.fromkeys("szç", "s"),
    **dict.fromkeys("ʃʒɕʑ", "c"),
    **dict.fromkeys("rɹɻʁʀ", "r"),
    **dict.fromkeys("wʍɥ", "w"),
    "j": "j",
}
_MARK: Final = re.compile(r"\([a-z-]+\)")

Run = Callable[[list[str], str, float], str]
"""Run a program with an input and a deadline in s; its output, or `OSError`."""


def find() -> str | None:
    """Return where espeak-ng is installed, if it is."""
    return shutil.which(PROGRAM)


def listener(
    program: str | None, *, run: Run | None = None, now: Callable[[], float] = time.monotonic
) -> Phonemes:
    """Return an ear for one text, which gives up after `BUDGET_S`; without a program a deaf one."""
    run = run or _run
    end = now() + BUDGET_S

    def phonemes(words: str) -> list[list[Sound]] | None:
        left = end - now()
        if program is None or left <= 0.0:
            return None
        try:
            ipa = run([program, "-q", "--ipa", "--sep=_", "-v", VOICE, "--stdin"], words, left)
        except OSError:
            return None
        read = [sounds_of(word) for word in _MARK.sub("", ipa).split()]
        read = [sounds for sounds in read if sounds]
        return read or None

    return phonemes


def sounds_of(word: str) -> list[Sound]:
    """Return the sounds of one word in the phonetic alphabet, phonemes parted by ``_``."""
    sounds: list[Sound] = []
    for phoneme in word.split("_"):
        stressed = "ˈ" in phoneme
        signs = unicodedata.normalize("NFD", phoneme)
        vowels = [_VOWELS[sign] for sign in signs if sign in _VOWELS]
        consonants = [_CONSONANTS[sign] for sign in signs if sign in _CONSONANTS]
        if vowels:
            if len(vowels) > 1:
                sounds.append(Sound(vowels[0], 0.6 * LONG_S, stressed))
                sounds.append(Sound(vowels[1], 0.4 * LONG_S))
            else:
                weak = WEAK_S if "ə" in signs or "ᵻ" in signs else VOWEL_S
                sounds.append(Sound(vowels[0], LONG_S if "ː" in signs else weak, stressed))
            sounds += [Sound(c, CLUSTER_S) for c in consonants[:1]]  # as in `apple`, `near`
        elif consonants:
            shape = consonants[-1]  # of t and sh in `chin` the sh is seen
            clustered = bool(sounds) and sounds[-1].shape in "mftkscr"
            usual = CLUSTER_S if clustered else CONSONANT_S
            sounds.append(Sound(shape, GLIDE_S if shape in "wj" else usual))
    return sounds


def _run(command: list[str], text: str, timeout_s: float) -> str:
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            capture_output=True,
            timeout=timeout_s,
            check=True,
        )
    except subprocess.SubprocessError as exc:
        raise OSError(str(exc)) from exc
    return done.stdout.decode(errors="replace")
