"""The arena "last mage standing" as a `botgame.game.Game`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from botgame.game import ActionCaps, Game, Handicap, Policy, Scratch, StatisticZ
from botgame.lms.arena_simulation import ArenaSimulation, HealthLeadSimulation
from botgame.lms.bots.expert.family import SCRIPTED_FAMILY
from botgame.lms.champion import CHAMPIONS
from botgame.lms.demonstrations import ArenaDemonstrations
from botgame.lms.drawing import draw
from botgame.lms.replay.format import Replay, read, write
from botgame.lms.replay.record import Recorder
from botgame.lms.replay.showing.picture import picture
from botgame.lms.rules import MAX_SEATS, MIN_SEATS, SCHOOLS, TICKS_PER_SECOND, VERBS, Rules
from botgame.lms.simulation.state import MAX_REACTION, STAMPS, UNCAPPED
from botgame.lms.spec import ARENA_SPEC
from botgame.lms.statistic_z.definition import ARENA_Z_SPEC
from botgame.lms.statistic_z.meter import ArenaMeter

EXPERT = "lms_re"
STYLES = ("rusher", "kiter", "looter", "camper")
DURATION_SECONDS = 120
# At random a mage hardly ever shoots at an enemy in sight, decides too rarely to dodge, and changes its direction so
# often that its cap on actions is used up.
SCRATCH = Scratch(
    simulate=HealthLeadSimulation,
    opponents={"legacy": 0.2, f"{EXPERT}~0.4": 0.2, f"{EXPERT}~0.2": 0.2, f"{EXPERT}~0.1": 0.15, EXPERT: 0.25},
    reward_weights={"damage": 1.0},
    logits={"target": (-3.0,), "delay": (-2.0, 0.0, 2.0, 2.0, 1.0, 0.0, -2.0, -3.0)},
    scalar_logits={"move": (2.5,)},  # of the direction that is held
)
# The champion's levels, some 90 to 200 points apart. A tick of reaction costs it as much, down to a person's 300 ms.
HANDICAPS = (
    Handicap("for a first match: slow, does little, some of it at random", chance=0.05, action_cap=8, reaction_ticks=9),
    Handicap("slow, and does very little", action_cap=8, reaction_ticks=9),
    Handicap("slow, and does little", action_cap=10, reaction_ticks=9),
    Handicap("slow, and holds back", action_cap=14, reaction_ticks=9),
    Handicap("plays like the champion, with a person's reaction", reaction_ticks=9),
    Handicap("with the reaction of a quick person", reaction_ticks=8),
    Handicap("a little faster than most people", reaction_ticks=7),
    Handicap("faster than people", reaction_ticks=6),
    Handicap("a tick slower than the champion", reaction_ticks=5),
    Handicap("the champion itself"),
)
_BOTS = {
    "idle": "idle:idle",
    "random": "uniform:uniform",
    "legacy": "legacy:legacy",
    EXPERT: "expert.expert:lms_re",
    **{name: f"expert.expert:{name}" for name in STYLES},
}


def lms() -> Game:
    """The game under the rules of this release."""
    return Game(
        name="lms",
        spec=ARENA_SPEC,
        simulate=ArenaSimulation,
        bots={name: _factory(path) for name, path in _BOTS.items()},
        yardsticks=(EXPERT, "random"),
        opponents={"self": 0.2, "past": 0.15, EXPERT: 0.4, **dict.fromkeys(STYLES, 0.0625)},
        seat_numbers=tuple(range(MIN_SEATS, MAX_SEATS + 1)),
        factions=SCHOOLS,
        duration_ticks=DURATION_SECONDS * TICKS_PER_SECOND,
        rules=Rules().to_dict(),
        counted=VERBS,
        checkpoints=CHAMPIONS,
        reward_weights={"damage": 0.5},
        action_caps=ActionCaps(STAMPS, UNCAPPED),
        statistic_z=StatisticZ(ARENA_Z_SPEC, lambda simulation: ArenaMeter(simulation.arena)),
        demonstrations=ArenaDemonstrations(),
        picture=lambda path: picture(read(path)),
        draw=lambda simulation, slot: draw(simulation.arena.state, slot),
        recorder=_recorder,
        out=lambda simulation: simulation.arena.state.mages["alive"] == 0,
        scratch=SCRATCH,
        handicaps=HANDICAPS,
        usual_reaction=Rules().reaction_ticks,
        slowest_reaction=MAX_REACTION,
        families={"scripted": SCRIPTED_FAMILY},
        corrects_actions=True,
    )


def _recorder(simulation: ArenaSimulation, names: Sequence[str], folder: Path) -> Recorder:
    """Writes a replay of every match that ends into `folder`."""

    def save(_episode: int, replay: Replay) -> None:
        write(folder, replay)

    return Recorder(simulation.arena, names, save)


def _factory(path: str) -> Callable[[], Policy]:
    """The bot at `module:function` below `botgame.lms.bots`, imported when it is made."""

    def make() -> Policy:
        module, _, function = path.partition(":")
        policy: Policy = getattr(importlib.import_module(f"botgame.lms.bots.{module}"), function)()
        return policy

    return make
