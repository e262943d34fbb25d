"""Which requests the server accepts: by the host name they use, and by the page that opens a WebSocket.

A browser sends any page's WebSocket handshakes to 127.0.0.1, and an attacker may point a foreign host name there. So
the `Origin` of a page must be this server, and on a private machine the `Host` must be one of its names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class OriginCheck:
    """`host`: the address that the server is bound to. `origins`: more pages that may connect, `https://name:port`.

    Headers are looked up in lower case.
    """

    def __init__(self, host: str, origins: tuple[str, ...] = ()) -> None:
        self._is_private = is_loopback(host)
        self._names = _LOCAL | {host}
        self._origins = {origin.lower().rstrip("/") for origin in origins}

    def is_known_host(self, headers: Mapping[str, str]) -> bool:
        """False where a request calls a private server by a foreign name."""
        return not self._is_private or _name_of(headers.get("host", "")) in self._names

    def may_connect(self, headers: Mapping[str, str]) -> bool:
        """Whether a WebSocket may be opened: by the server's pages, by allowed ones, or by a program without a page."""
        origin = headers.get("origin")
        if not self.is_known_host(headers):
            return False
        if origin is None or origin.lower() in self._origins:
            return True
        return _place_of(origin.lower()) == headers.get("host", "").lower() != ""


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _place_of(origin: str) -> str:
    """`http://localhost:8000` -> `localhost:8000`; "" for what is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _name_of(host: str) -> str:
    """`[::1]:8000` -> `::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
