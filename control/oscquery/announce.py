"""Zeroconf: lets programs in the local network find OSC and OSCQuery by themselves."""

import logging
import socket
from dataclasses import dataclass
from typing import Any, Final

from control.panel.names import is_any, reachable_at

log = logging.getLogger(__name__)

# Source: OSCQuery proposal; DNS-SD service names of OSC.
QUERY_TYPE: Final = "_oscjson._tcp.local."
OSC_TYPE: Final = "_osc._udp.local."


@dataclass
class Announcement:
    """Two services that can be found under ``name`` until it is closed."""

    name: str
    _zeroconf: Any

    def close(self) -> None:
        """Say good-bye to the network."""
        self._zeroconf.unregister_all_services()
        self._zeroconf.close()


def announce(host: str, query_port: int, osc_port: int) -> Announcement | None:
    """Announce both ports; `None`, with a line in the log, where that cannot be done.

    Takes about a second, in which the network is asked whether the name is free.
    """
    try:
        from zeroconf import Error, ServiceInfo, Zeroconf
    except ImportError:
        log.info(
            "OSCQuery is served but not announced in the network: "
            "pip install 'living-portrait[oscquery]'"
        )
        return None
    addresses = reachable_at(host)
    machine = socket.gethostname().partition(".")[0] or "portrait"
    name = f"Living Portrait ({machine})"
    server = f"{machine}.local."
    try:
        zeroconf = Zeroconf() if is_any(host) else Zeroconf(interfaces=[host])
    except OSError as exc:
        log.warning("OSCQuery is not announced in the network: %s", exc)
        return None
    registered: list[str] = []
    try:
        for kind, port in ((QUERY_TYPE, query_port), (OSC_TYPE, osc_port)):
            info = ServiceInfo(
                kind, f"{name}.{kind}", port=port, parsed_addresses=addresses, server=server
            )
            zeroconf.register_service(info, allow_name_change=True)
            registered.append(info.name.removesuffix(f".{kind}"))
    except (Error, OSError) as exc:
        zeroconf.close()
        log.warning("OSCQuery is not announced in the network: %s", exc)
        return None
    return Announcement(registered[0], zeroconf)
