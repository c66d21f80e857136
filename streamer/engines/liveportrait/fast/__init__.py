"""The fast form of the networks that draw every frame, for graphics cards.

The readable networks in `streamer.engines.liveportrait.networks` stay the truth; these are packed
from them and held against them.
"""
