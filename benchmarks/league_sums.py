"""Whether the files of a league add up: each match has a number and is counted once, everywhere alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from botgame.training.league.files import TRAINING, read_matches, read_state


def wrong_sums(folder: Path) -> Iterator[str]:
    """What does not add up in a league's files; prints the sums."""
    matches, torn = read_matches(folder / "matches.jsonl")  # raises for a gap in the ids
    trained = [match for match in matches if match.kind == TRAINING]
    state = read_state(folder / "league_state.json")
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    twice = [key for key, count in Counter((match.home, match.seed) for match in trained).items() if count > 1]
    learners = state.league.learners.values()
    sums = {
        "lines of the match file": len(matches) + torn,
        "matches in league_state.json": state.matches,
        "matches in the last line of the metrics": last["matches"],
    }
    training = {
        "training matches": len(trained),
        "episodes of the trainers": sum(last[f"{learner.name}/episodes"] for learner in learners),
        "games of the league": sum(learner.games for learner in learners),
    }
    for counts in (sums, training):
        print("  " + ", ".join(f"{name} {count}" for name, count in counts.items()))
        if len(set(counts.values())) > 1:
            yield f"counts differ: {counts}"
    for learner in learners:
        acted = last[f"{learner.name}/decisions"]
        if learner.steps != acted:
            yield f"{learner.name}: {learner.steps} decisions in the league, {acted} of its trainer"
    if twice:
        yield f"matches that are there twice: {twice}"
