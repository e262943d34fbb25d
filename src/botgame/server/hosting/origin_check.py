"""Who may come in: the names under which this server is known, and the pages that may connect to it.

A browser sends any page's WebSocket handshakes to 127.0.0.1, and a foreign name may be made to point there. So the
`Origin` of a page must be this server itself, and on a private machine the `Host` must be one of its own names.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Doors:
    """`host`: what the server is bound to. `origins`: further pages that may connect, as `https://name:port`.

    Headers are looked up in lower case.
    """

    def __init__(self, host: str, origins: tuple[str, ...] = ()) -> None:
        self._is_private = is_loopback(host)
        self._names = _LOCAL | {host}
        self._origins = {origin.lower().rstrip("/") for origin in origins}

    def is_our_host(self, headers: Mapping[str, str]) -> bool:
        """False where somebody calls a private server by a name that is not its own."""
        return not self._is_private or _name_of(headers.get("host", "")) in self._names

    def may_enter(self, headers: Mapping[str, str]) -> bool:
        """Whether a WebSocket may be opened: from our own pages, or from no page at all."""
        origin = headers.get("origin")
        if not self.is_our_host(headers):
            return False
        if origin is None or origin.lower() in self._origins:
            return True
        return urlsplit(origin.lower()).netloc == headers.get("host", "").lower() != ""


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """`[::1]:8000` -> `::1`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
