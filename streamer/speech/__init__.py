"""Speaking: a text or a voice in, the movements of a mouth out."""
