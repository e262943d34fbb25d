"""The routes of recorded matches: their list, films, files, readouts, and films of files that a visitor has.

| route                              | answer                                                       |
|------------------------------------|--------------------------------------------------------------|
| `/api/replays`                     | `{"replays": [...]}`, newest first                           |
| `/api/replays/<file>`              | film of a replay                                             |
| `/api/replays/<file>/download`     | the file itself                                              |
| `/api/replays/<file>/thoughts`     | readout of the networks that played it                       |
| `/api/landing`                     | film of the recorded match that the lobby shows              |
| POST `/api/films`                  | film of the replay in the body, of which nothing is kept     |
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from botgame.errors import UserError
from botgame.lms.replay.format import MAX_FILE, Replay, from_bytes, read
from botgame.lms.replay.showing.bundle import WEB
from botgame.lms.replay.showing.film import film_json
from botgame.lms.replay.showing.policy_readout import find_readout
from botgame.policy_readout import PolicyReadout
from botgame.server.hosting.guard import RouteGuard, address_of
from botgame.server.hosting.origin_check import OriginCheck
from botgame.server.hosting.token_bucket import AddressLimits
from botgame.server.records.policy_readout import ReadoutMaker
from botgame.server.records.replay_list import ReplayList

LANDING = WEB / "landing.lmsr"
UPLOAD_RATE, UPLOAD_BURST = 0.5, 10.0  # files of one address, a second and at once
_MOST_UPLOADS = 4  # bodies that are held in memory at a time
_UPLOAD_SECONDS = 20.0
_LOG = logging.getLogger(__name__)


class ReplayRoutes:
    """Answers the routes. clock: seconds."""

    def __init__(
        self, replays: ReplayList, readout_maker: ReadoutMaker, origin_check: OriginCheck, clock: Callable[[], float]
    ) -> None:
        self._replays, self._readout_maker, self._origin_check = replays, readout_maker, origin_check
        self._filming = asyncio.Semaphore(1)  # a film takes a processor for a while: one at a time
        self._landing = b""
        self._uploading = asyncio.Semaphore(_MOST_UPLOADS)
        self._uploads = AddressLimits(UPLOAD_RATE, UPLOAD_BURST, clock)

    def routes(self, guard: RouteGuard) -> list[BaseRoute]:
        """The routes behind a guard."""
        name = "/api/replays/{name}"
        return [
            Route("/api/replays", guard(self.list)),
            Route(name, guard(self.film)),
            Route(f"{name}/download", guard(self.download)),
            Route(f"{name}/thoughts", guard(self.thoughts)),
            Route("/api/landing", guard(self.landing)),
            Route("/api/films", guard(self.foreign_film), methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """The newest replays as JSON."""
        del request
        entries = await asyncio.to_thread(self._replays.entries)
        return Response(msgspec.json.encode({"replays": entries}), media_type="application/json")

    async def film(self, request: Request) -> Response:
        """The film of one replay, made again on every request, which takes a fraction of a second."""
        async with self._filming:
            data = await asyncio.to_thread(self._film, request.path_params["name"])
        return Response(data, media_type="application/json")

    async def download(self, request: Request) -> Response:
        """The file of one replay, for the visitor to keep."""
        name = request.path_params["name"]
        path = await asyncio.to_thread(self._replays.path, name)
        if path is None:
            raise HTTPException(404, "there is no such replay")
        return FileResponse(path, media_type="application/octet-stream", filename=name)

    async def thoughts(self, request: Request) -> Response:
        """The policy readout of one replay, made now if there is none yet."""
        try:
            replay = await asyncio.to_thread(self._find, request.path_params["name"])
            readout = await self._readout_maker.make(replay)
        except UserError as error:
            raise HTTPException(422, self._replays.without_folder(str(error))) from error
        return Response(msgspec.json.encode(readout), media_type="application/json")

    async def landing(self, request: Request) -> Response:
        """The film of the match that comes with the pages, made once."""
        del request
        async with self._filming:
            if not self._landing:
                self._landing = await asyncio.to_thread(_film_of, LANDING)
        return Response(self._landing, media_type="application/json")

    async def foreign_film(self, request: Request) -> Response:
        """The film of a file that a visitor has: read like every foreign file, and kept nowhere."""
        if not self._origin_check.may_connect(Headers(scope=request.scope)):
            raise HTTPException(403, "only this server's own pages may send files")
        if not self._uploads.allows(address_of(request)):
            raise HTTPException(429, "too many files; wait some seconds")
        async with self._uploading:
            data = await self._body(request)
            async with self._filming:
                film = await asyncio.to_thread(_film_of_bytes, data)
        return Response(film, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        """The body of a request, if it is as small as a replay and comes in time."""
        data = bytearray()
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                async for chunk in request.stream():
                    data += chunk
                    if len(data) > MAX_FILE:
                        raise HTTPException(413, f"the file is larger than any replay ({MAX_FILE >> 20} MiB)")
        except TimeoutError:
            raise HTTPException(408, "the file came too slowly; try again") from None
        except ClientDisconnect:
            raise HTTPException(400, "the file did not come whole") from None  # nobody reads that
        return bytes(data)

    def _find(self, name: str) -> Replay:
        replay = self._replays.find(name)
        if replay is None:
            raise HTTPException(404, "there is no such replay")
        return replay

    def _film(self, name: str) -> bytes:
        try:
            replay = self._find(name)
            return film_json(replay, _readout_of(replay), self._readout_maker.networks)
        except UserError as error:
            raise HTTPException(422, self._replays.without_folder(str(error))) from error


def _film_of(path: Path) -> bytes:
    return film_json(read(path))


def _film_of_bytes(data: bytes) -> bytes:
    try:
        return film_json(from_bytes(data, Path("this file")))
    except UserError as error:
        raise HTTPException(422, str(error)) from error


def _readout_of(replay: Replay) -> PolicyReadout | None:
    """The readout in the file beside the replay, None if there is none or it is bad: the film is shown anyway."""
    try:
        return find_readout(replay)
    except UserError as error:
        _LOG.warning("%s", error)
        return None
