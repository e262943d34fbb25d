"""The web modules import each other one way, all of them are used, and docs/web.md lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from botgame.lms.replay.showing.bundle import WEB, bundle_modules

JS = WEB / "js"
MODULES = sorted(JS.rglob("*.js"))
ALLOWED = {
    "draw": {"draw"},
    "page": {"page", "draw"},
    "live": {"live", "page", "draw"},
    "film": {"film", "page", "draw"},
    "viewer": {"viewer", "film", "page", "draw"},
    "lobby": {"lobby", "film", "page", "draw"},
}
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "web.md"


def folder(module: Path) -> str:
    return module.relative_to(JS).parts[0]


def imports(module: Path) -> list[Path]:
    names = re.findall(r'from "([^"]+)";', module.read_text(encoding="utf-8"))
    return [(module.parent / name).resolve() for name in names]


def entries() -> list[Path]:
    """The module of each page."""
    scripts = (re.search(r'src="/static/(js/[^"]+)"', page.read_text()) for page in WEB.glob("*.html"))
    return [WEB / script.group(1) for script in scripts if script is not None]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_imports_follow_the_folders(module: Path) -> None:
    for imported in imports(module):
        assert imported.is_file()
        assert folder(imported) in ALLOWED[folder(module)], imported


def test_pages_use_every_module() -> None:
    assert len(entries()) == len(list(WEB.glob("*.html")))
    used, todo = set(), [entry.resolve() for entry in entries()]
    while todo:
        module = todo.pop()
        if module not in used:
            used.add(module)
            todo += imports(module)
    assert used == {module.resolve() for module in MODULES}


@pytest.mark.parametrize("entry", entries(), ids=lambda path: path.stem)
def test_every_page_can_be_bundled(entry: Path) -> None:
    assert bundle_modules(entry).startswith('"use strict";')


def test_the_document_lists_every_module() -> None:
    rows = re.findall(r"^\| `(\w+)`: [^|]*\| (.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: sorted(re.findall(r"`(\w+)`", modules)) for name, modules in rows}
    assert listed == {name: sorted(module.stem for module in (JS / name).glob("*.js")) for name in ALLOWED}
