"""Conditioning on statistic z: its library, distances and pseudo-rewards."""
