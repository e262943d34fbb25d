"""Imports go one way (a static check of every module), and scripted play never loads torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "botgame"
BASE = {"errors", "files", "rng", "spec", "style", "style_file", "cli"}
# What each part may import of ours, itself aside. A part that is not listed fails the test.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "rng": set(),
    "spec": set(),
    "style": set(),
    "style_file": {"errors", "files", "style"},
    "cli": {"errors"},
    "ratings": {"errors"},
    "source_cache": set(),
    "onnx_session": {"errors"},
    "feedback": {"errors", "files", "spec"},
    "game": {"rng", "spec", "source_cache"},
    "bots": {"errors", "rng", "spec", "onnx_session", "game"},
    "replay": {"errors", "files", "cli", "spec", "style", "style_file", "rng", "game"},
    "match": {"errors", "rng", "spec", "game", "bots", "replay"},
    "server": BASE | {"ratings", "feedback", "game", "bots", "replay", "match"},
    "live": BASE | {"feedback", "game", "bots", "match", "server.protocol"},
    "training.alphastar": BASE - {"cli"} | {"ratings", "source_cache", "onnx_session"},
    "quickstart": {"errors", "cli"},
    "training": BASE | {"ratings", "onnx_session", "feedback", "game", "bots", "replay", "match", "training.alphastar"},
}
NUMPY_ONLY = {"training/alphastar/matchmaking.py", "training/alphastar/league.py", "training/alphastar/payoff.py"}
MODULES = sorted(p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if str(p.relative_to(PACKAGE)) != "__init__.py")


def part_of(module: str) -> str:
    """`botgame.training.alphastar.actor` -> `training.alphastar`, `botgame.game.rules` -> `game`."""
    words = module.split(".")[1:]
    return "training.alphastar" if words[:2] == ["training", "alphastar"] else words[0]


def allowed(module: str, own: str) -> bool:
    """Whether `own` may import `module`; a part, or one module of it (the protocol, without the server), is listed."""
    return part_of(module) == own or bool({part_of(module), module.removeprefix("botgame.")} & ALLOWED[own])


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            package = base.split(".")[0] == "botgame" and PACKAGE.parent.joinpath(*base.split(".")).is_dir()
            found |= {f"{base}.{alias.name}" for alias in node.names} if package else {base}
    return found


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_follow_the_layers(path: Path) -> None:
    if path.parts[0] == "__main__.py":
        return  # the botgame command may import every command
    own = part_of("botgame." + ".".join(path.with_suffix("").parts))
    for name in imports(path):
        if name.startswith("botgame."):
            assert allowed(name, own), f"{path} imports {name}"


@pytest.mark.parametrize("path", sorted(NUMPY_ONLY))
def test_league_logic_is_numpy_only(path: str) -> None:
    assert not {name for name in imports(Path(path)) if name.split(".")[0] == "torch"}


@pytest.mark.parametrize("part", ["game", "replay", "bots", "server", "live"])
def test_lower_layers_are_torch_free(part: str) -> None:
    for path in MODULES:
        if path.parts[0] == part:
            assert "torch" not in {name.split(".")[0] for name in imports(path)}, path


def test_the_recorded_match_command_never_loads_torch() -> None:
    code = "import sys, botgame.server.run_match as m; m.build_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
