"""Measuring strength: mirrored matches, placings, ratings, tables."""
