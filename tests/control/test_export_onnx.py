"""`export-onnx` says what is wrong before it does anything long."""

from pathlib import Path

import pytest

from control.cli import main


@pytest.mark.parametrize("batch", ["0", "65", "many", "-1", ""])
def test_a_batch_that_is_none_is_refused(batch: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export-onnx", f"--batch={batch}"]) == 1

    assert f"--batch takes 'dynamic' or 1 to 64, not '{batch}'." in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export-onnx", "--out", str(tmp_path / "no" / "x.onnx")]) == 1

    assert "x.onnx does not exist. Create it first." in capsys.readouterr().err


@pytest.mark.neural
def test_missing_model_files_are_told_with_the_command_that_gets_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed; pip install -e '.[liveportrait]'")
    pytest.importorskip("onnx", reason="onnx is not installed; pip install -e '.[onnx]'")
    out = tmp_path / "x.onnx"

    assert main(["export-onnx", "--weights", str(tmp_path / "w"), "--out", str(out)]) == 1

    told = capsys.readouterr().err
    assert "warping_module.pth is missing" in told
    assert "living-portrait weights fetch" in told
    assert not out.exists()
