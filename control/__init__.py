"""The outside world: command line, OSC, page. Imports the streamer's public names only."""
