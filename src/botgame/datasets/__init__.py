"""Recorded play as datasets of Minari, out and in. Minari is imported when a command asks for it."""
