"""Actors: many matches in one batch, opponents, and the sequences that come out."""
