"""A compiled kernel is kept as long as no source that it is made of changes, and never longer."""

from pathlib import Path

import pytest

from botgame.game import kernel_cache

GAME = Path(kernel_cache.__file__).resolve().parent


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of three files: one imports two through one, three stands alone."""
    root = tmp_path / "botgame"
    root.mkdir()
    (root / "one.py").write_text("from botgame.two import (\n    b,\n)\n")
    (root / "two.py").write_text("from botgame import three\n")
    (root / "three.py").write_text("c = 1\n")
    (root / "four.py").write_text("d = 1\n")
    monkeypatch.setattr(kernel_cache, "_PACKAGE", root)
    return root


def folder(path: Path) -> Path:
    kernel_cache._imports.cache_clear()
    kernel_cache.folder.cache_clear()
    return kernel_cache.folder(path)


def test_a_change_in_an_indirect_import_moves_the_folder(package):
    before = folder(package / "one.py")
    (package / "three.py").write_text("c = 2\n")
    assert folder(package / "one.py") != before


def test_a_change_elsewhere_keeps_it(package):
    before = folder(package / "one.py")
    (package / "four.py").write_text("d = 2\n")
    assert folder(package / "one.py") == before


def test_a_tick_depends_on_every_phase():
    names = {path.name for path in kernel_cache.sources(GAME / "advance.py")}
    assert {"tick.py", "casts.py", "damage.py", "sight.py", "rules.py", "state.py", "rng.py", "kernel.py"} <= names
    assert not any(name.startswith("observ") for name in names)
