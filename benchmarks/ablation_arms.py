"""The arms of the ablations: what each one changes, and the exact commands that make and measure it.

After Fig. 3 of Vinyals et al. (Nature 575, 2019), where main agents alone train against themselves and their past. So
here: no arm but the league's meets a scripted bot in training, and `lms_re` stays a yardstick. Every arm is made by the
commands that a user has. An arm's seed seeds all of its commands, and those of the arms that it starts from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from botgame.training.league.files import read_state
from exploiters import EXPLOITERS

Kind = Literal["imitation", "rl", "league", "response"]
EXPLOITER_SHARE = 0.25  # of the main agent's matches, for each exploiter
MOST_PAST = 4  # past selves that a final agent meets
YOUNGEST = 0.9  # of a run: a later copy of a league's main agent is nearly the final one, and says nothing of the past
IMITATION = "imitation"


class Arm(NamedTuple):
    """One way to train.

    start: the arm whose checkpoint it starts from; target: whom a best response is sought to; exploiters: how many
    learn beside the main agent; price: CPU time of a main agent's decision, with all that is spent beside it, 1 for
    self-play. Leagues take equal CPU time by it: those of `main-only`, `full-league`, `fictitious` and `pfsp` are
    measured (docs/LOG.md, 2026-11-29 and 30), the others are guesses, which the CPU minutes in the table check. All
    other arms have 1, so equal decisions.
    """

    name: str
    kind: Kind
    text: str
    flags: tuple[str, ...] = ()
    start: str = ""
    target: str = ""
    exploiters: int = 0
    price: float = 1.0

    @property
    def needs(self) -> tuple[str, ...]:
        """Arms that must be there before this one, with the same seed."""
        yardstick = "" if self.name == IMITATION or self.kind == "response" else IMITATION
        return tuple(dict.fromkeys(name for name in (self.start, self.target, yardstick) if name))


@dataclass(frozen=True)
class Plan:
    """Sizes that all arms share: decisions of a run of price 1, of a best response, epochs, matches of each measure."""

    folder: Path
    data: Path
    budget: int = 600_000
    response_budget: int = 150_000
    epochs: int = 10
    matches: int = 300
    extra: tuple[str, ...] = ()  # further flags of every trainer, for tiny runs

    def decisions(self, arm: Arm) -> int:
        """Those of an arm's main agent: as many as the budget buys at the arm's price."""
        return round(self.budget / arm.price)

    def home(self, arm: str, seed: int) -> Path:
        """Folder of a run."""
        return self.folder / "runs" / arm / f"seed{seed}"

    def final(self, arm: Arm, seed: int) -> Path:
        """The checkpoint that a run ends with."""
        names = {"league": "main.pt", "response": "supervised/best_response.best.pt"}
        return self.home(arm.name, seed) / names.get(arm.kind, "pi.pt")


ONE_CORE = ("--threads", "1", "--cpu")
_PAPER = {"--kl-end": "1", "--upgo-cost": "1"}  # of every learner whose arm says nothing else
_RL = (
    *("--opponents", "self=0.5,past=0.5", "--snapshot-every", "5", "--eval-every", "0", "--eval-matches", "2"),
    *("--save-every", "10", "--keep", "0", "--matchmaking", "fixed"),
)
_LEAGUE = (
    *("--rounds", "1000", "--rl-iterations-per-round", "20", "--actor-rollouts", "4", "--scripted-players", ""),
    *("--eval-matches", "2", "--past-selves", "0", "--cross-play-players", "2", "--cross-play-matches", "2"),
    *("--save-every", "10",),
    # What fits leagues of this size; the defaults are for more than ten times the decisions.
    *("--matches-per-actor", "64", "--exploiter-share", str(EXPLOITER_SHARE), "--lr-fall", "linear", "--lr-end", "0.1"),
)  # fmt: skip
_OURS = ("--upgo-cost", "0", "--kl-end", "0.05")  # today's defaults, in place of the paper's weights
_Z = ("--z-opening", "0.8", "--z-totals", "0.5")

LEAGUE_ARMS = (
    "self-play", "prioritised", "main-only", "with-main-exploiters", "full-league", "prioritised-league",
)  # fmt: skip


def _rl(name: str, text: str, *flags: str, start: str = IMITATION) -> Arm:
    return Arm(name, "rl", text, flags, start)


def _league(name: str, text: str, rules: str, *, exploiters: int = 0, price: float = 1.0) -> Arm:
    flags = ("--matchmaking", rules, *EXPLOITERS[: 2 * exploiters], *_OURS)
    return Arm(name, "league", text, flags, IMITATION, exploiters=exploiters, price=price)


def _response(target: str, *flags: str, name: str = "", text: str = "") -> Arm:
    return Arm(name or f"response-{target}", "response", f"best response to `{target}`{text}", flags, IMITATION, target)


# The most informative first: an interrupted sitting has made the first arms with the first seeds.
ARMS = (
    Arm(IMITATION, "imitation", "imitation only"),
    _rl("kl", "RL from imitation, KL to it"),
    _rl("no-kl", "RL from imitation, no KL", "--kl-cost", "0"),
    Arm("scratch", "rl", "no imitation: RL from random weights", ("--scratch", "small")),
    _league("self-play", "the main agent alone, naive self-play", "self-play"),
    _league("prioritised", "the main agent alone, our opponents (prioritised)", "prioritised", price=1.1),
    _league("main-only", "the main agent alone, AlphaStar's opponents", "pseudocode", price=1.2),
    _league("with-main-exploiters", "AlphaStar's: + main exploiter", "pseudocode", exploiters=1, price=1.65),
    _league("full-league", "AlphaStar's: + main and league exploiter", "pseudocode", exploiters=2, price=2.1),
    _league("prioritised-league", "ours: + main and league exploiter", "prioritised", exploiters=2, price=2.0),
    _rl("strong-kl", "RL from imitation, ten times the KL", "--kl-cost", "2e-3"),
    _rl("low-cap", "at most 11 actions in 5 s instead of 22", "--action-cap", "11"),
    _rl("no-cap", "no cap: actions 0.1 s apart, up to 50 in 5 s", "--action-cap", "none"),
    _rl("falling-kl", "RL from imitation, KL to it falling to a twentieth", "--kl-end", "0.05"),
    _rl("own-critic", "critic without opponent information", "--critic", "own"),
    _rl("no-upgo", "without UPGO", "--upgo-cost", "0"),
    _rl("ours", "without UPGO, KL falling to a twentieth (our defaults)", *_OURS),
    _league("fictitious", "the main agent alone, past selves alike (fictitious self-play)", "fictitious", price=1.35),
    _league("pfsp", "the main agent alone, the harder past selves more often (PFSP)", "pfsp", price=1.3),
    Arm("imitation-z", "imitation", "imitation conditioned on z", _Z),
    _rl("z", "RL from imitation, KL, z followed", "--z-share", "0.9", start="imitation-z"),
    _response("kl"),
    _response("kl", "--critic", "own", name="response-kl-own-critic", text=", its critic without opponent information"),
    *(_response(name, *_OURS) for name in LEAGUE_ARMS),
    Arm("imitation-transformer", "imitation", "imitation, transformer", ("--preset", "small-transformer")),
    _rl("transformer", "transformer over entities", start="imitation-transformer"),
    Arm("imitation-memoryless", "imitation", "imitation, no LSTM", ("--preset", "small-memoryless")),
    _rl("memoryless", "no LSTM", start="imitation-memoryless"),
    Arm("winners", "imitation", "imitation, then its winners alone", ("--winner-epochs", "2")),
    _response("own-critic"),
)
BY_NAME = {arm.name: arm for arm in ARMS}


def chosen(names: list[str]) -> list[Arm]:
    """The arms of these names and all that they need, in the order of `ARMS`; all arms without names."""
    wanted, todo = set(), list(names or BY_NAME)
    while todo:
        arm = BY_NAME[todo.pop()]
        if arm.name not in wanted:
            wanted.add(arm.name)
            todo += arm.needs
    return [arm for arm in ARMS if arm.name in wanted]


def _as_in_paper(arm: Arm) -> list[str]:
    """What the paper has where our defaults differ, so that the other arms differ from `kl` in one number."""
    pairs = {} if arm.kind == "imitation" else _PAPER
    untaught = {"--kl-end"} if "--scratch" in arm.flags else set()
    left_out = {*arm.flags, *untaught}
    return [word for flag, value in pairs.items() if flag not in left_out for word in (flag, value)]


def training(arm: Arm, seed: int, plan: Plan) -> list[str]:
    """Module and arguments that train `arm`; with --resume, so that it also goes on."""
    home, final = plan.home(arm.name, seed), plan.final(arm, seed)
    start = ["--supervised-checkpoint", str(plan.final(BY_NAME[arm.start], seed))] if arm.start else []
    common = [*_as_in_paper(arm), *arm.flags, *plan.extra, *ONE_CORE, "--seed", str(seed), "--resume"]
    if arm.kind == "imitation":
        sizes = ["--epochs", str(plan.epochs), "--eval-every", "0", "--final-matches", "2", "--keep", "1"]
        live = ["--feedback-dir", str(home / "none"), "--reports-live-dir", str(home / "none")]  # replays alone
        words = ["alphastar_imitation", "--data-dir", str(plan.data), *live, "--output", str(final), *sizes]
    elif arm.kind == "rl":
        words = ["alphastar_rl", *start, "--output", str(final), "--decisions", str(plan.budget), *_RL]
    elif arm.kind == "league":
        phases = ["--min-phase-steps", str(plan.budget // 12), "--timeout-steps", str(plan.budget // 6)]
        words = ["alphastar_league", *start, "--output-dir", str(home), "--decisions", str(plan.decisions(arm))]
        words += [*_LEAGUE, *phases]
    else:
        target = str(plan.final(BY_NAME[arm.target], seed))
        sizes = ["--budget", str(plan.response_budget), "--final-matches", str(plan.matches), "--eval-matches", "100"]
        words = ["exploit", target, "--start", "supervised", *start, "--output-dir", str(home), *sizes]
    return [f"botgame.training.{words[0]}", *words[1:], *common]


def measuring(arm: Arm, seed: int, plan: Plan) -> list[str]:
    """Module and arguments that measure the final agent of a run; none for a best response, which measures itself."""
    if arm.kind == "response":
        return []
    rivals = ["lms_re", *(() if arm.name == IMITATION else [str(plan.final(BY_NAME[IMITATION], seed))])]
    rivals += [str(path) for path in past_selves(arm, seed, plan)]
    words = [str(plan.final(arm, seed)), *rivals, "--matches", str(plan.matches), "--seed", str(900_000 + seed)]
    return ["botgame.training.evaluate", *words, "--threads", "1", "--json", str(measured(arm, seed, plan))]


def measured(arm: Arm, seed: int, plan: Plan) -> Path:
    """The file that `measuring` writes."""
    return plan.home(arm.name, seed) / "measured.json"


def past_selves(arm: Arm, seed: int, plan: Plan) -> list[Path]:
    """At most `MOST_PAST` of the frozen selves on disk, oldest first, spread over the run; not the final one.

    Copies of a league's main agent are frozen at any time; one of its last tenth is left out.
    """
    home = plan.home(arm.name, seed)
    if arm.kind == "league":
        found = sorted(home.glob("players/main1.v*.pt"), key=_number)
        if found and _was_just_frozen(home):
            found.pop()
    elif arm.kind == "rl":
        found = sorted(home.glob("pi.iter*.pt"), key=_number)[:-1]
    else:
        return []
    return (
        [found[round(k * (len(found) - 1) / max(1, MOST_PAST - 1))] for k in range(MOST_PAST)]
        if (len(found) > MOST_PAST)
        else found
    )


def _was_just_frozen(home: Path) -> bool:
    main = read_state(home / "league_state.json").league.learners["main1"]
    return main.mark > YOUNGEST * main.steps


def _number(path: Path) -> int:
    return int(re.findall(r"\d+", path.stem)[-1])
