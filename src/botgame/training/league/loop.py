"""The loop of a league: learning players take turns, the league's rules decide, rounds end with evaluation.

One *iteration* lets every learning player act and learn once. The resume file is the commit point of everything: the
league's state, each player's trainer with its running matches, and the lengths of the metrics and match files.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from botgame.errors import UserError
from botgame.game import Policy
from botgame.lms.match_batch import Ended
from botgame.lms.rules import TICKS_PER_SECOND, Rules
from botgame.training.alphastar.checkpoint import save_checkpoint
from botgame.training.alphastar.league.league import League, LeagueConfig, Snapshot
from botgame.training.alphastar.learner.config import RLConfig
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.learner.trainer import Iteration
from botgame.training.alphastar.learner.workers import Crews
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.evaluation.held_out import YARDSTICK, Best
from botgame.training.league.files import TRAINING, LeagueState, MatchLog, write_state
from botgame.training.league.learner import Roster, Seat
from botgame.training.league.players import Players
from botgame.training.league.rounds import RoundEnd
from botgame.training.rl.flags import style_config
from botgame.training.rl.free_for_alls import royale_share
from botgame.training.runs.run import RunPaths, commit, keep_good

_SECONDS_BETWEEN_LINES = 5.0


@dataclasses.dataclass(frozen=True)
class LeaguePaths:
    """Files of a league beside those of any run. good: folder of learning players from before an alarm."""

    run: RunPaths
    state: Path
    matches: Path
    players: Path
    good: Path

    @staticmethod
    def inside(folder: Path) -> LeaguePaths:
        """All in one folder."""
        names = ("league_state.json", "matches.jsonl", "players", "good")
        return LeaguePaths(RunPaths.inside(folder), *(folder / name for name in names))

    def checkpoints_of(self, league: League, name: str) -> list[Path]:
        """`main.pt` for the first main agent, `main.SCHOOL.pt` for one that plays a school alone."""
        first, school = name == league.mains[0], league.school(name)
        return [*([self.run.checkpoint] if first else []), *([self.main_of(school)] if school else [])]

    def main_of(self, school: str) -> Path:
        """The main agent that plays this school alone: `main.SCHOOL.pt`."""
        return self.run.checkpoint.with_suffix(f".{school}.pt")


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a league is made from. `bots`: fixed players by name; `origin`: see `Players`."""

    options: argparse.Namespace
    config: RLConfig
    league: LeagueConfig
    paths: LeaguePaths
    origin: dict[str, Any]
    bots: dict[str, Policy]
    threads: int
    device: torch.device


class LeagueRun:
    """One league in memory, fresh or from the `state` of the last commit."""

    def __init__(self, setting: Setting, state: dict[str, Any] | None) -> None:
        options, paths = setting.options, setting.paths
        self._setting, self._options, self._paths = setting, options, paths
        if setting.origin["rules"] != Rules().to_dict():
            raise UserError("the league was made under other rule numbers and cannot be resumed; start a new one", 2)
        self._players = Players(
            paths.players,
            setting.origin,
            setting.config,
            bots=setting.bots,
            device=setting.device,
            capacity=options.players_in_memory,
            restart_from=next(iter(setting.league.main_schools)) if options.exploiter_reset == "main" else None,
            schools=setting.league.main_schools,
        )
        self.iteration = int(state["iteration"]) if state else 0
        if state:
            self.league = League.from_json(state["league"])
            self._players.keep_only([player.name for player in self.league.frozen if player.parent])
        else:
            self.league = League.start(setting.league, options.seed, self._players)
        self._roster = Roster(state["roster"] if state else None)
        self._crews = Crews(self._players.teacher(), setting.config, setting.threads, setting.device)
        seats = state["seats"] if state else {}
        self._seats = {name: self._seat(name, seats.get(name)) for name in self.league.learners}
        written = (int(state["matches_offset"]), int(state["matches"])) if state else (0, 0)
        self._log = MatchLog(paths.matches, *written)
        bests = {name: Best(**best) for name, best in state.get("bests", {}).items()} if state else {}
        self._round_end = RoundEnd(options, self.league, self._players, self._log, bests)

    @property
    def total(self) -> int:
        """Iterations of the whole league."""
        rounds: int = self._options.rounds
        return rounds * int(self._options.rl_iterations_per_round)

    @property
    def finished(self) -> bool:
        """Whether the last round is over, or the first main agent has made the decisions that it was given."""
        decisions = self._options.decisions
        return self.iteration >= self.total or bool(decisions and self.decisions >= decisions)

    @property
    def decisions(self) -> int:
        """Decisions of the first main agent so far."""
        decisions: int = self._seats[self.league.mains[0]].trainer.decisions
        return decisions

    @property
    def expected(self) -> int:
        """Iterations that the league will have had, as far as the decisions so far tell."""
        wanted: int | None = self._options.decisions
        if not wanted or not self.decisions:
            return self.total
        return min(self.total, -(-self.iteration * wanted // self.decisions))

    @property
    def round(self) -> int:
        """The round of the last iteration done; 0 before the first."""
        per_round: int = self._options.rl_iterations_per_round
        return -(-self.iteration // per_round)

    def iterations(self, flags: dict[str, Any], writer: MetricsWriter) -> Iterator[int]:
        """Train to the last round, yielding after each iteration; logs, evaluates and commits on the way."""
        options = self._options
        if self.iteration:
            print(f"resuming after iteration {self.iteration} of {self.expected}")
            self.write_artefacts()
        else:
            self._print_start()
        clock = _Clock(self.iteration)
        while not self.finished:
            self.iteration += 1
            try:
                metrics = self._iterate()
            except Diverged:
                writer.log(self.iteration, {"alarm/nan": 1.0})
                raise
            last = self.finished
            round_ends = last or self.iteration % options.rl_iterations_per_round == 0
            if round_ends:
                metrics |= self._round_end.evaluate(self.round, self.iteration, last=last)
            writer.log(self.iteration, {**metrics, "matches": self._log.count})
            clock.report(self, metrics, force=round_ends)
            if last or self.iteration % options.save_every == 0:
                self.commit(flags, writer)
            yield self.iteration

    def commit(self, flags: dict[str, Any], writer: MetricsWriter) -> None:
        """Make the present state the one to resume from, then write the files that follow from it."""
        self._log.sync()
        state = {
            "origin": self._setting.origin,
            "league": self.league.to_json(),
            "seats": {name: seat.state() for name, seat in self._seats.items()},
            "roster": self._roster.names,
            "iteration": self.iteration,
            "matches": self._log.count,
            "matches_offset": self._log.offset,
            "bests": {name: best.state() for name, best in self._round_end.bests.items()},
        }
        commit(self._paths.run, flags, state, offset=writer.offset, finished=self.finished)
        self.write_artefacts()

    def write_artefacts(self) -> None:
        """`league_state.json`, `main.pt`, `main.best.pt` and the present weights of every learning player.

        A main agent of one school also stands, with its best version, beside them under the name of its school.
        """
        for name, network in self._players.networks.items():
            checkpoint = self._players.checkpoint(network.state_dict(), self._counters(name), name)
            for path in (self._players.path(name), *self._paths.checkpoints_of(self.league, name)):
                save_checkpoint(path, checkpoint)
        for name, best in self._round_end.bests.items():
            checkpoint = self._players.checkpoint(best.weights, {"iteration": best.iteration}, name)
            checkpoint.extra["yardstick"] = best.yardstick
            for path in self._paths.checkpoints_of(self.league, name):
                save_checkpoint(path.with_suffix(".best.pt"), checkpoint)
        done = self.iteration // self._options.rl_iterations_per_round
        state = LeagueState(self.league, YARDSTICK, done, self._options.rounds, self._log.count)
        write_state(self._paths.state, state)

    def close(self) -> None:
        """End the processes that share the learners' work and close the match file."""
        self._log.close()
        self._crews.close()

    def _seat(self, name: str, state: dict[str, Any] | None) -> Seat:
        setting, options = self._setting, self._options
        main = self.league.learners[name].role == "main"
        share, from_main = options.exploiter_share, options.exploiter_reset == "main"
        return Seat(
            name,
            self.league,
            self._players,
            self._roster,
            setting.config if main else exploiter_config(setting.config, share, from_main=from_main),
            slots=options.opponent_slots,
            duration_ticks=options.episode_duration * TICKS_PER_SECOND,
            seed=options.seed,
            crews=self._crews,
            device=setting.device,
            royale=royale_share(options),
            styles=style_config(options),
            state=state,
        )

    def _iterate(self) -> dict[str, Any]:
        """Every learning player acts and learns once, in turn."""
        metrics: dict[str, Any] = {"round": self.round}
        for name, seat in self._seats.items():
            learner = self.league.learners[name]
            before = seat.trainer.decisions
            try:
                done = seat.iterate((self.iteration - 1) / self.total)
            except Diverged as error:
                raise Diverged(f"{name}: {error}") from error
            self._raise_alarms(name, done)
            learner.steps += seat.trainer.decisions - before
            self._report(seat, done.ended)
            self._start_anew(self.league.review(name, self._players))
            metrics |= {f"{name}/{key}": value for key, value in done.metrics.items()}
            metrics |= {f"{name}/copies": learner.copies, f"{name}/resets": learner.resets}
        return metrics

    def _raise_alarms(self, name: str, done: Iteration) -> None:
        """Put the player's weights as of the last commit aside when something is amiss, and name what is."""
        good = self._paths.good / f"{name}.pt"
        if done.uneasy:
            keep_good(self._players.path(name), good)
        for alarm in done.alarms:
            where = f"of {name} in iteration {self.iteration}"
            print(alarm.line(where, good if good.exists() else self._setting.origin["source"]))

    def _report(self, seat: Seat, ended: Sequence[Ended]) -> None:
        """Count this iteration's matches, all before the player is reviewed: a reset must not inherit them."""
        games = [seat.game(match) for match in ended]
        for game in games:
            self.league.report_orders(game.home, game.orders)
        self._log.append(TRAINING, self.round, self.iteration, games)

    def _start_anew(self, event: Snapshot | None) -> None:
        if event is None:
            return
        reason = "beats all" if event.beat_all else "time is up"
        print(f"froze {event.player} as {event.frozen} ({reason})" + (", which starts anew" if event.reset else ""))
        for name in sorted(self._players.restarted):
            self._seats[name].start_anew()
        self._players.restarted.clear()

    def _counters(self, name: str) -> dict[str, int]:
        trainer = self._seats[name].trainer
        return {
            "iteration": self.iteration,
            "decisions": trainer.decisions,
            "learner_steps": trainer.learner.steps,
        }

    def _print_start(self) -> None:
        options, setting = self._options, self._setting
        print(
            f"seed {options.seed}, device {setting.device}, {setting.threads} threads: {options.rounds} rounds of "
            f"{options.rl_iterations_per_round} iterations for {', '.join(self._seats)}; "
            f"{setting.config.matches} matches at once; output in {options.output_dir}"
        )


def exploiter_config(config: RLConfig, share: float, *, from_main: bool) -> RLConfig:
    """The trainer settings of an exploiter: `share` of a main agent's parallel matches, and so of its data and work.

    Its learning rates do not fall with the run, since it starts anew again and again, nor does the weight of its KL
    if that is from the supervised policy; from_main: it starts anew from a main agent, as far from the teacher as that.
    """
    kl_end = config.kl_end if from_main else 1.0
    matches = max(1, round(config.matches * share))
    return dataclasses.replace(config, matches_per_actor=matches, lr_end=1.0, kl_end=kl_end)


class _Clock:
    """Prints a line of progress now and then, with the time that is left."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._started = time.monotonic()
        self._printed = -_SECONDS_BETWEEN_LINES

    def report(self, run: LeagueRun, metrics: dict[str, Any], *, force: bool) -> None:
        """Print if it is time, or if `force`."""
        elapsed = time.monotonic() - self._started
        if not force and elapsed - self._printed < _SECONDS_BETWEEN_LINES:
            return
        self._printed = elapsed
        left = elapsed / (run.iteration - self._first) * (run.expected - run.iteration)
        names = [name for name in run.league.learners if f"{name}/training/win_rate" in metrics]
        rates = "  ".join(f"{name} {metrics[f'{name}/training/win_rate']:.0%}" for name in names)
        print(
            f"round {run.round}  iteration {run.iteration}/{run.expected}  won: {rates or '-'}  "
            f"left {int(left) // 60}:{int(left) % 60:02d}",
            flush=True,
        )
