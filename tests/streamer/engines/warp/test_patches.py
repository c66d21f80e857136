import numpy as np

from streamer.engines.warp.patches import Patches
from streamer.view import Frame


def test_a_patch_is_painted_once_and_the_oldest_goes_when_memory_is_full() -> None:
    painted: list[int] = []

    def painter(key: int) -> Frame:
        painted.append(key)
        return np.zeros((10, 10, 3), np.uint8)

    patches = Patches(limit=900)
    for key in (1, 2, 1, 3, 1, 4, 1, 2):
        patches.get(key, lambda key=key: painter(key))

    assert painted == [1, 2, 3, 4, 2]
    assert patches.bytes <= 900


def test_a_patch_larger_than_the_limit_is_still_given() -> None:
    patches = Patches(limit=10)

    assert patches.get("large", lambda: np.ones((8, 8, 3), np.uint8)).sum() == 192
    patches.clear()
    assert patches.bytes == 0
