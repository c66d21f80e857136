"""The built-in engine: a 2.5-D puppet of the photo on the CPU; no weights, no torch."""
