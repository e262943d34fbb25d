"""A PettingZoo environment whose agents have different actions."""

from outside_games import Unlike as parallel_env  # noqa: F401, N813
