"""What happens when a round of the league ends: main agents are evaluated and the best version is kept.

Every main agent meets the game's yardstick, its own past selves and the best version so far; after the last round the
players meet each other. Matches between players of the league go to the match file, marked as evaluation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botgame import rng
from botgame.game import Ended
from botgame.training.alphastar.league.league import League
from botgame.training.evaluation.duels import DUEL, Tally, tally
from botgame.training.evaluation.held_out import (
    BEST,
    Best,
    evaluation_lines,
    evaluation_metrics,
    is_better,
    successor,
)
from botgame.training.league import evaluation as league_evaluation
from botgame.training.league.files import EVALUATION, GameRecord, MatchLog
from botgame.training.league.players import Players
from botgame.training.league.setting import LeagueSetting

_CROSS_PLAY = 0x63726F7373  # purpose of the cross-play's random key


class RoundEnd:
    """Evaluates at the end of rounds; `bests`: the best version of each main agent so far."""

    def __init__(
        self,
        setting: LeagueSetting,
        league: League,
        players: Players,
        log: MatchLog,
        bests: dict[str, Best],
    ) -> None:
        self.bests = bests
        self._setting, self._league, self._players, self._log = setting, league, players, log

    def evaluate(self, round_number: int, iteration: int, *, last: bool) -> dict[str, Any]:
        """Play all evaluation matches of the round (`last`: the cross-play as well); returns metrics."""
        started = time.perf_counter()
        metrics: dict[str, Any] = {}
        for name in self._league.mains:
            tallies = self._evaluate(name, round_number, iteration)
            print(f"round {round_number}: {name}\n" + "\n".join(evaluation_lines(tallies)))
            metrics |= {f"{name}/{key}": value for key, value in evaluation_metrics(tallies).items()}
        if last:
            self._log.append(EVALUATION, round_number, iteration, self._cross_play(iteration))
        return metrics | {"time_evaluation": time.perf_counter() - started}

    def _evaluate(self, name: str, round_number: int, iteration: int) -> Mapping[str, Tally]:
        setting, plan, players = self._setting, self._setting.evaluation, self._players
        yardstick = setting.game.yardstick
        past = league_evaluation.chosen_past(self._league, name, plan.past_selves)
        rivals = {away: players.policy(away) for away in (yardstick, *past)}
        matches = dict.fromkeys(past, plan.past_matches) | {yardstick: plan.matches}
        best = self.bests.get(name)
        if best:
            rivals[BEST] = players.around(best.weights, BEST, name)
            matches[BEST] = plan.matches
        seed = self._seed(round_number, iteration)
        ended = league_evaluation.against_each(
            setting.game, players.policy(name), rivals, matches, seed=seed, duration_ticks=setting.duration_ticks
        )
        for away in (yardstick, *past):
            self._log.append(EVALUATION, round_number, iteration, _games(name, away, ended[away]))
        tallies = {away: tally(setting.game, matches_of) for away, matches_of in ended.items()}
        if is_better(tallies, best, yardstick):
            state = players.networks[name].state_dict()
            weights = {key: tensor.detach().cpu().clone() for key, tensor in state.items()}
            self.bests[name] = successor(best, iteration, tallies[yardstick].win_rate, weights)
        return tallies

    def _seed(self, round_number: int, iteration: int) -> int:
        """Others each round, so that rounds are independent, and in a round that ends early: it may be extended."""
        early = iteration % self._setting.schedule.iterations_per_round
        return rng.derive(self._setting.seed, round_number, *([iteration] if early else []))

    def _cross_play(self, iteration: int) -> list[GameRecord]:
        """After `iteration`. An extended league has another one, on other seeds, else frozen players repeat matches."""
        setting, plan = self._setting, self._setting.evaluation
        names = league_evaluation.chosen_population(self._league, setting.game.yardstick, plan.cross_play_players)
        policies = {name: self._players.policy(name) for name in names}
        seed = rng.derive(setting.seed, _CROSS_PLAY, iteration)
        played = league_evaluation.cross_play(
            setting.game, policies, plan.cross_play_matches, seed=seed, duration_ticks=setting.duration_ticks
        )
        return [_game(home, away, min(match.setup.players), match) for home, away, match in played]


def _games(home: str, away: str, ended: Sequence[Ended]) -> list[GameRecord]:
    return [_game(home, away, 0, match) for match in ended]


def _game(home: str, away: str, player: int, match: Ended) -> GameRecord:
    seed, ticks, players = match.setup.seed, match.outcome.ticks, match.setup.players
    if len(players) > DUEL:
        names = [home if number == player else away for number in players]
        return GameRecord(home, "", 0, seed, ticks, tuple(zip(names, match.outcome.places.tolist(), strict=True)))
    return GameRecord(home, away, league_evaluation.result_for(match, player), seed, ticks)
