"""A compiled kernel is kept as long as no source that it is made of changes, and never longer."""

from pathlib import Path

import numpy as np
import pytest

from botgame import source_cache
from botgame.lms.simulation import kernel, kernel_cache

GAME = Path(kernel_cache.__file__).resolve().parent


FILES = {
    "one": "from botgame.two import (\n    b,\n)\n",
    "two": "from botgame import three\n",
    "three": "c = 1\n",
    "four": "d = 1\n",
}


@pytest.fixture
def folder_of_one(tmp_path, monkeypatch):
    """The cache folder of `one`, which imports `two`, which imports `three`, in a package with some files changed."""

    def folder(name: str, **changes: str) -> Path:
        root = tmp_path / name / "botgame"
        root.mkdir(parents=True)
        for module, text in (FILES | changes).items():
            (root / f"{module}.py").write_text(text)
        monkeypatch.setattr(source_cache, "PACKAGE", root)
        return kernel_cache.folder(root / "one.py")

    return folder


def test_a_change_in_an_indirect_import_moves_the_folder(folder_of_one):
    assert folder_of_one("before") != folder_of_one("after", three="c = 2\n")


def test_a_change_elsewhere_keeps_it(folder_of_one):
    assert folder_of_one("before") == folder_of_one("after", four="d = 2\n")


def test_a_tick_depends_on_every_phase():
    names = {path.name for path in source_cache.sources(GAME / "advance.py")}
    assert {"tick.py", "casts.py", "damage.py", "sight.py", "rules.py", "state.py", "rng.py", "kernel.py"} <= names
    assert "observation.py" not in names


@kernel.entry
def anything(value):
    return True


def compiled_for(value) -> object:
    """The machine code that `bind` gives for the type and layout of a value."""
    return kernel.bind(anything, (value,), ()).func


def test_what_was_bound_is_shared_and_other_arrays_are_told_apart():
    array = np.zeros((4, 4))
    frozen = array.copy()
    frozen.flags.writeable = False
    others = [array.T, array[:, ::2], array[0], array.astype(np.float32), frozen, (array,), 0, 0.0]
    codes = [compiled_for(value) for value in (array, *others)]
    assert len({id(code) for code in codes}) == len(codes)
    assert compiled_for(np.ones((7, 2))) is codes[0]


@kernel.entry
def difference(one, other):
    return one[0] - other[0]


def test_fixed_arguments_are_built_in():
    one, other = np.full(2, 5.0), np.full(3, 7.0)
    assert kernel.bind(difference, (one,), (other,))(np.full(4, 2.0)) == 3.0
    assert kernel.bind(difference, (other,), (one,))(np.full(4, 2.0)) == 5.0
