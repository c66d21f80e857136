"""Speaks the sender's protocol without a network: how it behaves is its first argument.

``take N``: says it is ready N times, telling each frame's time in ms as the bytes, then fails.
``hang``: never says that it is ready. ``slow N``: as ``take``, but waits for a line in the file
named second before each frame. ``crash``: ends without a word.
"""

import json
import struct
import sys
import time
from pathlib import Path


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    how, *more = sys.argv[1:]
    order = json.loads(sys.stdin.buffer.readline())
    if how == "crash":
        sys.exit(3)
    say(**{"is": "connecting"})
    if how == "hang":
        time.sleep(60)
    say(**{"is": "sending", "encoder": "fake"})
    size = order["width"] * order["height"] * 3 // 2
    bytes_said = 0
    for number in range(int(more[0])):
        while how == "slow" and len(Path(more[1]).read_text().splitlines()) < number:
            time.sleep(0.01)
        say(**{"is": "ready", "bytes": bytes_said})
        head = sys.stdin.buffer.read(8)
        if not head:
            return
        bytes_said = round(1000 * struct.unpack("<d", head)[0])
        luma = sys.stdin.buffer.read(size)[0]
        if len(more) > 2:
            Path(more[2]).write_text(f"{order['width']}x{order['height']} {luma}")
    say(**{"is": "failed", "why": "lost", "text": f"enough of {order['url']}"})


if __name__ == "__main__":
    main()
