"""The networks that draw every frame as one graph of plain operators, and runtimes that draw it.

The readable networks in `streamer.engines.liveportrait.networks` stay the truth; the graph is built
from them, and nothing that draws it is shown before it was held against them.
"""

from typing import Final

# Bump when the graph's meaning or layout changes: files of another version are not used.
GRAPH_VERSION: Final = 2
