"""A record of wins, draws and losses as an entry of the summary, in plain JSON types."""

from __future__ import annotations

from typing import Any

from botgame.ratings import wilson


def rate_of(wins: int, draws: int, losses: int) -> dict[str, Any]:
    """The counts, and the win rate with its interval."""
    rate = wilson(wins + 0.5 * draws, wins + draws + losses)
    counts = {"wins": wins, "draws": draws, "losses": losses}
    return {**counts, "win_rate": rate.estimate, "low": rate.low, "high": rate.high}
