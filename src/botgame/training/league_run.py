"""What `alphastar_league` does: learning players take turns, the league's rules decide, rounds end with evaluation.

One *iteration* lets every learning player act and learn once. The resume file is the commit point of everything: the
league's state, each player's trainer with its running matches, and the lengths of the metrics and match files.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from botgame import rng
from botgame.bots.policy import Policy
from botgame.bots.registry import load_policy
from botgame.errors import UserError
from botgame.game.arena_spec import ARENA_SPEC
from botgame.game.rules import TICKS_PER_SECOND, Rules
from botgame.training import league_evaluation
from botgame.training.alphastar.checkpoint import load_checkpoint, save_checkpoint
from botgame.training.alphastar.config import RLConfig
from botgame.training.alphastar.league import League, LeagueConfig, Snapshot
from botgame.training.alphastar.learner import Diverged
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.league_files import EVALUATION, TRAINING, LeagueState, Match, MatchLog, write_state
from botgame.training.league_players import Players
from botgame.training.league_seat import Roster, Seat
from botgame.training.mirrored import tally
from botgame.training.rl_evaluation import (
    BEST,
    YARDSTICK,
    Best,
    evaluation_lines,
    evaluation_metrics,
    is_better,
)
from botgame.training.run import (
    NEUTRAL_FLAGS,
    RunPaths,
    begin,
    choose_device,
    commit,
    resume_command,
    stop_on_interrupt,
)

MODULE = "botgame.training.alphastar_league"
_SECONDS_BETWEEN_LINES = 5.0


@dataclasses.dataclass(frozen=True)
class LeaguePaths:
    """Files of a league beside those of any run."""

    run: RunPaths
    state: Path
    matches: Path
    players: Path

    @staticmethod
    def inside(folder: Path) -> LeaguePaths:
        """All in one folder."""
        names = (folder / "league_state.json", folder / "matches.jsonl", folder / "players")
        return LeaguePaths(RunPaths.inside(folder), *names)


def train(
    options: argparse.Namespace, config: RLConfig, league_config: LeagueConfig, argv: Sequence[str] | None
) -> int:
    """The whole command. Returns the exit code; raises UserError."""
    threads = options.threads or os.cpu_count() or 1
    device = choose_device(options.device, cpu=options.cpu, threads=1)
    paths = LeaguePaths.inside(options.output_dir)
    flags = {name: value for name, value in sorted(vars(options).items()) if name not in NEUTRAL_FLAGS}
    resuming = options.resume and paths.run.resume.exists()
    bots = {name: load_policy(name, str(device)) for name in dict.fromkeys([YARDSTICK, *league_config.scripted])}
    origin = None if resuming else _origin(options.supervised_checkpoint)
    artefacts = [paths.state, paths.matches, paths.players]
    state = begin(paths.run, flags, resume=options.resume, extends=["rounds"], artefacts=artefacts)
    run = LeagueRun(options, config, league_config, paths, state, origin, bots, threads, device)
    try:
        return _train(run, options, paths, flags, state, argv)
    except Diverged as error:
        raise UserError(f"{error}; the last good state is that of the last commit, add --resume") from error
    except OSError as error:
        raise UserError(f"cannot write in {options.output_dir}: {error}; free space, then add --resume") from error
    finally:
        run.close()


def _train(
    run: LeagueRun,
    options: argparse.Namespace,
    paths: LeaguePaths,
    flags: dict[str, Any],
    state: dict[str, Any] | None,
    argv: Sequence[str] | None,
) -> int:
    offset = state["metrics_offset"] if state else 0
    with (
        MetricsWriter(paths.run.metrics, paths.run.tensorboard, offset=offset, step=run.iteration + 1) as writer,
        stop_on_interrupt() as stop,
    ):
        for _ in run.iterations(flags, writer):
            if stop:
                run.commit(flags, writer)
                print(f"stopped after iteration {run.iteration}; go on with: {resume_command(argv, MODULE)}")
                return 130
    print(f"done: {paths.run.checkpoint} after {options.rounds} rounds; report: {_report_command(paths)}")
    return 0


def _report_command(paths: LeaguePaths) -> str:
    return (
        f"python -m botgame.training.report_league --league-state {paths.state} --matches {paths.matches} "
        f"--output {paths.state.with_name('summary.json')}"
    )


def _origin(path: Path) -> dict[str, Any]:
    """What a league needs of the supervised checkpoint, as plain values, so that --resume does not need the file."""
    checkpoint = load_checkpoint(path, ARENA_SPEC)
    if checkpoint.rules and checkpoint.rules != Rules().to_dict():
        print(
            f"warning: {path} was trained under other rule numbers; training goes on under this release's",
            file=sys.stderr,
        )
    return {
        "network": checkpoint.network,
        "weights": checkpoint.weights,
        "lineage": [*checkpoint.lineage, str(path)],
        "rules": Rules().to_dict(),
        "source": str(path),
    }


class LeagueRun:
    """One league in memory, fresh or from the `state` of the last commit."""

    def __init__(
        self,
        options: argparse.Namespace,
        config: RLConfig,
        league_config: LeagueConfig,
        paths: LeaguePaths,
        state: dict[str, Any] | None,
        origin: dict[str, Any] | None,
        bots: dict[str, Policy],
        threads: int,
        device: torch.device,
    ) -> None:
        self._options, self._config, self._paths = options, config, paths
        self._threads, self._device = threads, device
        self._duration = options.episode_duration * TICKS_PER_SECOND
        self._origin: dict[str, Any] = state["origin"] if state else origin or {}
        if state and self._origin["rules"] != Rules().to_dict():
            raise UserError("the league was made under other rule numbers and cannot be resumed; start a new one", 2)
        restart = "main1" if options.exploiter_reset == "main" else None
        self._players = Players(
            paths.players,
            self._origin,
            config,
            bots=bots,
            device=device,
            capacity=options.players_in_memory,
            restart_from=restart,
        )
        self.iteration = int(state["iteration"]) if state else 0
        self._matches = int(state["matches"]) if state else 0
        self._best = Best(**state["best"]) if state and state["best"] else None
        if state:
            self.league = League.from_json(state["league"])
            self._players.keep_only([player.name for player in self.league.frozen if player.parent])
        else:
            self.league = League.start(league_config, options.seed, self._players)
        self._roster = Roster(state["roster"] if state else None)
        seats = state["seats"] if state else {}
        self._seats = {name: self._seat(name, seats.get(name)) for name in self.league.learners}
        self._log = MatchLog(paths.matches, int(state["matches_offset"]) if state else 0)

    @property
    def round(self) -> int:
        """The round of the last iteration done; 0 before the first."""
        per_round: int = self._options.rl_iterations_per_round
        return -(-self.iteration // per_round)

    def iterations(self, flags: dict[str, Any], writer: MetricsWriter) -> Iterator[int]:
        """Train to the last round, yielding after each iteration; logs, evaluates and commits on the way."""
        options, total = self._options, self._options.rounds * self._options.rl_iterations_per_round
        if self.iteration:
            print(f"resuming after iteration {self.iteration} of {total}")
            self.write_artefacts()
        else:
            self._print_start()
        clock = _Clock(self.iteration, total)
        while self.iteration < total:
            self.iteration += 1
            metrics = self._iterate()
            round_ends = self.iteration % options.rl_iterations_per_round == 0
            last = self.iteration == total
            if round_ends:
                metrics |= self._end_round(last=last)
            writer.log(self.iteration, metrics)
            clock.report(self, metrics, force=round_ends)
            if last or self.iteration % options.save_every == 0:
                self.commit(flags, writer)
            yield self.iteration

    def commit(self, flags: dict[str, Any], writer: MetricsWriter) -> None:
        """Make the present state the one to resume from, then write the files that follow from it."""
        self._log.sync()
        state = {
            "origin": self._origin,
            "league": self.league.to_json(),
            "seats": {name: seat.state() for name, seat in self._seats.items()},
            "roster": self._roster.names,
            "iteration": self.iteration,
            "matches": self._matches,
            "matches_offset": self._log.offset,
            "best": self._best.state() if self._best else None,
        }
        finished = self.iteration >= self._options.rounds * self._options.rl_iterations_per_round
        commit(self._paths.run, flags, state, offset=writer.offset, finished=finished)
        self.write_artefacts()

    def write_artefacts(self) -> None:
        """`league_state.json`, `main.pt`, `main.best.pt` and the present weights of every learning player."""
        for name, network in self._players.networks.items():
            checkpoint = self._players.checkpoint(network.state_dict(), self._counters(name))
            save_checkpoint(self._players.path(name), checkpoint)
            if name == self.league.mains[0]:
                save_checkpoint(self._paths.run.checkpoint, checkpoint)
        if self._best:
            best = self._players.checkpoint(self._best.weights, {"iteration": self._best.iteration})
            best.extra["yardstick"] = self._best.yardstick
            save_checkpoint(self._paths.run.best, best)
        done = self.iteration // self._options.rl_iterations_per_round
        state = LeagueState(self.league, YARDSTICK, done, self._options.rounds, self._matches)
        write_state(self._paths.state, state)

    def close(self) -> None:
        """End worker threads and close the match file."""
        self._log.close()
        for seat in self._seats.values():
            seat.trainer.close()

    def _seat(self, name: str, state: dict[str, Any] | None) -> Seat:
        main = self.league.learners[name].role == "main"
        return Seat(
            name,
            self.league,
            self._players,
            self._roster,
            self._config if main else exploiter_config(self._config, self._options.exploiter_share),
            slots=self._options.opponent_slots,
            duration_ticks=self._duration,
            seed=self._options.seed,
            threads=self._threads,
            device=self._device,
            state=state,
        )

    def _iterate(self) -> dict[str, Any]:
        """Every learning player acts and learns once, in turn."""
        metrics: dict[str, Any] = {"round": self.round}
        for name, seat in self._seats.items():
            learner = self.league.learners[name]
            before = seat.trainer.decisions
            done = seat.iterate()
            learner.steps += seat.trainer.decisions - before
            self._report(seat, done.ended)
            event = self.league.review(name, self._players)
            self._start_anew(event)
            metrics |= {f"{name}/{key}": value for key, value in done.metrics.items()}
            metrics |= {f"{name}/copies": learner.copies, f"{name}/resets": learner.resets}
        metrics["matches"] = self._matches
        return metrics

    def _report(self, seat: Seat, ended: Sequence[Any]) -> None:
        """Count this iteration's matches, all before the player is reviewed: a reset must not inherit them."""
        records = []
        for match in ended:
            home, away, result = seat.pairing(match)
            self.league.report(home, away, result)
            records.append(self._record(TRAINING, home, away, result, match))
        self._log.append(records)

    def _start_anew(self, event: Snapshot | None) -> None:
        if event is None:
            return
        reason = "beats all" if event.beat_all else "time is up"
        print(f"froze {event.player} as {event.frozen} ({reason})" + (", which starts anew" if event.reset else ""))
        for name in sorted(self._players.restarted):
            self._seats[name].start_anew()
        self._players.restarted.clear()

    def _record(self, kind: str, home: str, away: str, result: int, match: Any) -> Match:
        self._matches += 1
        ticks = int(match.outcome.ticks)
        return Match(self._matches, self.round, self.iteration, kind, home, away, result, match.setup.seed, ticks)

    def _end_round(self, *, last: bool) -> dict[str, Any]:
        """Evaluate the main agents; after the last round the cross-play as well."""
        started = time.perf_counter()
        torch.set_num_threads(self._threads)  # large batches: here one network may use every core
        metrics: dict[str, Any] = {}
        for name in self.league.mains:
            metrics |= self._evaluate(name)
        if last:
            self._cross_play()
        torch.set_num_threads(1)
        return metrics | {"time_evaluation": time.perf_counter() - started}

    def _evaluate(self, name: str) -> dict[str, Any]:
        options, players = self._options, self._players
        past = league_evaluation.chosen_past(self.league, name, options.past_selves)
        rivals = {YARDSTICK: players.policy(YARDSTICK), **{away: players.policy(away) for away in past}}
        matches = dict.fromkeys(past, options.past_matches) | {YARDSTICK: options.eval_matches}
        first = name == self.league.mains[0]
        if first and self._best:
            rivals[BEST] = players.around(self._best.weights, BEST)
            matches[BEST] = options.eval_matches
        seed = rng.derive(options.seed, self.round)  # other seeds each round, so that rounds are independent
        ended = league_evaluation.against_each(
            players.policy(name), rivals, matches, seed=seed, duration_ticks=self._duration
        )
        for away in (YARDSTICK, *past):
            self._log.append(
                self._record(EVALUATION, name, away, league_evaluation.result_for(match, 0), match)
                for match in ended[away]
            )
        tallies = {away: tally(matches_of) for away, matches_of in ended.items()}
        if first and is_better(tallies, self._best):
            weights = {
                key: tensor.detach().cpu().clone() for key, tensor in players.networks[name].state_dict().items()
            }
            self._best = Best(self.iteration, tallies[YARDSTICK].win_rate, weights)
        print(f"round {self.round}: {name}")
        print("\n".join(evaluation_lines(tallies)))
        return {f"{name}/{key}": value for key, value in evaluation_metrics(tallies).items()}

    def _cross_play(self) -> None:
        options = self._options
        names = league_evaluation.chosen_population(self.league, YARDSTICK, options.cross_play_players)
        policies = {name: self._players.policy(name) for name in names}
        played = league_evaluation.cross_play(
            policies, options.cross_play_matches, seed=options.seed, duration_ticks=self._duration
        )
        self._log.append(
            self._record(EVALUATION, home, away, league_evaluation.result_for(match, min(match.setup.players)), match)
            for home, away, match in played
        )

    def _counters(self, name: str) -> dict[str, int]:
        trainer = self._seats[name].trainer
        return {
            "iteration": self.iteration,
            "decisions": trainer.decisions,
            "learner_steps": trainer.learner.steps,
        }

    def _print_start(self) -> None:
        options = self._options
        print(
            f"seed {options.seed}, device {self._device}, {self._threads} threads: {options.rounds} rounds of "
            f"{options.rl_iterations_per_round} iterations for {', '.join(self._seats)}; "
            f"{self._config.matches} matches at once; output in {options.output_dir}"
        )


def exploiter_config(config: RLConfig, share: float) -> RLConfig:
    """The trainer settings of an exploiter: `share` of a main agent's parallel matches, and so of its data and work."""
    return dataclasses.replace(config, matches_per_actor=max(1, round(config.matches * share)))


class _Clock:
    """Prints a line of progress now and then, with the time that is left."""

    def __init__(self, first: int, total: int) -> None:
        self._first, self._total = first, total
        self._started = time.monotonic()
        self._printed = -_SECONDS_BETWEEN_LINES

    def report(self, run: LeagueRun, metrics: dict[str, Any], *, force: bool) -> None:
        elapsed = time.monotonic() - self._started
        if not force and elapsed - self._printed < _SECONDS_BETWEEN_LINES:
            return
        self._printed = elapsed
        left = elapsed / (run.iteration - self._first) * (self._total - run.iteration)
        rates = [
            f"{name} {metrics[key]:.0%}"
            for name in run.league.learners
            if (key := f"{name}/training/win_rate") in metrics
        ]
        print(
            f"round {run.round}  iteration {run.iteration}/{self._total}  won: {'  '.join(rates) or '-'}  "
            f"left {int(left) // 60}:{int(left) % 60:02d}",
            flush=True,
        )
