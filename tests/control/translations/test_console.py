"""A terminal is told things in the language of the system; the log file stays English."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from control import cli
from control.commands import doctor
from control.findings import Finding, as_text
from control.log_relay import FILE_NAME, LogRelay
from control.translations import console
from control.translations.console import in_system_language, line_in_system_language

ENGLISH = "The camera /dev/video10 disappeared. "
KOREAN = "카메라 /dev/video10이 사라졌습니다. "


@pytest.fixture
def in_korean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    console._translator.cache_clear()
    yield
    console._translator.cache_clear()


class Terminal(io.StringIO):
    encoding = "utf-8"


def test_a_system_that_speaks_english_is_told_english() -> None:
    assert in_system_language(ENGLISH, Terminal()) == ENGLISH


@pytest.mark.usefixtures("in_korean")
def test_a_system_that_speaks_korean_is_told_korean() -> None:
    assert in_system_language(ENGLISH, Terminal()) == KOREAN


@pytest.mark.usefixtures("in_korean")
def test_a_terminal_without_hangul_is_told_english() -> None:
    class Latin(io.StringIO):
        encoding = "ascii"

    assert in_system_language(ENGLISH, Latin()) == ENGLISH


@pytest.mark.usefixtures("in_korean")
@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"12:30:00 WARNING {ENGLISH.strip()}", f"12:30:00 WARNING {KOREAN.strip()}"),
        (
            "living-portrait: Unknown fit 'x'. Choose one of: a.",
            "living-portrait: 모르는 맞춤 'x'입니다. 다음 중에서 고르세요: a.",
        ),
        ('  File "x.py", line 3, in y', '  File "x.py", line 3, in y'),
        ("", ""),
    ],
)
def test_lines_of_the_log_keep_their_time(line: str, told: str) -> None:
    assert line_in_system_language(line, Terminal()) == told


@pytest.mark.usefixtures("in_korean")
def test_what_is_relayed_is_korean_on_the_terminal_and_english_in_the_file(tmp_path: Path) -> None:
    terminal = Terminal()
    relay = LogRelay(tmp_path, terminal)

    relay.say("The renderer did not end by itself and was ended.")
    relay.close()

    assert "그리는 프로세스가 스스로 끝나지 않아 강제로 끝냈습니다." in terminal.getvalue()
    assert "The renderer did not end" in (tmp_path / FILE_NAME).read_text(encoding="utf-8")


@pytest.mark.usefixtures("in_korean")
def test_an_error_that_ends_a_command_is_told_in_korean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.obey(["render", "--preset", "smile"]) == 1

    assert capsys.readouterr().err == (
        "living-portrait: 어디에 저장할지 지정하세요: --out 파일.mp4 또는 --faces 파일.csv.\n"
    )


@pytest.mark.usefixtures("in_korean")
def test_a_renderer_says_its_errors_in_english_since_they_are_relayed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.obey(["render", "--preset", "smile"], link=None) == 1

    assert "Say where to:" in capsys.readouterr().err


def test_doctor_s_lines_are_told_in_korean_but_their_subjects_are_not() -> None:
    from control.translations.catalogue import korean

    found = Finding("camera", False, "no virtual camera", "close it, then: living-portrait doctor")

    assert as_text([found], korean()) == (
        "MISS  camera       가상 카메라가 없습니다\n"
        "                   -> 그 프로그램을 닫은 뒤: living-portrait doctor"
    )


@pytest.mark.usefixtures("in_korean")
def test_doctor_s_json_is_for_programs_and_stays_english(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [Finding("camera", False, "no virtual camera")]
    monkeypatch.setattr(doctor, "examine", lambda *_, **__: findings)

    assert cli.obey(["doctor", "--json"]) == 0
    assert "no virtual camera" in capsys.readouterr().out
    assert cli.obey(["doctor"]) == 0
    assert "가상 카메라가 없습니다" in capsys.readouterr().out
