"""Recorded matches of any game: the seed and every decision, from which a match is played again exactly.

A game with demonstrations of its own does not use this.
"""
