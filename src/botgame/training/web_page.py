"""A folder with a web page that plays an exported model: the page, the model, its golden vectors, and the runtime.

Everything that the page needs lies in the folder; it loads nothing from elsewhere. The same modules run in Node.js
(`node DIR/bot.mjs`).
"""

from __future__ import annotations

from pathlib import Path

import botgame
from botgame.errors import UserError
from botgame.files import check_writable, write_folder
from botgame.outputs import check_folder, json_of
from botgame.training.golden import FORMAT
from botgame.training.onnxruntime_web import PACKAGE, runtime_files

PAGE = Path(botgame.__file__).resolve().parent / "web" / "embed"
MODEL, GOLDEN = "model.onnx", "model.golden.json"


def check_page(folder: Path) -> None:
    """Raise UserError (code 2) for a file, and for a folder that holds anything but such a page."""
    check_folder("--web", folder)
    if folder.exists() and any(folder.iterdir()) and any(json_of(FORMAT)(folder / GOLDEN)):
        raise UserError(f"--web {folder} holds other files; choose an empty folder or one that does not exist yet", 2)


def prepare_page(folder: Path) -> dict[str, bytes]:
    """Find out before the work that a page can be written to `folder`; returns the runtime's files by name.

    Raises UserError where it cannot, and without the runtime.
    """
    check_writable(folder / MODEL)
    return runtime_files()


def write_page(folder: Path, model: bytes, golden: str, runtime: dict[str, bytes]) -> None:
    """Write the page, all of it or nothing; the golden vectors come last: a folder that has them is whole."""
    contents = {f"{PACKAGE}/{name}": data for name, data in runtime.items()}
    contents |= {file.name: file.read_bytes() for file in sorted(PAGE.iterdir())}
    write_folder(folder, {**contents, MODEL: model, GOLDEN: golden.encode()})
