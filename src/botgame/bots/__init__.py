"""Policies that act on observations, and the registry that finds them by name."""
