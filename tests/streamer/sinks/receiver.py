"""A receiver of network streams, for tests: tells each frame as a line of JSON until it is ended.

python receiver.py URL [OPTION=VALUE ...]
"""

import json
import sys

import av


def main() -> None:
    options = dict(pair.split("=", 1) for pair in sys.argv[2:])
    with av.open(sys.argv[1], options=options) as stream:
        kinds = [one.codec_context.name for one in stream.streams]
        print(json.dumps({"streams": kinds}), flush=True)
        sounds = 0
        for packet in stream.demux():
            if packet.stream.type == "audio":
                sounds += len(packet.decode())
                continue
            for frame in packet.decode():
                rgb = frame.to_ndarray(format="rgb24")
                rows, columns = rgb.shape[:2]
                quarters = [
                    rgb[y : y + rows // 4, x : x + columns // 4].mean((0, 1)).round(1).tolist()
                    for y, x in (
                        (rows // 8, columns // 8),
                        (rows // 8, columns * 5 // 8),
                        (rows * 5 // 8, columns // 8),
                        (rows * 5 // 8, columns * 5 // 8),
                    )
                ]
                told = {
                    "size": [frame.width, frame.height],
                    "matrix": int(frame.colorspace),
                    "range": int(frame.color_range),
                    "key": bool(frame.key_frame),
                    "t": float(frame.time or 0.0),
                    "quarters": quarters,
                    "sounds": sounds,
                }
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
