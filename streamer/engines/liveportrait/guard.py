"""Is a drawn picture fit to be shown? Black and non-finite ones are the field's usual faults."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# A drawn face is about as bright as the photo's; the known fault is all black. Chosen: no
# expression takes three quarters of the light away.
DARK_SHARE: Final = 0.25


def fault(image: NDArray[np.float32], photo_mean: float) -> str | None:
    """Say what is wrong with a picture, or None.

    Shapes: image (1, 3, H, W) in 0..1; ``photo_mean`` is the mean of the photo's crop, 0..1.
    One pass over the picture: a sum is not finite as soon as one value is not.
    """
    return dark(float(np.mean(image, dtype=np.float64)), photo_mean)


def dark(mean: float, photo_mean: float) -> str | None:
    """Say what a picture's mean, 0..1 or not finite, tells about it, or None."""
    if not np.isfinite(mean):
        return "not finite"
    if mean < DARK_SHARE * photo_mean:
        return f"dark: mean {mean:.3f}, the photo's is {photo_mean:.3f}"
    return None
