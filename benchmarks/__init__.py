"""Measurements to repeat by hand; each prints a table, or JSON with ``--json``."""
