"""The records of finished matches: archive, leaderboard, list of replays, policy readouts."""
