"""The processes of a run: each acts in its own share of the matches and learns from its own share of the sequences."""
