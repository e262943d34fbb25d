"""A compiled kernel is kept as long as no source that it is made of changes, and never longer."""

from pathlib import Path

import numpy as np
import pytest

from botgame import source_cache
from botgame.lms.arena import Arena
from botgame.lms.simulation import kernel, kernel_cache

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
    monkeypatch.setattr(source_cache, "_PACKAGE", root)
    return root


def folder(path: Path) -> Path:
    source_cache._imports.cache_clear()
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
    names = {path.name for path in source_cache.sources(GAME / "advance.py")}
    assert {"tick.py", "casts.py", "damage.py", "sight.py", "rules.py", "state.py", "rng.py", "kernel.py"} <= names
    assert "observation.py" not in names


def test_arenas_share_what_was_bound_and_other_arrays_are_told_apart():
    one, two = Arena(1, 2), Arena(3, 4)
    assert one._advance is two._advance
    array = np.zeros((4, 4))
    frozen = array.copy()
    frozen.flags.writeable = False
    others = [array.T, array[:, ::2], array[0], array.astype(np.float32), frozen, (array,), 0, 0.0]
    looks = [kernel._look(value) for value in (array, *others)]
    assert len(set(looks)) == len(looks)
    assert kernel._look(array) == kernel._look(np.ones((7, 2)))
