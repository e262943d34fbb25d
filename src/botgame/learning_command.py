"""The one command with which a bot learns from a live session, as the programs print it when the session ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from botgame.cli import command_line
from botgame.feedback import HUMAN, TAKEN_OVER, MatchRecord, read_manifests

MODULE = "botgame.training.learn_from_live"
DATA, REPORTS, FEEDBACK = Path("data/processed"), Path("reports/live"), Path("reports/feedback_training/live")
_LEARNER = "champion"  # where people met no network


def session_records(folder: Path) -> list[MatchRecord]:
    """The matches that a session has noted in `folder`."""
    return [entry.value for entry in read_manifests(folder).entries if isinstance(entry.value, MatchRecord)]


def learning_command(
    records: Sequence[MatchRecord], networks: Collection[str], folders: tuple[Path, Path, Path], *, commented: bool
) -> str:
    """The command line for the network that people met most; "" where nobody played, corrected or marked.

    records: of the session; networks: names of the bots that can learn; folders: of replays, manifests and feedback;
    commented: people corrected or marked something.
    """
    data, reports, feedback = folders
    played = [record for record in records if any(seat.backend in (HUMAN, TAKEN_OVER) for seat in record.seats)]
    if not played and not commented:
        return ""
    met = Counter(policy for record in played for policy in {seat.policy for seat in record.seats} & set(networks))
    learner = max(sorted(met), key=lambda name: met[name], default=_LEARNER)
    places = (
        ("--data-dir", data, DATA),
        ("--reports-live-dir", reports, REPORTS),
        ("--feedback-dir", feedback, FEEDBACK),
    )
    own = [word for flag, path, usual in places if path != usual for word in (flag, str(path))]
    return command_line(["python", "-m", MODULE, "--bot", learner, *own])


def learning_lines(command: str) -> list[str]:
    """What to print of it: nothing for ""."""
    return ["to let a bot learn from what people did here:", f"  {command}"] if command else []
