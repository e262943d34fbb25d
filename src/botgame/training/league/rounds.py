"""What happens when a round of the league ends: main agents are evaluated and the best version is kept.

Every main agent meets the anchor bot, its own past selves and the best version so far; after the last round the
players meet each other. Matches between players of the league go to the match file, marked as evaluation.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import Any

from botgame import rng
from botgame.lms.match_batch import Ended
from botgame.lms.rules import TICKS_PER_SECOND
from botgame.training.alphastar.league.league import League
from botgame.training.evaluation.duels import Tally, tally
from botgame.training.evaluation.held_out import BEST, YARDSTICK, Best, evaluation_lines, evaluation_metrics, is_better
from botgame.training.league import evaluation as league_evaluation
from botgame.training.league.files import EVALUATION, Game, MatchLog
from botgame.training.league.players import Players


class RoundEnd:
    """Evaluates at the end of rounds; `bests`: the best version of each main agent so far."""

    def __init__(
        self,
        options: argparse.Namespace,
        league: League,
        players: Players,
        log: MatchLog,
        bests: dict[str, Best],
    ) -> None:
        self.bests = bests
        self._options, self._league, self._players, self._log = options, league, players, log
        self._duration = options.episode_duration * TICKS_PER_SECOND

    def evaluate(self, round_number: int, iteration: int, *, last: bool) -> dict[str, Any]:
        """Play all evaluation matches of the round (`last`: the cross-play as well); returns metrics."""
        started = time.perf_counter()
        metrics: dict[str, Any] = {}
        for name in self._league.mains:
            tallies = self._evaluate(name, round_number, iteration)
            print(f"round {round_number}: {name}\n" + "\n".join(evaluation_lines(tallies)))
            metrics |= {f"{name}/{key}": value for key, value in evaluation_metrics(tallies).items()}
        if last:
            self._log.append(EVALUATION, round_number, iteration, self._cross_play())
        return metrics | {"time_evaluation": time.perf_counter() - started}

    def _evaluate(self, name: str, round_number: int, iteration: int) -> Mapping[str, Tally]:
        options, players = self._options, self._players
        past = league_evaluation.chosen_past(self._league, name, options.past_selves)
        rivals = {away: players.policy(away) for away in (YARDSTICK, *past)}
        matches = dict.fromkeys(past, options.past_matches) | {YARDSTICK: options.eval_matches}
        best = self.bests.get(name)
        if best:
            rivals[BEST] = players.around(best.weights, BEST, name)
            matches[BEST] = options.eval_matches
        seed = rng.derive(options.seed, round_number)  # other seeds each round, so that rounds are independent
        ended = league_evaluation.against_each(
            players.policy(name), rivals, matches, seed=seed, duration_ticks=self._duration
        )
        for away in (YARDSTICK, *past):
            self._log.append(EVALUATION, round_number, iteration, _games(name, away, ended[away]))
        tallies = {away: tally(matches_of) for away, matches_of in ended.items()}
        if is_better(tallies, best):
            state = players.networks[name].state_dict()
            weights = {key: tensor.detach().cpu().clone() for key, tensor in state.items()}
            self.bests[name] = Best(iteration, tallies[YARDSTICK].win_rate, weights)
        return tallies

    def _cross_play(self) -> list[Game]:
        options = self._options
        names = league_evaluation.chosen_population(self._league, YARDSTICK, options.cross_play_players)
        policies = {name: self._players.policy(name) for name in names}
        played = league_evaluation.cross_play(
            policies, options.cross_play_matches, seed=options.seed, duration_ticks=self._duration
        )
        return [_game(home, away, min(match.setup.players), match) for home, away, match in played]


def _games(home: str, away: str, ended: Sequence[Ended]) -> list[Game]:
    return [_game(home, away, 0, match) for match in ended]


def _game(home: str, away: str, player: int, match: Ended) -> Game:
    result = league_evaluation.result_for(match, player)
    return Game(home, away, result, match.setup.seed, int(match.outcome.ticks))
