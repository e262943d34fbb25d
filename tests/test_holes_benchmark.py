"""The benchmark of finding holes reads what `find_holes` has written."""

import json
import sys
from pathlib import Path

import pytest

import holes
from botgame.training.find_holes import build_parser
from botgame.training.holes.command import FIGURES, REPORTS
from botgame.training.runs.target_folder import folder_of


def test_it_reads_the_figures_where_find_holes_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "python -m x --opponents self=0.7,hole-1-of-flawed=0.3"

    def find(words: list[str]) -> int:
        options = build_parser().parse_args(words)
        folder = options.output_dir or REPORTS / folder_of(options.game, options.bot)
        folder.mkdir(parents=True)
        (folder / FIGURES).write_text(json.dumps({"training_command": command}))
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["holes.py", "--output-dir", str(tmp_path)])
    monkeypatch.setattr(holes.find_holes, "main", find)
    for name in ("make_bot", "record_people", "train"):
        monkeypatch.setattr(holes, name, lambda *_: None)
    monkeypatch.setattr(holes, "judge", lambda *_: {})
    holes.main()
    assert json.loads(Path("results.json").read_text())["holes"] == {"training_command": command}
