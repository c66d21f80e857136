"""Pages for control surfaces: every preset is on them, and what they send is understood."""

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from control.export.board import GRIDS, LANGUAGES, Board, Language, make_board, pages
from control.export.companion import companion_pages
from control.export.picture import keys_picture, layout_picture
from control.export.streamdeck import PLUGINS, board_for, folder_of, streamdeck_profile
from control.export.touchosc import HEIGHT, TABS, WIDTH, touchosc_layout
from control.osc.actions import Actions
from control.osc.messages import Argument, Message
from control.osc.verdicts import verdict
from streamer import PARAMETERS
from tests.control.fakes import FakePreset, FakeStream

OWN = FakePreset("머리 긁기", {"ko": "머리 긁기"}, "🤔", 1.0, "toggle")


@pytest.fixture
def stream() -> Iterator[FakeStream]:
    fake = FakeStream()
    fake.presets.presets[OWN.name] = OWN
    yield fake
    fake.preview.close()


@pytest.fixture
def board(stream: FakeStream) -> Board:
    return make_board(stream.presets.presets.values(), stream.photos.entries(), "ko")


def many(count: int, language: Language = "en") -> Board:
    presets = [FakePreset(f"p{i}", {"en": f"P {i}"}) for i in range(count)]
    return make_board(presets, [], language)


def understood(stream: FakeStream, address: str, *args: Argument) -> str:
    """What the OSC door says to a message: the verdict's code."""
    actions = Actions(
        stream,
        change_photo=lambda name, _: verdict("photo_asked", name=name),
        subscribe=lambda *_: "somewhere",
    )
    return actions.handle(Message(address, args), ("127.0.0.1", 5), 0.0).code


GOOD = {"played", "released", "held", "clamped", "freed", "reset", "idle_strength", "photo_asked"}
GOOD |= {"covered", "uncovered", "paused", "resumed", "stopped", "subscribed", "photo_same"}

# --- the board


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_preset_photo_and_parameter_is_on_the_board_in_its_language(
    stream: FakeStream, language: Language
) -> None:
    board = make_board(stream.presets.presets.values(), stream.photos.entries(), language)

    assert [key.name for key in board.presets] == list(stream.presets.presets)
    assert board.presets[0].label == {"en": "Smile", "ko": "웃어봐"}[language]
    assert board.presets[-1].label == "머리 긁기"  # it has no other name
    assert [key.name for key in board.photos] == [e.name for e in stream.photos.entries()]
    assert [fader.name for fader in board.faders] == list(PARAMETERS)


@pytest.mark.parametrize("keys", GRIDS)
@pytest.mark.parametrize("count", [0, 1, 2, 12, 13, 100])
def test_pages_hold_every_key_once_and_a_way_to_stop(keys: int, count: int) -> None:
    board = many(count)
    columns, rows = GRIDS[keys]

    laid = pages(board, columns, rows)

    names = [key.name for page in laid for key in page.values() if key.kind == "preset"]
    assert names == [f"p{i}" for i in range(count)]
    for page in laid:
        assert all(0 <= c < columns and 0 <= r < rows for c, r in page)
        kinds = [key.kind for key in page.values()]
        assert kinds.count("stop") == 1
        assert kinds.count("next") == kinds.count("back") == (len(laid) > 1)


def test_only_presets_that_last_hear_of_the_release(board: Board) -> None:
    assert {key.name: key.held for key in board.presets} == {
        "smile": False,
        "wink": False,
        "talk": True,
        OWN.name: False,
    }


# --- Companion


def companion(board: Board, keys: int = 15) -> list[dict[str, Any]]:
    columns, rows = GRIDS[keys]
    made = companion_pages(
        board, columns=columns, rows=rows, host="10.0.0.5", port=7003, listen_port=7002
    )
    return [json.loads(page) for page in made]


def controls(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in page["page"]["controls"].values():
        yield from row.values()


def test_companion_gets_pages_with_the_connection_that_they_need(board: Board) -> None:
    for page in companion(board):
        assert (page["version"], page["type"]) == (4, "page")
        (connection,) = page["instances"].values()
        assert connection["instance_type"] == "generic-osc"
        assert connection["config"] == {
            "host": "10.0.0.5",
            "targetPort": "7003",
            "protocol": "udp",
            "listen": True,
            "feedbackPort": "7002",
        }


def test_every_key_of_companion_is_understood(stream: FakeStream, board: Board) -> None:
    pressed = []
    for page in companion(board, 32):
        for control in controls(page):
            sets = control["steps"]["0"]["action_sets"] if "steps" in control else {}
            for action in [*sets.get("down", ()), *sets.get("up", ())]:
                assert action["instance"] in page["instances"]
                options = action["options"]
                value = options.get("int", options.get("float"))
                args = () if value is None else (float(value),)
                assert understood(stream, options["path"], *args) in GOOD
                pressed.append(options["path"])

    assert {f"/portrait/trigger/{name}" for name in stream.presets.presets} <= set(pressed)
    assert pressed.count("/portrait/trigger/talk") == 2  # the press and the release


def test_keys_of_companion_light_up_with_what_is_sent_back(
    stream: FakeStream, board: Board
) -> None:
    from control.osc.feedback import outgoing

    state = {**stream.state(), "playing": ["wink"]}
    sent = dict(outgoing(state, stream.presets.presets))
    lit = []
    for page in companion(board):
        for control in controls(page):
            for feedback in control.get("feedbacks", ()):
                options = feedback["options"]
                if float(sent[options["path"]][0]) == float(options["arguments"]):
                    lit.append(options["path"])

    assert lit == ["/portrait/playing/wink", "/portrait/idle"]


def test_the_same_board_gives_the_same_files(board: Board) -> None:
    assert companion(board) == companion(board)
    assert touchosc_layout(board, receive_port=9) == touchosc_layout(board, receive_port=9)
    assert profile(board) == profile(board)


def test_ids_in_a_file_are_unique(board: Board) -> None:
    ids = [
        entry["id"]
        for page in companion(board)
        for control in controls(page)
        if "steps" in control
        for entry in [
            *control["feedbacks"],
            *control["steps"]["0"]["action_sets"]["down"],
            *control["steps"]["0"]["action_sets"]["up"],
        ]
    ]
    assert len(ids) == len(set(ids))
    nodes = [node.get("ID") for node in document(board).iter("node")]
    assert len(nodes) == len(set(nodes))


# --- TouchOSC


def document(board: Board) -> ElementTree.Element:
    return ElementTree.fromstring(zlib.decompress(touchosc_layout(board, receive_port=9000)))


def prop(node: ElementTree.Element, key: str) -> str:
    for entry in node.findall("properties/property"):
        if entry.findtext("key") == key:
            return entry.findtext("value") or ""
    raise KeyError(key)


def test_a_layout_has_pages_of_keys_and_faders_inside_its_frame(board: Board) -> None:
    root = document(board)

    assert root.tag == "lexml"
    (pager,) = root.findall("node/children/node")
    tabs = [prop(page, "tabLabel") for page in pager.findall("children/node")]
    assert tabs == ["표정", "눈", "입", "머리"]
    for node in pager.findall("children/node/children/node"):
        x, y, w, h = (int(node.findtext(f"properties/*/value/{side}") or "") for side in "xywh")
        assert min(x, y) >= 0 < min(w, h)
        assert x + w <= WIDTH
        assert y + h <= HEIGHT - TABS


def test_every_message_of_a_layout_is_understood_or_sent_back(
    stream: FakeStream, board: Board
) -> None:
    from control.osc.feedback import outgoing

    sent_back = dict(outgoing(stream.state(), stream.presets.presets))
    sent, followed = set(), set()
    for osc in document(board).iter("osc"):
        path = osc.findtext("path/partial/value") or ""
        if osc.findtext("receive") == "1":
            assert isinstance(sent_back[path][0], float | int)
            followed.add(path)
            continue
        sent.add(path)
        kind = osc.findtext("arguments/partial/type")
        ends = [osc.findtext(f"arguments/partial/scale{end}") for end in ("Min", "Max")]
        for text in ends if kind == "VALUE" else ["9000"] if kind == "CONSTANT" else [None]:
            args = () if text is None else (float(text),)
            assert understood(stream, path, *args) in GOOD, path

    assert {f"/portrait/set/{n}" for n in PARAMETERS} <= sent
    assert {f"/portrait/release/{n}" for n in PARAMETERS} <= sent
    assert {f"/portrait/trigger/{n}" for n in stream.presets.presets} <= sent
    assert {f"/portrait/state/{n}" for n in PARAMETERS} <= followed
    assert "/portrait/idle" in sent & followed


def test_faders_cover_the_whole_range_and_follow_it(board: Board) -> None:
    for node in document(board).iter("node"):
        name = prop(node, "name")
        if node.get("type") == "FADER" and name in PARAMETERS:
            for osc in node.findall("messages/osc"):
                low, high = (
                    float(osc.findtext(f"arguments/partial/scale{end}") or "nan")
                    for end in ("Min", "Max")
                )
                assert (low, high) == (PARAMETERS[name].low, PARAMETERS[name].high)


# --- Stream Deck


def profile(board: Board, plugin: str = "timebutt", keys: int = 15) -> bytes:
    columns, rows = GRIDS[keys]
    return streamdeck_profile(
        board, columns=columns, rows=rows, host="127.0.0.1", port=7001, plugin=plugin
    )


def unpacked(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_a_profile_lists_the_pages_that_it_holds(board: Board) -> None:
    files = unpacked(profile(board))

    (root,) = [name for name in files if name.count("/") == 1]
    listed = files[root]["Pages"]["Pages"]
    folder = root.removesuffix("manifest.json")
    assert set(files) == {root, *(f"{folder}Profiles/{folder_of(i)}/manifest.json" for i in listed)}
    assert files[root]["Pages"]["Current"] == listed[0]


def test_a_page_s_folder_is_its_number_in_base_32() -> None:
    assert folder_of("00000000-0000-0000-0000-000000000000") == "0" * 26 + "Z"
    assert folder_of("ffffffff-ffff-ffff-ffff-ffffffffffff") == "W" * 25 + "SZ"
    assert folder_of("a1b2c3d4-e5f6-4789-abcd-ef0123456789") == "K6PC7L75VP3OJAVDTS0I6HB7H4Z"


def sent_by(plugin: str, settings: dict[str, Any]) -> tuple[str, tuple[Argument, ...]]:
    """What a plug-in sends, as its own source reads its settings."""
    if plugin == "timebutt":
        return settings["command"], (settings["value"],)
    if plugin == "shells":
        args: list[Argument] = [settings["FloatValue"]] if settings["SendFloat"] else []
        return settings["Name"], tuple(args)
    return settings["address"], ()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_key_of_a_profile_is_understood(
    stream: FakeStream, board: Board, plugin: str
) -> None:
    pressed = set()
    for name, content in unpacked(profile(board, plugin)).items():
        for place, action in (content.get("Controllers", [{}])[0].get("Actions") or {}).items():
            assert "Profiles/" in name
            column, row = map(int, place.split(","))
            assert column < 5
            assert row < 3
            if action["UUID"] == PLUGINS[plugin].action:
                address, args = sent_by(plugin, action["Settings"])
                assert understood(stream, address, *args) in GOOD
                pressed.add(address)
            else:
                assert action["UUID"].startswith("com.elgato.streamdeck.page.")

    assert {f"/portrait/trigger/{n}" for n in stream.presets.presets} <= pressed
    assert "/portrait/subscribe" not in pressed
    assert ("/portrait/idle" in pressed) == (plugin != "jwetzell")


def test_a_pause_key_that_always_sends_a_value_still_goes_both_ways(
    stream: FakeStream, board: Board
) -> None:
    pause = next(key for key in board_for(board, "timebutt").actions if key.name == "pause")
    address, args = sent_by("timebutt", PLUGINS["timebutt"].settings("h", 1, pause))

    assert understood(stream, address, *args) == "paused"
    assert understood(stream, address, *args) == "resumed"


# --- pictures


def test_pictures_are_drawn_of_every_page(board: Board) -> None:
    for picture in (keys_picture(board, 5, 3, "Living Portrait"), layout_picture(board)):
        root = ElementTree.fromstring(picture)
        words = "".join(root.itertext())
        assert all(key.label in words.replace("\n", " ") for key in board.presets[:3])
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        for box in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width
            assert float(box.get("y", 0)) + float(box.get("height", 0)) <= height


def test_what_people_call_their_presets_never_breaks_a_file() -> None:
    evil = FakePreset('a<b>&"c', {"en": '<script>&"\\n</script>'}, "", 1.0)
    board = make_board([evil], [], "en")

    assert document(board) is not None
    assert ElementTree.fromstring(keys_picture(board, 5, 3, "<&>")) is not None
    assert ElementTree.fromstring(layout_picture(board)) is not None
    assert companion(board)
    assert unpacked(profile(board))
