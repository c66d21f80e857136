"""One file per command of `living-portrait`."""
