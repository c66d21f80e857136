"""Every sentence that the code may say has a Korean one, and no Korean one is left over."""

import json
import re

from werkzeug.exceptions import default_exceptions

from control.translations.templates import Template
from tests.control.translations.sentences import ROOT, sentences

FILE = ROOT / "control" / "translations" / "ko.json"
GROUPS: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
KOREAN = {en: ko for group in GROUPS.values() for en, ko in group.items()}
SAID = sentences()

# Said by the system and by the web framework; their English is not in this source.
SYSTEM = GROUPS["system"]
HTTP = GROUPS["http"]
# A sentence of the code with some of its blanks filled in, where Korean has other words for that.
INSTANCES = GROUPS["instances"]


def blanks(sentence: str) -> list[str]:
    return sorted(re.findall(r"\{\d\}", sentence))


def test_every_sentence_has_a_korean_one() -> None:
    missing = [f'{where}\n  "{text}": "…",' for text, where in SAID.items() if text not in KOREAN]

    assert not missing, (
        "These sentences have no Korean one. Add each, as it stands here, to a group of "
        "control/translations/ko.json; its blanks may stand in another order. What nobody is "
        "told goes into NAMES or ELSEWHERE of tests/control/translations/sentences.py.\n"
        + "\n".join(missing)
    )


def test_no_korean_sentence_is_left_over() -> None:
    known = {*SAID, *SYSTEM, *HTTP, *INSTANCES}

    assert sorted(set(KOREAN) - known) == [], (
        "nothing says these any more; take them out of ko.json"
    )


def test_each_stands_in_one_group() -> None:
    assert sum(map(len, GROUPS.values())) == len(KOREAN)


def test_an_instance_belongs_to_a_sentence() -> None:
    telling = {max(Template(said).words, key=len) for said in SAID}

    for sentence in INSTANCES:
        assert any(words in sentence for words in telling if len(words) > 8), sentence


def test_what_the_web_framework_says_is_as_it_says_it() -> None:
    assert set(HTTP) <= {kind.description for kind in default_exceptions.values()}


def test_a_korean_sentence_has_the_blanks_and_commands_of_the_english_one() -> None:
    flags = r"(?<![\w-])--[a-z][a-z0-9-]*"
    for english, korean in KOREAN.items():
        assert set(blanks(korean)) == set(blanks(english)), english
        assert re.findall(r"`[^`]*`", korean) == re.findall(r"`[^`]*`", english), english
        assert set(re.findall(flags, korean)) == set(re.findall(flags, english)), english
        assert korean.strip() == korean


def test_a_particle_after_a_blank_fits_every_value() -> None:
    """``{0}이`` is wrong after a vowel: it is written ``{0}이(가)``."""
    bare = r"\{\d\}'?(?:이|가|을|를|은|는|과|와|으로|로|이라|라)(?![가-힣(])"

    assert [korean for korean in KOREAN.values() if re.search(bare, korean)] == []


def test_each_is_korean_but_for_what_is_the_same_in_both() -> None:
    for english, korean in KOREAN.items():
        words = re.sub(r"`[^`]*`|\{\d\}|'[^']*'", "", english)
        assert re.search(r"[가-힣]", korean) or korean == english
        assert korean != english or not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", words)


def test_what_the_korean_help_quotes_is_what_is_said() -> None:
    """``*카메라 …이(가) 사라졌습니다.* (*The camera … disappeared.*)`` is one sentence twice."""
    page = (ROOT / "docs" / "troubleshooting.ko.md").read_text(encoding="utf-8")
    quotes = re.findall(r"\*([^*\n]*[가-힣][^*\n]*)\* \(\*([^*\n]+)\*\)", page)
    said = [(shown(english), shown(korean)) for english, korean in KOREAN.items()]

    assert len(quotes) > 15
    for korean, english in quotes:
        wanted = (shown(english).rstrip(".…"), shown(korean).rstrip("…"))
        assert any(wanted[0] in en and wanted[1] in ko for en, ko in said), wanted


def shown(sentence: str) -> str:
    """Return a sentence as documents quote it; a camera's blank may hold its label, too."""
    return re.sub(r"\{\d\}", "…", sentence).replace(" ('…')", "").replace("('…')", "")


def test_a_korean_windows_terminal_can_write_all_of_it() -> None:
    for korean in KOREAN.values():
        korean.encode("cp949")
