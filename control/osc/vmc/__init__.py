"""Trackers in: the VMC protocol, whose blend shapes and head bones drive the portrait."""

from control.osc.vmc.door import VmcDoor

__all__ = ["VmcDoor"]
