"""OSCQuery: what the OSC door understands, for programs that draw controls by themselves."""

from control.oscquery.server import QueryServer

__all__ = ["QueryServer"]
