"""Imports go one way (a static check of every module), and scripted play never loads torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "botgame"
BASE = {
    "bot_names",
    "errors",
    "files",
    "locks",
    "outputs",
    "rng",
    "spec",
    "spec_columns",
    "statistic_z",
    "statistic_z_file",
}
BASE |= {
    "cli",
    "game",
    "json_reading",
    "ports",
    "sealed_struct",
    "seals",
    "signals",
    "standings",
    "streams",
    "threads",
    "wording",
}
PLAY = {"match_batch", "noise", "play", "setups", "policies", "trained_bots", "levels", "handicapped"}
PLAY |= {"bot_file", "families", "seat_limits"}
TABLES = {"lms.numbers", "lms.rules", "lms.actions", "lms.fields", "lms.spec"}  # what the arena is made of, as data
ARENA = TABLES | {"rng", "spec", "source_cache", "threads", "lms.simulation"}
# What each part may import of ours, itself aside. A part that is not listed fails the test.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "bot_names": {"errors"},
    "files": {"errors"},
    "locks": {"errors"},
    "ports": set(),
    "seals": set(),
    "signals": set(),
    "json_reading": set(),
    "outputs": {"errors", "json_reading"},
    "rng": set(),
    "wording": set(),
    "spec": {"json_reading"},
    "spec_columns": {"spec"},
    "statistic_z": set(),
    "statistic_z_file": {"errors", "files", "json_reading", "statistic_z"},
    "streams": set(),
    "cli": {"errors", "signals", "streams"},
    "ratings": {"errors"},
    "standings": set(),
    "source_cache": {"errors", "files", "locks", "seals"},
    "threads": set(),
    "onnx_session": {"errors"},
    "feedback": {"errors", "files", "json_reading", "seals", "spec", "wording"},
    "policy_readout": {"files", "seals"},
    "learning_command": {"cli", "feedback"},
    # What a game is, how one is found, and matches of any game.
    "game": {"bot_names", "errors", "spec", "statistic_z"},
    "games": {"errors", "game", "game_check"},
    "action_check": {"errors", "game", "spec"},
    "game_check": {"errors", "game", "rng"},
    "setups": {"rng", "game"},
    "match_batch": {"rng", "errors", "game"},
    "seat_limits": {"errors", "game"},
    "bot_answer": {"errors", "game"},
    "play": {"bot_answer", "errors", "game", "match_batch", "seat_limits"},
    "own_bot": {"bot_answer", "errors", "game", "seat_limits", "spec"},
    "noise": {"bot_names", "errors", "game", "rng", "seat_limits"},
    "trained_bots": {"bot_names", "errors", "files", "game"},
    "levels": {"bot_names", "errors", "game", "sealed_struct", "trained_bots"},
    "handicapped": {"game", "noise", "seat_limits"},
    "families": {"errors", "game", "rng"},
    "bot_file": {"errors", "game", "families", "sealed_struct"},
    "sealed_struct": {"files", "json_reading", "seals"},
    "policies": {"bot_file", "families", "own_bot"}
    | {"bot_names", "errors", "game", "games", "noise", "levels", "handicapped", "seat_limits", "trained_bots"},
    "onnx_policy": {"errors", "json_reading", "seals", "rng", "spec", "spec_columns", "onnx_session", "game"},
    "recordings": {"action_check", "errors", "files", "game", "json_reading", "match_batch", "seals", "wording"}
    | {"games", "play", "policies", "rng", "setups"},  # its command
    "record": {"cli", "recordings"},
    "datasets": {"adapters", "envs", "errors", "files", "game", "games", "recordings", "standings", "wording"},
    "minari": {"cli", "datasets"},
    "adapters": {"action_check", "bot_names", "rng", "errors", "spec", "game", "standings", "streams", "wording"},
    "envs": PLAY
    | {"action_check", "rng", "errors", "spec", "game", "games", "wording"},  # what a learner plays in, of any game
    # The arena.
    "lms": BASE
    | ARENA
    | {"lms.observing", "lms.replay", "lms.statistic_z"}
    | {"families", "lms.bots.expert.answering", "lms.bots.expert.family"},
    "lms.numbers": set(),
    "lms.rules": {"lms.numbers"},
    "lms.actions": set(),
    "lms.fields": {"lms.rules"},
    "lms.spec": {"spec", "lms.rules", "lms.fields"},
    "lms.simulation": ARENA,
    "lms.observing": ARENA,
    "lms.bots": ARENA | {"families", "game", "errors", "lms.observing"},
    "lms.replay": BASE | ARENA | {"lms.arena", "lms.statistic_z", "policy_readout"},
    "lms.statistic_z": BASE | ARENA | {"lms.arena"},
    "replay": {"policy_readout", "cli", "errors", "files", "outputs", "lms.replay", "lms.statistic_z", "lms"},
    # The live server: the wire, what matches leave behind, rooms without sockets or clock, sockets and pages, commands.
    "server.protocol": {"lms.rules"},
    "server.metrics": set(),
    "server.options": {"lms.rules"},
    "server.schools": {"rng", "lms.rules"},
    "server.forfeits": set(),
    "server.records": BASE | {"feedback", "policies", "policy_readout", "lms", "server.protocol", "server.forfeits"},
    "server.rooms": BASE
    | PLAY
    | {
        "feedback",
        "lms",
        "server.protocol",
        "server.metrics",
        "server.records",
        "server.schools",
        "server.forfeits",
    },
    "server.hosting": BASE | PLAY | {"policy_readout", "lms", "server"},
    "server": BASE
    | PLAY
    | {"feedback", "learning_command", "lms", "server.hosting", "server.options", "server.schools"},
    "live": BASE | PLAY | {"feedback", "learning_command", "lms", "server.protocol"},
    # Training knows no game.
    "training.alphastar": BASE - {"cli"} | {"ratings", "source_cache", "onnx_session", "play", "handicapped"},
    "training": BASE
    | PLAY
    | {
        "games",
        "threads",
        "policy_readout",
        "ratings",
        "recordings",
        "source_cache",
        "onnx_session",
        "onnx_policy",
        "feedback",
        "learning_command",
        "training.alphastar",
    },
    "quickstart": {"errors", "cli", "signals"},
}
NUMPY_ONLY = {f"training/alphastar/league/{name}.py" for name in ("matchmaking", "league", "payoff")}
MODULES = sorted(p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py") if str(p.relative_to(PACKAGE)) != "__init__.py")


def parts_of(module: str) -> list[str]:
    """The listed parts that `botgame.a.b.c` lies in, the innermost first."""
    words = module.split(".")[1:]
    return [name for k in range(len(words), 0, -1) if (name := ".".join(words[:k])) in ALLOWED]


def allowed(module: str, own: str) -> bool:
    """Whether part `own` may import `module`: its part, one around it, or the module by its own name is listed."""
    return own in parts_of(module)[:1] or bool({*parts_of(module), module.removeprefix("botgame.")} & ALLOWED[own])


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
    own = parts_of("botgame." + ".".join(path.with_suffix("").parts))[0]
    for name in imports(path):
        if name.startswith("botgame."):
            assert allowed(name, own), f"{path} imports {name}"


def test_no_two_parts_import_each_other() -> None:
    """A part and what lies inside it may: a folder's modules are one part."""

    def nested(one: str, two: str) -> bool:
        return f"{one}.".startswith(f"{two}.") or f"{two}.".startswith(f"{one}.")

    assert [
        (one, two)
        for one, mine in ALLOWED.items()
        for two in mine
        if one in ALLOWED.get(two, ()) and not nested(one, two)
    ] == []


@pytest.mark.parametrize("path", sorted(NUMPY_ONLY))
def test_league_logic_is_numpy_only(path: str) -> None:
    assert not {name for name in imports(Path(path)) if name.split(".")[0] == "torch"}


@pytest.mark.parametrize("part", ["lms", "server", "live"])
def test_lower_layers_are_torch_free(part: str) -> None:
    for path in MODULES:
        if path.parts[0] == part:
            assert "torch" not in {name.split(".")[0] for name in imports(path)}, path


def test_the_recorded_match_command_never_loads_torch() -> None:
    code = "import sys, botgame.server.run_match as m; m.build_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_the_engine_of_a_cluster_imports_ray() -> None:
    """And only what Ray itself starts, or a run that asks for it, imports that engine."""
    engine = "botgame.training.alphastar.engine"
    theirs = {f"{engine}.{name}" for name in ("ray_actor", "ray_cluster", "ray_engine", "ray_flights", "ray_parts")}
    for path in MODULES:
        name, found = "botgame." + ".".join(path.with_suffix("").parts), imports(path)
        if "ray" in {each.split(".")[0] for each in found}:
            assert name in (f"{engine}.ray_actor", f"{engine}.ray_cluster"), path
        if found & theirs:
            assert name in {*theirs, f"{engine}.engine"}, path
    at_its_top = ast.parse((PACKAGE / "training/alphastar/engine/engine.py").read_text(encoding="utf-8")).body
    assert not {node.module for node in at_its_top if isinstance(node, ast.ImportFrom)} & theirs
