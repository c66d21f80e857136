"""Keys that work while another program has the keyboard, an optional door."""

from control.hotkeys.door import Hotkeys

__all__ = ["Hotkeys"]
