"""The OSC door: what controllers send over UDP, and the state that they get back."""

from control.osc.door import OscDoor

__all__ = ["OscDoor"]
