"""The glue of the fast networks in Triton kernels: `glue.Glue` for CUDA cards.

Where and in which numbers each method works is told by `glue.Glue`; `torch_glue.TorchGlue` is what
it is held against.
"""

from streamer.engines.liveportrait.fast.kernels import unloadable
from streamer.engines.liveportrait.fast.launch import Launch, start
from streamer.engines.liveportrait.fast.triton_maps import TritonMaps
from streamer.engines.liveportrait.fast.triton_volumes import TritonVolumes


class TritonGlue(TritonVolumes, TritonMaps):
    """`glue.Glue` in kernels, for float16 and float32 on CUDA; documented there.

    A kernel is compiled when it is first called with a new layout, which takes a part of a second:
    23 of them for the released networks, batches of any size together. ``launch`` may compile them
    alone (`launch.compile_only`). Raises: `RuntimeError` where there is no triton.
    """

    def __init__(self, launch: Launch = start) -> None:
        missing = unloadable()
        if missing is not None:
            raise RuntimeError(f"The Triton kernels cannot be used: {missing}.")
        from streamer.engines.liveportrait.fast.kernels import maps, motion, volumes

        TritonVolumes.__init__(self, launch, motion, volumes)
        TritonMaps.__init__(self, launch, maps)
