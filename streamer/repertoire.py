"""What can be played: the preset files as they are now, and a preset that is only tried."""

import threading
from collections.abc import Mapping

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.animation.presets import Preset
from streamer.problems import Problems


class Repertoire:
    """Keeps an animator's presets and styles in step with the library's files."""

    def __init__(self, library: PresetLibrary, problems: Problems) -> None:
        self._library = library
        self._problems = problems
        self._looking = threading.Lock()  # held while the folders are looked at
        self._draft: Preset | None = None
        self._animator: Animator | None = None

    def give_to(self, animator: Animator) -> None:
        """Keep this animator in step from now on."""
        self._animator = animator
        self._say()

    def refresh(self, now: float) -> None:
        """Take what has changed in the folders. ``now`` is stream time in s."""
        with self._looking:
            if self._library.reload_if_changed(now):
                self._take()

    def reload(self) -> None:
        """Look at the folders now, and forget a preset that was only tried."""
        with self._looking:
            self._draft = None
            self._library.reload()
            self._take()

    def rehearse(self, preset: Preset | None) -> None:
        """Let a preset stand in for one of its name until `reload`; None forgets it."""
        with self._looking:
            self._draft = preset
            self._take()

    def _take(self) -> None:
        presets: Mapping[str, Preset] = self._library.presets
        if self._draft is not None:
            presets = {**presets, self._draft.name: self._draft}
        if self._animator is not None:
            self._animator.set_presets(presets)
            self._animator.set_styles(self._library.idle_styles)
        self._say()

    def _say(self) -> None:
        self._problems.set("presets", " ".join(self._library.problems))
