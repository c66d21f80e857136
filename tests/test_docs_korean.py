"""The Korean documents tell the same as the English ones: sections, commands, pictures, numbers."""

import re
from collections import Counter
from pathlib import Path

from tests.documents import ENGLISH, KOREAN, ROOT, blocks, flat, headings, links, prose

# Numbers that English spells.
SPELT = {"5", "60"}


def test_it_has_the_same_sections_in_the_same_order() -> None:
    assert [level for level, _ in headings(KOREAN)] == [level for level, _ in headings(ENGLISH)]


def test_it_has_the_same_blocks_of_code() -> None:
    def codes(path: Path) -> list[tuple[str, str]]:
        return [(b.language, re.sub(r" +# .*", "", b.text)) for b in blocks(path)]

    assert codes(KOREAN) == codes(ENGLISH)


def test_it_leads_to_the_same_places() -> None:
    # A picture of the page or of keys may be the Korean one.
    def places(path: Path) -> Counter[str]:
        found = [re.sub(r"([.-]ko|-en)?\.(jpg|png|md)$", r".\2", target) for target in links(path)]
        return Counter(found)

    assert places(KOREAN) == places(ENGLISH)


def test_it_names_the_same_flags_files_and_addresses() -> None:
    def codes(path: Path) -> Counter[str]:
        return Counter(set(re.findall(r"`([^`\n]+)`", prose(path))))

    assert codes(KOREAN) == codes(ENGLISH)


def test_it_has_the_same_numbers() -> None:
    def numbers(path: Path) -> Counter[str]:
        text = re.sub(r"`[^`\n]*`|\]\([^)]*\)|<[^>]*>", "", prose(path))
        text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
        found = re.findall(r"(?<![\w.])\d+(?:[.x]\d+)*", text)
        return Counter(n for n in found if n not in SPELT)

    assert set(numbers(KOREAN)) == set(numbers(ENGLISH))


TROUBLE = (ROOT / "docs" / "troubleshooting.md", ROOT / "docs" / "troubleshooting.ko.md")


def test_troubleshooting_has_the_same_sections_and_blocks() -> None:
    english, korean = TROUBLE

    assert [level for level, _ in headings(korean)] == [level for level, _ in headings(english)]
    assert [b.text for b in blocks(korean)] == [b.text for b in blocks(english)]


def test_what_the_korean_page_quotes_is_what_the_english_one_quotes() -> None:
    english, korean = (flat(path.read_text(encoding="utf-8")) for path in TROUBLE)
    quoted = re.findall(r"\*([A-Z…][^*|]{20,}?)\*", TROUBLE[1].read_text(encoding="utf-8"))

    assert len(quoted) > 10
    for sentence in quoted:
        # What is quoted in Korean is held against the catalogue, in tests/control/translations.
        if not re.search("[가-힣]", sentence):
            assert flat(sentence).rstrip(". …") in english
    assert "living-portrait doctor" in korean
