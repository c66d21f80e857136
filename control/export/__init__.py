"""Ready pages for control surfaces, with the presets of this installation."""
