"""The language of the system, and both languages of every sentence."""

import re
import string

import pytest

from control.setup.texts import TEXTS
from control.setup.words import Words, system_language


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_carry_the_same_values(key: str) -> None:
    english, korean = TEXTS[key]

    assert fields(english) == fields(korean)
    assert not re.search("[가-힣]", english)


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_variables_decide_in_the_order_of_posix(
    variables: dict[str, str], language: str
) -> None:
    assert system_language(variables, "linux", "utf-8") == language


def test_a_console_without_hangul_gets_english() -> None:
    assert system_language({"LANG": "ko_KR.UTF-8"}, "linux", "ascii") == "en"
    assert system_language({"LANG": "ko_KR.UTF-8"}, "win32", "cp1252") == "en"
    assert system_language({"LANG": "ko_KR.EUC-KR"}, "linux", "euc-kr") == "ko"
    assert system_language({"LANG": "ko_KR.UTF-8"}, "win32", "cp949") == "ko"


@pytest.mark.parametrize(("number", "language"), [(0x0412, "ko"), (0x0409, "en"), (0x0411, "en")])
def test_windows_is_asked_for_its_language(
    number: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control.setup.words._windows_language", lambda: number)

    assert system_language({}, "win32", "utf-8") == language


@pytest.mark.parametrize(("locale", "language"), [("ko_KR", "ko"), ("en_KR", "en"), ("", "en")])
def test_macos_is_asked_for_its_language(
    locale: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control.setup.words._macos_language", lambda: locale)

    assert system_language({}, "darwin", "utf-8") == language


def test_a_sentence_is_said_in_its_language() -> None:
    assert Words("en")("done", elapsed="3 s") == "done in 3 s"
    assert Words("ko")("done", elapsed="3초") == "완료, 3초"


def test_windows_starts_python_by_another_name() -> None:
    assert "  py start.py --offline" in Words("en", "py")("fix-offline-where")
    assert "  python3 start.py --offline" in Words("ko", "python3")("fix-offline-where")
