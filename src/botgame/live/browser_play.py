"""Plays through the web page in a real browser: reads the messages of the page's socket, acts with keys and mouse.

A separate connection first checks that the server is botgame's. Then the page takes a seat as a program (`observe=1`
in its address): it gets observations besides what it draws, and plays under the limits of bots.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed

from botgame.errors import UserError
from botgame.live.backends import TimedDecision
from botgame.live.gestures import Gesture, gesture
from botgame.live.page_controls import POINTER_DISTANCE, PageControls
from botgame.live.pictures import FRAMES_PER_SECOND, Pictures
from botgame.live.seat import SeatPlayer
from botgame.live.session import Entry, check_welcome, rules_of
from botgame.live.socket_play import ANSWER_SECONDS, open_socket, page_address
from botgame.lms.rules import Rules
from botgame.server import protocol

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page, Playwright, WebSocket

JOIN_SECONDS = 60.0  # a busy machine takes long to start a browser and to load a page
PUMP_MS = 4  # between looks at what the page has received
VIEWPORT = {"width": 1280, "height": 720}
QUIET_FLAGS = ("--disable-quic", "--disable-sync")  # beside Playwright's own against background traffic
AIM_AT = """([dx, dy]) => {
  const { mine, stage: { camera } } = window.game;
  return mine ? camera.toScreen(mine.x + dx, mine.y + dy) : null;
}"""


@dataclass(frozen=True)
class BrowserSettings:
    """The browser and the pictures to take. channels: tried in order, unless `executable` names the program."""

    channels: tuple[str, ...]
    headless: bool
    executable: Path | None
    screenshot_every: float | None
    gif_seconds: float | None
    folder: Path


class BrowserPlay:
    """Plays the matches of `entries`. Calls `tick` all the time and ends the run when it returns True."""

    def __init__(
        self,
        url: str,
        entries: Iterator[Entry],
        player: SeatPlayer,
        token: str,
        settings: BrowserSettings,
        tick: Callable[[], bool],
    ) -> None:
        self.url, self.player, self.token, self.settings, self.tick = url, player, token, settings, tick
        self._entries = entries
        self._frames: deque[str | bytes] = deque()
        self._shots: deque[tuple[str, int]] = deque()
        self._pictures = Pictures(settings.folder, settings.screenshot_every, settings.gif_seconds)
        self._rules = Rules()

    def run(self) -> None:
        """Play. Raises UserError without Playwright, a browser or a botgame server."""
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError as error:
            raise UserError('playing in a browser needs Playwright; run: pip install "botgame[browser]"') from error
        self._check_server()
        with sync_playwright() as playwright:
            try:
                with self._launch(playwright) as browser:
                    self._play_all(browser.new_page(viewport=VIEWPORT))  # type: ignore[arg-type]
            except Error as error:
                raise UserError(f"the browser failed: {error.message.splitlines()[0]}") from error

    def _launch(self, playwright: Playwright) -> Browser:
        """The first browser that starts. Raises UserError when none does."""
        from playwright.sync_api import Error

        options: dict[str, Any] = {"headless": self.settings.headless, "args": list(QUIET_FLAGS)}
        tries: list[dict[str, Any]] = [{"channel": channel} for channel in self.settings.channels]
        if self.settings.executable is not None:
            tries = [{"executable_path": self.settings.executable}]
        reason = ""
        for choice in tries:
            try:
                return playwright.chromium.launch(**options, **choice)
            except Error as error:
                reason = error.message.splitlines()[0]
        names = " or ".join(str(value) for choice in tries for value in choice.values())
        raise UserError(f"no browser {names} starts ({reason}): install one, or name an installed one")

    def _play_all(self, page: Page) -> None:
        page.on("websocket", self._listen)
        camera = self._start_camera(page) if self._pictures.wanted else None
        for entry in self._entries:
            if not self._play(page, camera, entry):
                return

    def _play(self, page: Page, camera: CDPSession | None, entry: Entry) -> bool:
        """Play one match; False when the run must end."""
        page.goto(play_address(self.url, entry, self.token))
        controls, began = PageControls(page.keyboard, page.mouse), time.monotonic()
        matches, entered = self.player.totals.matches, False
        self._pictures.begin(began)
        try:
            while self.player.totals.matches == matches:
                if self.tick():
                    return False
                page.wait_for_timeout(PUMP_MS)
                for decided in self._read():
                    controls.perform(*self._aimed(page, decided))
                self._photograph(camera)
                entered = entered or self.player.room is not None
                if not entered and time.monotonic() > began + JOIN_SECONDS:
                    raise UserError(f"the page {page.url} did not enter its room within {JOIN_SECONDS:.0f} s")
        finally:
            controls.release()
            self._pictures.end()
        return True

    def _check_server(self) -> None:
        """Check the server over a separate connection, before any page of it is opened. Raises UserError."""
        with open_socket(self.url) as socket:
            try:
                socket.send(protocol.encode(protocol.Hello(protocol.PROTOCOL_VERSION, protocol.GAME, self.token)))
                answer = protocol.decode_server(socket.recv(ANSWER_SECONDS))
            except (protocol.MalformedError, TimeoutError, ConnectionClosed) as error:
                raise UserError(f"{self.url} does not answer as a botgame server does ({error})") from None
            self._rules = rules_of(check_welcome(answer, self.url), self.url)
            self.player.check_rules(self._rules)

    def _listen(self, socket: WebSocket) -> None:
        """Queue the frames that the page receives; drop those of an older page."""
        self._frames.clear()
        socket.on("framereceived", lambda frame: self._frames.append(frame))

    def _read(self) -> list[TimedDecision]:
        """Handle all queued frames; returns at most one decision, the newest."""
        decisions = []
        while self._frames:
            try:
                message = protocol.decode_server(self._frames.popleft())
                decided = self.player.handle(message)
            except protocol.MalformedError as error:
                raise UserError(f"{self.url} sent an unknown message ({error})") from None
            if isinstance(message, protocol.Error):
                raise UserError(f"{self.url}: {message.message} ({message.code})")
            if decided is not None:
                decisions.append(decided)
        return decisions[-1:]

    def _aimed(self, page: Page, decided: TimedDecision) -> tuple[Gesture, tuple[float, float] | None]:
        """The gesture of a decision, and the pixels to point at (None: leave the mouse)."""
        wanted = gesture(decided.action, decided.observation, self._rules)
        if wanted.aim is None:
            return wanted, None
        place = page.evaluate(AIM_AT, [POINTER_DISTANCE * wanted.aim[0], POINTER_DISTANCE * wanted.aim[1]])
        return wanted, (place["x"], place["y"]) if place else None

    def _start_camera(self, page: Page) -> CDPSession:
        """Start the browser's stream of pictures, which does not delay the game."""
        camera = page.context.new_cdp_session(page)
        camera.on("Page.screencastFrame", lambda shot: self._shots.append((shot["data"], shot["sessionId"])))
        camera.send("Page.startScreencast", {"format": "jpeg", "quality": 80})
        self._next_shot = 0.0
        return camera

    def _photograph(self, camera: CDPSession | None) -> None:
        """Keep a picture when it is time, and ask the stream for the next one."""
        now = time.monotonic()
        if camera is None or not self._shots or now < self._next_shot:
            return
        self._next_shot = now + 1 / FRAMES_PER_SECOND
        data, number = self._shots.popleft()
        self._pictures.take(base64.b64decode(data), now)
        camera.send("Page.screencastFrameAck", {"sessionId": number})


def play_address(url: str, entry: Entry, token: str) -> str:
    """The address of the page that enters a match as a program."""
    query: dict[str, str | float] = {"name": entry.name, "school": entry.school, "observe": 1}
    if isinstance(entry, protocol.Join):
        query["room"] = entry.room
    else:
        query |= {"create": 1, "seats": entry.seats, "bots": ",".join(entry.bots), "duration": entry.duration}
        if entry.seed is not None:
            query["seed"] = entry.seed
    if token:
        query["token"] = token
    return page_address(url) + "play?" + urlencode(query)
