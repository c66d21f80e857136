"""What is wrong right now, one sentence per subject: logged once, shown until it is over."""

import logging
import threading

log = logging.getLogger(__name__)


class Problems:
    """Current troubles by subject (``camera``, ``engine``, ``photo``, ``presets``, ...)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}

    def set(self, subject: str, text: str) -> None:
        """Say what is wrong with a subject; an empty text says that it is over."""
        if self._texts.get(subject, "") == text:
            return
        with self._lock:
            before = self._texts.pop(subject, "")
            if text:
                self._texts = {**self._texts, subject: text}
        if text:
            log.warning("%s", text)
        elif before:
            log.info("%s: all right again", subject)

    def get(self, subject: str) -> str:
        """Return the text for one subject, or an empty one."""
        return self._texts.get(subject, "")

    def all(self) -> list[str]:
        """Return all current texts."""
        return list(self._texts.values())
