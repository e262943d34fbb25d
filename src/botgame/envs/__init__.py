"""The arena for learners that others wrote: environments of Gymnasium and PettingZoo over one batched core.

`import botgame.envs` registers `botgame/Duel-v0` and `botgame/Royale-v0`; docs/your_learner.md shows the use.
`botgame.envs.learner_matches` is the core, which needs neither library.
"""

from __future__ import annotations

import importlib.util

IDS = {"botgame/Duel-v0": "duel", "botgame/Royale-v0": "royale"}
"""The environments, and the function of `botgame.envs.making` that makes each; `FUNCTION_vector` makes a batch."""


def register() -> None:
    """Make Gymnasium know our environments; nothing where it is not installed, or knows them already."""
    if importlib.util.find_spec("gymnasium") is None:
        return
    from gymnasium.envs import registration

    for name, function in IDS.items():
        if name not in registration.registry:
            place = f"botgame.envs.making:{function}"
            registration.register(name, entry_point=place, vector_entry_point=f"{place}_vector")


register()
