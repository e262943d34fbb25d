"""Measuring strength: mirrored matches, placings, ratings, tables."""

PARALLEL_MATCHES = 256  # in one batch; here, where --help reads it without NumPy
