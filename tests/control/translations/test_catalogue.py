"""Finished sentences are found again, whatever their values hold, and said in Korean."""

import re
import string
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from control.translations.catalogue import LONGEST, MOST_LOOKS, Catalogue, korean
from control.translations.particles import with_particles
from control.translations.templates import Template, filled

SMALL = Catalogue(
    {
        "There is no photo '{0}'.{1} There are: {2}.": "'{0}'이(가) 없습니다.{1} 있는 것: {2}.",
        "Did you mean '{0}'?": "'{0}'을(를) 찾으셨나요?",
        "{0} cannot be read: {1}.": "{0}을(를) 읽을 수 없습니다: {1}.",
        "{0} cannot be read": "{0} 읽기 실패",
        "Permission denied": "권한이 없습니다",
        "The stream goes on.": "스트림은 계속됩니다.",
        "from {0} to {1}": "{1}까지, {0}부터",
    }
)
VALUES = st.text(string.ascii_letters + string.digits + "/_-{}", min_size=1, max_size=12)


def test_values_are_put_where_the_korean_sentence_has_them() -> None:
    assert SMALL("from 3 to 5") == "5까지, 3부터"


def test_a_value_that_is_a_sentence_is_said_in_korean_too() -> None:
    assert SMALL("a.yaml cannot be read: Permission denied.") == (
        "a.yaml을(를) 읽을 수 없습니다: 권한이 없습니다."
    )


def test_a_hint_in_the_middle_is_said_in_korean_too() -> None:
    said = SMALL("There is no photo 'ada'. Did you mean 'adam'? There are: adam, eve.")

    assert said == "'ada'이(가) 없습니다. 'adam'을(를) 찾으셨나요? 있는 것: adam, eve."


def test_a_hint_that_is_not_there_leaves_nothing() -> None:
    assert SMALL("There is no photo 'x'. There are: y.") == "'x'이(가) 없습니다. 있는 것: y."


def test_several_sentences_are_said_one_by_one() -> None:
    said = SMALL("a cannot be read: Permission denied. The stream goes on. Somebody else's words.")

    assert (
        said
        == "a을(를) 읽을 수 없습니다: 권한이 없습니다. 스트림은 계속됩니다. Somebody else's words."
    )


def test_a_place_before_a_sentence_and_a_full_stop_after_it_stay() -> None:
    assert SMALL("x.yaml: from 3 to 5.") == "x.yaml: 5까지, 3부터."


def test_the_name_of_a_file_does_not_end_a_sentence() -> None:
    known = Catalogue({"It is in {0}.{1}": "{0}에 있습니다.{1}"})

    assert known("It is in living-portrait.yaml. More.") == "living-portrait.yaml에 있습니다. More."


def test_what_is_not_known_stays_as_it_was() -> None:
    for text in ("", " ", "Nobody says this.", "three\nlines\n", "a: b: c.", "  {0}  "):
        assert SMALL(text) == text


def test_the_sentence_with_most_words_wins() -> None:
    known = Catalogue({"{0} is {1}": "약함", "{0} is a folder{1}": "강함"})

    assert known("x is a folder.") == "강함"


@settings(deadline=None, max_examples=50)
@given(values=st.tuples(VALUES, VALUES))
@example(values=("{1}", "{0}"))
def test_any_value_comes_through(values: tuple[str, str]) -> None:
    text = filled("{0} cannot be read: {1}.", values)

    assert SMALL(text) == with_particles(filled("{0}을(를) 읽을 수 없습니다: {1}.", values))


@pytest.mark.parametrize(
    "value", ["x", "3.5", "/home/ada/photo.jpg", "living-portrait.yaml", "{1}"]
)
def test_every_sentence_of_the_catalogue_is_found_again(value: str) -> None:
    for sentence, in_korean in korean().sentences.items():
        # What follows a full stop is a hint, if anything: a sentence of its own.
        whole = re.sub(r"\.\{\d\}", lambda found: f". {found[0][1:]}", sentence)
        text = filled(whole, (value,) * 10)

        found = korean().find(text)

        assert found is not None
        # Another may say the same with more words, and then stands for this one.
        assert found[0].weight >= Template(sentence).weight, text
        assert korean()(text) != text or sentence == in_korean, text


@settings(deadline=None, max_examples=50)
@given(text=st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(korean()(text), str)


# How long it takes is not measured but counted: a text of any length is searched for so many times
# at most, and each time it is gone over once, from the left to the right.

HOSTILE = [
    "'",
    "a: ",
    ". ",
    "There is no photo '",
    "x cannot be read: ",
    "from from to to ",
    "\n",
    ")",
]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("length", [100, LONGEST, 100_000])
def test_the_catalogue_is_searched_a_bounded_number_of_times(hostile: str, length: int) -> None:
    class Counting(Catalogue):
        looks = 0

        def find(self, text: str) -> tuple[Template, tuple[str, ...]] | None:
            self.looks += 1
            return super().find(text)

    catalogue = Counting(SMALL.sentences)
    text = (hostile * length)[:length]

    said = catalogue(text)

    assert catalogue.looks <= (0 if length > LONGEST else MOST_LOOKS)
    assert length <= LONGEST or said == text


@settings(deadline=None, max_examples=50)
@given(
    text=st.text("ab'. ", max_size=60), sentence=st.sampled_from(["{0}'{1}.{2}a{3}", "a{0}. {1}b"])
)
def test_a_text_is_gone_over_once(text: str, sentence: str) -> None:
    """Each search begins behind what the one before it found, and none goes back."""
    begins: list[int] = []

    class Watched(str):
        def find(self, sub: str, start: Any = 0, end: Any = None) -> int:
            begins.append(start)
            return super().find(sub, start, end)

    Template(sentence).values(Watched(text))

    assert begins == sorted(begins)
    assert len(begins) <= len(text) + 4
