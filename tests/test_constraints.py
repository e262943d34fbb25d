"""The pinned versions install on the oldest Python that the package names."""

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def first_release(supported: str) -> str:
    """The first release of the oldest Python in `supported`: 3.11.0 for `>=3.11,<3.15`."""
    (oldest,) = (part.version for part in SpecifierSet(supported) if part.operator == ">=")
    return f"{oldest}.0"


@pytest.mark.parametrize("pin", PINS, ids=lambda pin: pin.name)
def test_a_pinned_version_installs_on_the_first_release_of_the_oldest_python(pin: Requirement) -> None:
    # pip calls a pin that needs a later Python a conflict: one such pin stops the set-up on Debian 12's Python 3.11.2
    try:
        installed = importlib.metadata.distribution(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return  # for another system, or (uv) only used on the way
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    needed = installed.metadata["Requires-Python"] or ""
    assert SpecifierSet(needed).contains(first_release(supported)), f"{pin}: needs Python {needed}"
