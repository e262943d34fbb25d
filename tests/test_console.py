"""Names and paths are printed as they are, whatever they look like to the library that draws the tables."""

import ast
import json
from pathlib import Path

import pytest

from botgame.lms.game import lms
from botgame.training import evaluate
from botgame.training.best_response.command import curves_table
from botgame.training.best_response.results import Exploit, Search
from botgame.training.console import description_column, plain_console, say
from botgame.training.evaluation.duels import Tally
from botgame.training.evaluation.figures import standings, versus
from botgame.training.evaluation.placings import Placing
from botgame.training.evaluation.tables import (
    counts_table,
    placings_table,
    ratings_table,
    results_table,
    versus_table,
)
from exploit_points import point_of

SOURCE = Path(evaluate.__file__).resolve().parents[1]
NAMES = ["a[/b].pt", "[bold]c[/].pt", ":bomb:", "[link=x]", "\\[x]"]


def printed(capsys: pytest.CaptureFixture[str], renderable: object) -> str:
    console = plain_console()
    console.width = 200
    console.print(renderable)
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def tables() -> dict[str, object]:
    """Every table, with these names in it."""
    verbs = lms().counted
    tally = Tally(6, 2, 2, verbs, counts=(90, 3, 1, 0, 0, 0), rival_counts=(5, 0, 0, 0, 0, 0), seconds=300.0)
    pairs = {(a, b): tally for a in range(len(NAMES)) for b in range(a + 1, len(NAMES))}
    placings = {(0, other): Placing(4, ((1.0, 4), (1.0, 4)), 12.0, 90.0) for other in range(1, len(NAMES))}
    point = point_of(3, 400, 6, 1, 3)
    searches = {name: Search(name, 1, 500, [point], point, "a.pt") for name in NAMES}
    return {
        "results": results_table(NAMES, pairs),
        "placings": placings_table(NAMES, placings),
        "ratings": ratings_table(standings(NAMES, pairs, NAMES[0]), NAMES[0]),
        "versus": versus_table(versus(NAMES, [0, 1], [2, 3, 4], pairs, 0)),
        "counts": counts_table(NAMES, verbs, pairs),
        "curves": curves_table(Exploit("lms", "".join(NAMES), "", "r", searches)),
    }


@pytest.mark.parametrize("table", ["results", "placings", "ratings", "counts", "curves"])
def test_every_table_shows_names_as_they_are(table: str, tables, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, tables[table])
    for name in NAMES:
        assert name.rpartition("/")[2] in said


def test_a_mixture_shows_them_too(tables, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, tables["versus"])
    assert any(name.rpartition("/")[2] in said for name in NAMES)


def test_a_table_in_a_file_breaks_no_path(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    path = "a_long_name_" * 9 + ".pt"
    table = counts_table([path], ("bolt",), {})
    plain_console().print(table)
    assert path in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "70")
    plain_console().print(table)
    assert path not in capsys.readouterr().out


def test_lines_and_progress_too(capsys: pytest.CaptureFixture[str]) -> None:
    long = "/".join(NAMES * 20)
    say(plain_console(), long)
    assert capsys.readouterr().out == long + "\n"

    class Task:
        description = long

    assert description_column().render(Task()).plain == long


def test_figures_of_a_name_with_tags_are_printed_and_written(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "bot_with_tags.py").write_text(
        "from botgame.lms.game import lms\n"
        "def make():\n"
        "    policy = lms().bots['random']()\n"
        "    policy.name = 'a[/b].pt'\n"
        "    policy.faction = 'pyromancer'\n"
        "    return policy\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    words = [
        "bot_with_tags:make",
        "idle",
        "--matches",
        "2",
        "--episode-duration",
        "10",
        "--json",
        str(tmp_path / "[x].json"),
    ]
    assert evaluate.main(words) == 0
    assert "a[/b].pt was trained as pyromancer" in capsys.readouterr().out
    assert json.loads((tmp_path / "[x].json").read_text())["policies"] == ["bot_with_tags:make", "idle"]


def test_nobody_else_makes_a_console_that_reads_markup() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.name == "console.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                assert node.func.id != "Console", path
                assert node.func.id != "TextColumn" or given == ["ETA"], path


def test_what_commands_a_terminal_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    say(plain_console(), "person \x1b[2J: 1 match\nof Zoë")
    assert capsys.readouterr().out == "person \\x1b[2J: 1 match\nof Zoë\n"
