"""The networks that draw every frame as one graph of plain operators, and runtimes that draw it.

The readable networks in `streamer.engines.liveportrait.networks` stay the truth; the graph is built
from them, and nothing that draws it is shown before it was held against them.
"""
