"""The references of OSC and HTTP name what there is, and nothing else."""

import re
from pathlib import Path
from typing import Any

from control.osc.actions import Actions
from control.osc.addresses import RECEIVED, SENT
from control.osc.feedback import outgoing
from control.osc.verdicts import verdict
from control.panel.app import create_app
from tests.control.fakes import FakeStream

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_table_of_addresses_holds_what_the_door_serves_and_nothing_else() -> None:
    actions = Actions(
        FakeStream(),
        change_photo=lambda name, _: verdict("photo_asked", name=name),
        subscribe=lambda *_: "",
    )

    assert {address.action for address in RECEIVED} == set(actions.table)


def test_the_table_of_what_is_sent_holds_every_address_of_the_feedback() -> None:
    stream = FakeStream()
    everything = [address for address, _ in outgoing(stream.state(), stream.presets.presets)]
    general = {re.sub(r"/state/\w+", "/state/PARAM", address) for address in everything}

    assert {f"/portrait/{path}" for path, _ in SENT} == {
        re.sub(r"/playing/\w+", "/playing/NAME", address) for address in general
    }


def test_every_address_is_in_the_reference() -> None:
    text = (DOCS / "osc.md").read_text(encoding="utf-8")

    for path in [address.path for address in RECEIVED] + [path for path, _ in SENT]:
        assert f"| `/portrait/{path}` |" in text


def test_every_route_is_in_the_reference_and_the_other_way_round() -> None:
    text = (DOCS / "http.md").read_text(encoding="utf-8")
    app: Any = create_app(FakeStream())

    documented = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w./-]*)`", text))
    served = {
        (method, re.sub(r"<[\w:]+>", "NAME", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint not in ("static", "page")
    }
    assert documented == served
