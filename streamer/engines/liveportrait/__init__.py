"""The neural engine: LivePortrait's networks; the only folder that imports torch."""
