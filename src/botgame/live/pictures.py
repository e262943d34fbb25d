"""Pictures of the page while it is played: stills every few seconds, and the start of each match as a GIF."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

from botgame.errors import UserError
from botgame.files import write_atomic

FRAMES_PER_SECOND = 8
GIF_WIDTH = 640  # pixels
_COLOURS = 96


class Pictures:
    """Keeps some of the JPEGs of the page, below `folder`/pictures: stills and the first seconds of each match.

    every: seconds between stills, None for none. gif_seconds: length of the GIF of each match, None for none. Raises
    UserError where a GIF is asked for and Pillow is not installed.
    """

    def __init__(self, folder: Path, every: float | None, gif_seconds: float | None) -> None:
        self.folder = folder / "pictures"
        self._every, self._gif_seconds = every, gif_seconds
        self._match, self._began, self._still = 0, 0.0, 0.0
        self._frames: list[tuple[float, bytes]] = []
        if gif_seconds is not None:
            _pillow()

    @property
    def wanted(self) -> bool:
        """Whether any picture is kept."""
        return self._every is not None or self._gif_seconds is not None

    def begin(self, now: float) -> None:
        """A match begins at `now` seconds."""
        self._match += 1
        self._began, self._still, self._frames = now, float("-inf"), []

    def take(self, jpeg: bytes, now: float) -> None:
        """Handle a JPEG of the page, taken at `now` seconds."""
        if self._match == 0:
            return
        if self._every is not None and now - self._still >= self._every:
            self._still = now
            write_atomic(self.folder / f"match{self._match:03d}_{now - self._began:05.1f}s.jpg", jpeg)
        if self._gif_seconds is not None and now - self._began <= self._gif_seconds:
            self._frames.append((now, jpeg))

    def end(self) -> Path | None:
        """The match is over or playing stops: write its GIF and return the file, None if there is none."""
        frames, self._frames = self._frames, []
        if len(frames) < 2:
            return None
        path = self.folder / f"match{self._match:03d}.gif"
        write_atomic(path, gif(frames))
        return path


def gif(frames: list[tuple[float, bytes]]) -> bytes:
    """A looping GIF of JPEGs with their times in seconds, at most `GIF_WIDTH` pixels wide."""
    image = _pillow()
    pictures = []
    for _, jpeg in frames:
        picture = image.open(io.BytesIO(jpeg))
        width = min(GIF_WIDTH, picture.width)
        size = width, round(picture.height * width / picture.width)
        picture.draft("RGB", size)  # decoding at half the size is several times faster
        small = picture.convert("RGB").resize(size)
        pictures.append(small.quantize(_COLOURS, image.Quantize.FASTOCTREE, dither=image.Dither.NONE))
    times = [time for time, _ in frames]
    lengths = [max(20, round(1e3 * (b - a))) for a, b in itertools.pairwise(times)]
    out = io.BytesIO()
    pictures[0].save(
        out, "GIF", save_all=True, append_images=pictures[1:], duration=[*lengths, lengths[-1]], loop=0, optimize=False
    )
    return out.getvalue()


def _pillow() -> Any:
    """The module `PIL.Image`. Raises UserError."""
    try:
        from PIL import Image
    except ImportError as error:
        raise UserError('a GIF needs Pillow; run: pip install "botgame[browser]"', 2) from error
    return Image
