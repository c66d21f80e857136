"""What every submodule answers: finds the first layer that differs from the reference."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import nn

_SAMPLES = 32


class Trace:
    """Records, while it is open, the first output of each named submodule."""

    def __init__(self, module: str, network: nn.Module, wanted: Sequence[dict[str, Any]]) -> None:
        self._module = module
        self._network = network
        self._names = [entry["submodule"] for entry in wanted]
        self._rows: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._handles: list[Any] = []

    def __enter__(self) -> "Trace":
        known = dict(self._network.named_modules())
        for name in self._names:
            if name in known:
                self._handles.append(known[name].register_forward_hook(self._hook(name)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.remove()

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Return both tables; a submodule that was never heard of has rows of NaN."""
        nothing = np.full(4, np.nan, np.float32), np.full(_SAMPLES, np.nan, np.float32)
        rows = [self._rows.get(name, nothing) for name in self._names]
        yield f"trace/{self._module}/stats", np.stack([row[0] for row in rows])
        yield f"trace/{self._module}/samples", np.stack([row[1] for row in rows])

    def _hook(self, name: str) -> Any:
        def record(_module: nn.Module, _inputs: Any, output: Any) -> None:
            # The hourglass's encoder answers all its levels; no reference row asks for it.
            if name in self._rows or not isinstance(output, torch.Tensor):
                return
            flat = output.detach().flatten()
            index = torch.arange(_SAMPLES, device=flat.device) * flat.numel() // _SAMPLES
            values = flat.double()
            spread = torch.std(values, correction=0)
            stats = torch.stack((values.mean(), spread, values.min(), values.max()))
            self._rows[name] = (
                stats.float().cpu().numpy(),
                flat[index].cpu().numpy(),
            )

        return record
