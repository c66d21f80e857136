"""A portrait as another runtime draws it: keypoints from torch, pictures from the backend."""

from typing import Final

import torch
from torch import Tensor

from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.fast.driving import Driving
from streamer.engines.liveportrait.fast.graphs import Device
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.standing import Standing
from streamer.engines.liveportrait.portable.backend import Backend
from streamer.errors import EngineError

# Every so many pixels of a picture are kept to see whether the next one is new.
SPARSE: Final = 8

# Keypoints that are farther apart than this are those of another face. A pixel is 0.004.
MOVED: Final = 1e-3


class BackendPainter(Painter):
    """Draws one portrait with a backend; on the ladder it stands like any other form."""

    def __init__(self, form: str, backend: Backend, standing: Standing, device: Device) -> None:
        super().__init__(form, device)
        self._backend = backend
        self._driving = Driving(standing.driver)
        # Copies, contiguous: a backend may read them at any time, and the networks are not asked.
        self._feature_3d = _host(standing.encoded.feature_3d)
        self._kp_source = _host(standing.driver.x_s)
        self._last: tuple[Tensor, Tensor] | None = None  # keypoints, and some of the picture

    @property
    def runs_on(self) -> str:  # noqa: D102
        return f"{self._backend.device}: {self._backend.name}"

    @property
    def backend(self) -> str:  # noqa: D102
        return self._backend.name

    def _draw(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        x_d = _host(self._driving(parameters))
        batch = len(x_d)
        # Some runtimes crash on coordinates that are not finite.
        if not x_d.isfinite().all():
            raise EngineError("the keypoints are not finite")
        image = self._backend.draw(self._feature_3d.numpy(), self._kp_source.numpy(), x_d.numpy())
        pictures = torch.from_numpy(image)
        if pictures.shape != (batch, 3, CROP_PX, CROP_PX):
            raise EngineError(
                f"a picture of {tuple(pictures.shape)} instead of {(batch, 3, CROP_PX, CROP_PX)}"
            )
        if self.batches:  # on air; before, the trial sees more and says how much is wrong
            self._refuse_frozen(x_d[-1], pictures[-1])
        # Bytes hide what is not finite, so it is looked for before. Truncated, as the reference.
        lights = pictures.mean(dim=(1, 2, 3), dtype=torch.float64).float()
        crops = (pictures.nan_to_num(0.0).clamp(0.0, 1.0) * 255.0).to(torch.uint8)
        name = parameters.device
        return crops.permute(0, 2, 3, 1).to(name), lights.to(name)

    def _refuse_frozen(self, x_d: Tensor, picture: Tensor) -> None:
        """Raise `EngineError` if another face than the last one gave the same numbers.

        Float32 pictures of faces that differ at all differ somewhere in their last digits: equal
        ones were not drawn.
        """
        some = picture[:, ::SPARSE, ::SPARSE].clone()
        last, self._last = self._last, (x_d, some)
        if last is None or float((last[0] - x_d).abs().max()) < MOVED:
            return
        if torch.equal(last[1], some):
            raise EngineError("a frozen picture: another face gave the same numbers")


def _host(value: Tensor) -> Tensor:
    return value.detach().to("cpu", torch.float32, copy=True).contiguous()
