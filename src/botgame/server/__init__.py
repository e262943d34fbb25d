"""Matches as commands: `run_match` plays and records them without a window."""
