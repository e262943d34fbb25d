"""The guard of routes: where the operator has set a token, requests must carry it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from botgame.server.hosting.socket_gate import OpenSocket
from botgame.server.hosting.token_guesses import TokenGuesses

COOKIE = "botgame_token"
RouteHandler = Callable[[Request], Awaitable[Response]]


class RouteGuard:
    """Wraps handlers so that they answer only requests with the token. `is_token("")`: whether there is none."""

    def __init__(self, is_token: Callable[[str], bool], guesses: TokenGuesses) -> None:
        self._is_token, self._guesses = is_token, guesses

    def __call__(self, handler: RouteHandler) -> RouteHandler:
        """The handler, guarded: the token is in the query, the header `Authorization`, or the page's cookie."""

        async def guarded(request: Request) -> Response:
            bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
            given = (bearer, request.query_params.get("token", ""), unquote(request.cookies.get(COOKIE, "")))
            if not await self.has_token(request, given):
                raise HTTPException(403, "this server requires its token")
            return await handler(request)

        return guarded

    async def has_token(self, request: Request, given: Sequence[str]) -> bool:
        """Whether one of `given` is the token. Those who guess are made to wait."""
        if self._is_token(""):
            return True
        address = address_of(request)
        await asyncio.sleep(self._guesses.delay(address))
        is_right = any(self._is_token(token) for token in given)
        if any(given) and not is_right:
            self._guesses.count_wrong(address)
        return is_right


def address_of(request: Request) -> str:
    """The address that a request came from."""
    opened: OpenSocket = request.scope["state"]["socket"]
    return opened.address
