"""Replay files: seed, rules and accepted actions, from which everything else is simulated again."""
