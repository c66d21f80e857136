"""What start.py says, in the language of the system: Korean or English."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from control.setup.texts import TEXTS

Language = Literal["en", "ko"]

# Source: Windows' table of language identifiers; the low ten bits are the primary language.
WINDOWS_KOREAN: Final = 0x12
WINDOWS_PRIMARY: Final = 0x3FF


@dataclass(frozen=True)
class Words:
    """The texts in one language."""

    language: Language
    python: str = "py" if sys.platform == "win32" else "python3"
    """What people type to start Python; the texts are written with ``python3``."""

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with its values filled in."""
        english, korean = TEXTS[key]
        text = korean if self.language == "ko" else english
        return text.replace("python3 start.py", f"{self.python} start.py").format(**values)


def system_language(
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
    encoding: str | None = None,
) -> Language:
    """Return the language that the system speaks, English where it is neither of the two.

    ``encoding`` is the console's; where it has no Hangul, the language is English.
    """
    encoding = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "한".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "en"
    # Source: POSIX, 8.2: the first of these that is set and not empty decides.
    named = next(
        (environment[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(n)), ""
    )
    if named and named not in ("C", "POSIX") and not named.startswith("C."):
        return "ko" if named.lower().startswith("ko") else "en"
    if platform == "win32":
        return "ko" if _windows_language() & WINDOWS_PRIMARY == WINDOWS_KOREAN else "en"
    if platform == "darwin":
        return "ko" if _macos_language().startswith("ko") else "en"
    return "en"


def _windows_language() -> int:
    import ctypes

    return int(ctypes.windll.kernel32.GetUserDefaultUILanguage())  # type: ignore[attr-defined,unused-ignore]


def _macos_language() -> str:
    command = ["defaults", "read", "-g", "AppleLocale"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
