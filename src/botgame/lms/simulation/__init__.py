"""The arena's compiled, deterministic simulation: one tick is a visible list of phases, each in its own file."""
