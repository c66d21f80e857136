"""Files of face models that are missing or broken."""

from pathlib import Path

import pytest

from streamer.engines.liveportrait.sessions import open_face_models
from streamer.errors import WeightsError


def test_no_face_models_is_no_error_and_a_broken_one_is(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="pip install -e '.[liveportrait]'")
    assert not open_face_models(tmp_path).finds_faces

    broken = tmp_path / "liveportrait" / "landmark.onnx"
    broken.parent.mkdir()
    broken.write_bytes(b"no model")
    with pytest.raises(WeightsError, match=r"landmark\.onnx cannot be read as a model"):
        open_face_models(tmp_path)
