"""A league where only its rules and files are tested: an owner of no weights, and one exploiter of each kind."""

BOTH = {"main_exploiter": 1, "league_exploiter": 1}


class NoWeights:
    """A `Store` that keeps nothing."""

    def freeze(self, player: str, frozen: str) -> None: ...

    def reset(self, player: str) -> None: ...
