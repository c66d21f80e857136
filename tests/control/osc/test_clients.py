"""Other people's OSC programs against the door: liblo's oscsend, npm's osc, python-osc."""

import json
import os
import shutil
import socket
import subprocess

import pytest
from pythonosc.udp_client import SimpleUDPClient

from control.osc import OscDoor
from control.osc.vmc import VmcDoor
from tests.control.fakes import FakeStream
from tests.ports import free_port
from tests.waiting import wait_until

LIBLO = pytest.mark.skipif(
    not (shutil.which("oscsend") and shutil.which("oscdump")),
    reason="liblo's oscsend is not installed (apt-get install liblo-tools)",
)


def node_has_osc() -> bool:
    """Whether node finds npm's package `osc`, in NODE_PATH or beside it."""
    node = shutil.which("node")
    if node is None:
        return False
    look = [node, "-e", "require.resolve('osc')"]
    return subprocess.run(look, capture_output=True, check=False).returncode == 0


NODE = pytest.mark.skipif(
    "not node_has_osc()",
    reason="node's package osc is not installed (npm install osc, with NODE_PATH set to it)",
)


def oscsend(port: int, *words: str) -> None:
    subprocess.run(["oscsend", "127.0.0.1", str(port), *words], check=True, timeout=60)


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


# --- liblo


@LIBLO
def test_oscsend_presses_in_every_type_that_it_has(stream: FakeStream, door: OscDoor) -> None:
    for words in ([], ["i", "1"], ["f", "0.5"], ["d", "1"], ["h", "1"], ["s", "1"], ["T"], ["I"]):
        oscsend(door.port, "/portrait/trigger/smile", *words)
    # What follows strength and length is passed over.
    oscsend(door.port, "/portrait/trigger/wink", "Ffsi", "2.0", "more", "7")

    # Every call is another program with a port of its own, so each is a press.
    wait_until(lambda: len(stream.controls.snapshot().cues) == 9)
    assert [cue.strength for cue in stream.controls.snapshot().cues[:3]] == [1.0, 1.0, 0.5]
    assert stream.controls.snapshot().cues[-1].strength == 0.0
    assert door.state()["counters"]["refused"] == 0


@LIBLO
def test_oscdump_shows_the_state_on_the_port_that_it_named(
    stream: FakeStream, door: OscDoor
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    dump = subprocess.Popen(
        ["oscdump", "-L", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert dump.stdout is not None
        lines: list[str] = []
        wait_until(lambda: not is_free(port))  # a receiver that is not there is forgotten
        oscsend(door.port, "/portrait/subscribe", "i", str(port))
        while not any("/portrait/fps" in line for line in lines):
            lines.append(dump.stdout.readline())
        text = "".join(lines)
        assert "/portrait/state/smile f 0.0" in text
        assert '/portrait/photo s "mona-lisa"' in text
    finally:
        dump.terminate()
        dump.wait(60)
        dump.stdout.close()


@LIBLO
def test_oscsend_drives_the_portrait_over_vmc(stream: FakeStream) -> None:
    door = VmcDoor(stream, "127.0.0.1", 0)
    door.start()
    try:
        oscsend(door.port, "/VMC/Ext/Blend/Val", "sf", "Joy", "0.75")
        oscsend(door.port, "/VMC/Ext/Blend/Apply")
        wait_until(lambda: stream.controls.snapshot().driven)
        given = stream.controls.snapshot().driven["vmc 127.0.0.1"]
        assert given["smile"].value == pytest.approx(0.75)
    finally:
        door.stop()


# --- npm's osc

SCRIPT = """
const osc = require('osc'), port = Number(process.argv[1]);
const udp = new osc.UDPPort({localAddress: '127.0.0.1', localPort: 0, metadata: true});
const heard = {};
udp.on('message', (m) => {
  heard[m.address] = m.args.map((a) => a.value);
  if (m.address === '/portrait/fps') {
    console.log(JSON.stringify(heard));
    udp.close();
  }
});
udp.on('ready', () => {
  const to = ['127.0.0.1', port];
  udp.send({address: '/portrait/subscribe', args: []}, ...to);
  udp.send({address: '/portrait/set/smile', args: [{type: 'f', value: 0.5}]}, ...to);
  udp.send({address: '/portrait/trigger/wink', args: [
    {type: 'b', value: new Uint8Array([1, 2, 3])}, {type: 'T'}]}, ...to);
  udp.send({timeTag: osc.timeTag(3600), packets: [
    {address: '/portrait/trigger', args: [{type: 's', value: 'talk'}, {type: 'f', value: 0.25}]},
    {timeTag: osc.timeTag(0), packets: [
      {address: '/portrait/set/head_yaw', args: [{type: 'd', value: -3.5}]}]},
  ]}, ...to);
});
udp.open();
"""


@NODE
def test_node_sends_bundles_of_the_future_and_hears_the_state(
    stream: FakeStream, door: OscDoor
) -> None:
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, "-e", SCRIPT, str(door.port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=dict(os.environ),
    )

    heard = json.loads(done.stdout)
    assert heard["/portrait/photo"] == ["mona-lisa"]
    assert heard["/portrait/playing/wink"] == [0]
    wait_until(lambda: len(stream.controls.snapshot().held) == 2)
    assert stream.controls.snapshot().held == {"smile": 0.5, "head_yaw": -3.5}
    assert [(c.name, c.strength) for c in stream.controls.snapshot().cues] == [
        ("wink", 1.0),
        ("talk", 0.25),
    ]


# --- python-osc, and several at once


def test_many_senders_at_once_lose_nothing(stream: FakeStream, door: OscDoor) -> None:
    clients = [SimpleUDPClient("127.0.0.1", door.port) for _ in range(12)]
    names = ["smile", "wink", "head_yaw", "head_roll"]

    for step in range(50):
        for i, client in enumerate(clients):
            client.send_message(f"/portrait/set/{names[i % 4]}", float(step % 5) / 10)
    for client in clients:
        client.send_message("/portrait/trigger/smile", 1)

    # A press of each of them, however many moves of faders lie between.
    wait_until(lambda: len(stream.controls.snapshot().cues) == len(clients))
    wait_until(lambda: door.state()["counters"]["done"] == 51 * len(clients))
    assert {cue.source.partition(":")[0] for cue in stream.controls.snapshot().cues} == {
        "osc 127.0.0.1"
    }
    for client in clients:
        client.__exit__(None, None, None)
