"""One training run on disk: its files, its start, its commits."""
