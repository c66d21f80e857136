"""Makes the sheets in which a scene's frames are finished, each batch size of them proven."""

from collections.abc import Callable

import torch

from streamer.engines.liveportrait.failures import told
from streamer.engines.liveportrait.fast.colour import native
from streamer.engines.liveportrait.fast.finish import Finish
from streamer.engines.liveportrait.fast.forms import Forms
from streamer.engines.liveportrait.fast.painter import Painter
from streamer.engines.liveportrait.fast.pipeline import Pipeline
from streamer.engines.liveportrait.fast.proof import Proof, prove, trial_faces
from streamer.engines.liveportrait.fast.sheets import Sheets
from streamer.engines.liveportrait.setting import Setting
from streamer.parameters import Face
from streamer.view import Frame


class SheetMaker:
    """Makes the sheets of one scene, and holds them against the frames that OpenCV makes.

    ``rest`` is the portrait's face at rest, ``photo_mean`` its crop's mean brightness, 0..1.
    """

    def __init__(self, forms: Forms, setting: Setting, rest: Face, photo_mean: float) -> None:
        self._forms = forms
        self._setting = setting
        self._rest = rest
        self._photo_mean = photo_mean

    def pipeline(
        self,
        painter: Painter,
        sheets: Sheets,
        reformat: Callable[[str], None] = lambda pixel_format: None,
    ) -> Pipeline:
        """Return what draws with a painter into sheets; ``reformat`` asks for another format."""
        forms, mean = self._forms, self._photo_mean
        return Pipeline(
            forms.device, painter, sheets, turn=forms.turn, photo_mean=mean, reformat=reformat
        )

    def made(self, painter: Painter, finish: Finish, pixel_format: str) -> Sheets | None:
        """Return sheets for all batch sizes that the painter has, proven; None if they fail."""
        device = self._forms.device
        with self._forms.piece(), told(device.name):
            sheets = Sheets(device, self._setting.layer(device.name), pixel_format, finish)
        self.extend(painter, sheets)
        return sheets if 1 in sheets.batches else None

    def extend(self, painter: Painter, sheets: Sheets) -> None:
        """Add the batch sizes that the painter has got meanwhile, as far as they are right."""
        forms = self._forms
        for batch in painter.batches:
            if batch in sheets.batches:
                continue
            with forms.piece(), told(forms.device.name):
                sheets.prepare(batch)
            proof = self._proof(self.pipeline(painter, sheets), batch)
            if not proof.passed:
                forms.refuse(proof)
                return
            sheets.offer(batch)

    def _proof(self, pipeline: Pipeline, batch: int) -> Proof:
        """Hold frames from the device against those that OpenCV makes of the same crops."""
        faces = list(trial_faces(self._rest).values())
        drawn = pipeline.draw([faces[i % len(faces)] for i in range(batch)]).frames()
        expected: dict[str, Frame] = {}
        there: dict[str, Frame] = {}
        for i, frame in enumerate(drawn):
            expected[f"frame {i}"] = self._setting.frame_of(frame.crop)
            there[f"frame {i}"] = frame.rgb
            if frame.native is not None:
                rgb = torch.from_numpy(frame.rgb.copy())[None]
                name = f"frame {i} in {frame.pixel_format}"
                expected[name] = native(rgb, frame.pixel_format)[0].numpy()
                there[name] = frame.native
        return prove(f"{pipeline.painter.form} in the frame", expected, there)
