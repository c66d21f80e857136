import pytest

from control.hotkeys.combos import Combo, Matcher, parse
from streamer import ConfigError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ctrl+alt+1", "ctrl+alt+1"),
        ("Alt + CTRL + B", "ctrl+alt+b"),
        ("control+option+ㅂ", "ctrl+alt+ㅂ"),
        ("win+F5", "cmd+f5"),
        ("f13", "f13"),
        ("ctrl+plus", "ctrl++"),
        ("ctrl+shift+s", "ctrl+shift+s"),
        ("ctrl+PgUp", "ctrl+page_up"),
    ],
)
def test_combinations_are_read_as_people_write_them(text: str, written: str) -> None:
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write modifiers"),
        ("ctrl+alt", "write modifiers"),
        ("ctrl+", "write modifiers"),
        ("crtl+1", "'crtl' is no modifier"),
        ("1", "pressed while writing"),
        ("shift+a", "pressed while writing"),
        ("space", "pressed while writing"),
        ("ctrl+spcae", "Did you mean 'space'"),
        ("ctrl+shift+1", "another sign"),
    ],
)
def test_what_no_combination_is_says_what_would_be(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(text)


def events(matcher: Matcher, *keys: str) -> list[tuple[str, bool]]:
    """Feed ``+key`` for down and ``-key`` for up."""
    found = []
    for key in keys:
        found += [(str(c), down) for c, down in matcher.feed(key[1:], key[0] == "+")]
    return found


def matcher(*texts: str) -> Matcher:
    return Matcher([parse(text) for text in texts])


def test_a_combination_is_pressed_and_let_go() -> None:
    keys = ("+ctrl", "+alt", "+1", "-1", "-alt", "-ctrl")

    assert events(matcher("ctrl+alt+1"), *keys) == [("ctrl+alt+1", True), ("ctrl+alt+1", False)]


def test_a_held_key_that_repeats_is_pressed_once() -> None:
    keys = ("+ctrl", "+alt", "+1", "+1", "+1", "-1")

    assert events(matcher("ctrl+alt+1"), *keys) == [("ctrl+alt+1", True), ("ctrl+alt+1", False)]


def test_letting_go_of_a_modifier_first_lets_go_too() -> None:
    keys = ("+ctrl", "+alt", "+1", "-ctrl", "-1")

    assert events(matcher("ctrl+alt+1"), *keys) == [("ctrl+alt+1", True), ("ctrl+alt+1", False)]


def test_further_modifiers_are_another_combination() -> None:
    keys = ("+ctrl", "+alt", "+shift", "+b", "-b")

    assert events(matcher("ctrl+alt+b"), *keys) == []
    assert events(matcher("ctrl+b", "ctrl+alt+shift+b"), *keys)[0] == ("ctrl+alt+shift+b", True)


def test_what_one_writes_is_nothing() -> None:
    keys = ("+1", "-1", "+shift", "+b", "-b", "-shift")

    assert events(matcher("ctrl+alt+1", "ctrl+b"), *keys) == []


def test_two_combinations_are_held_at_once() -> None:
    keys = ("+ctrl", "+1", "+2", "-1", "-2")

    assert events(matcher("ctrl+1", "ctrl+2"), *keys) == [
        ("ctrl+1", True),
        ("ctrl+2", True),
        ("ctrl+1", False),
        ("ctrl+2", False),
    ]


def test_equal_combinations_are_equal_however_they_are_written() -> None:
    assert parse("alt+ctrl+x") == parse("ctrl+alt+X") == Combo(frozenset({"ctrl", "alt"}), "x")
