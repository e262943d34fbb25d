"""The last lines of a test run say which tests needed what this machine has not got."""

import pytest

NO_BROWSER = "no Chromium, Chrome or Edge on this machine"
FETCH = "python -m playwright install --with-deps chromium"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session):
    """After pytest's own last line."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    count = sum(NO_BROWSER in str(report.longrepr) for report in reporter.stats.get("skipped", [])) if reporter else 0
    if count:
        reporter.ensure_newline()
        reporter.write_line(f"{count} browser tests were skipped: {NO_BROWSER}. To run them too:")
        reporter.write_line(f"  {FETCH}")
    return result
