"""The Korean README tells the same as the English one: sections, commands, pictures, numbers."""

import re
from collections import Counter
from pathlib import Path

from tests.documents import ENGLISH, KOREAN, blocks, headings, links, prose

# Words for numbers that one language spells and the other writes, or that only one needs.
SPELT = {"1", "2"}


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

    english, korean = numbers(ENGLISH), numbers(KOREAN)
    assert set(english) - set(korean) == set()
    assert set(korean) - set(english) <= {"60", "9", "5", "20", "30"}
