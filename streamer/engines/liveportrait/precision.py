"""How exactly torch multiplies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def true_float32() -> Iterator[None]:
    """Let nothing shorten float32 products, as newer cards do in convolutions by default."""
    convolutions: Any = torch.backends.cudnn
    products: Any = torch.backends.cuda.matmul
    before = convolutions.allow_tf32, products.allow_tf32
    convolutions.allow_tf32 = products.allow_tf32 = False
    try:
        yield
    finally:
        convolutions.allow_tf32, products.allow_tf32 = before
