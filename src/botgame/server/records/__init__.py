"""What finished matches leave behind: archive, leaderboard, replays."""
