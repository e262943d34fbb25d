"""The loop of a league: learning players take turns, the league's rules decide, rounds end with evaluation.

One *iteration* lets every learning player act and learn once. The resume file is the commit point of everything: the
league's state, each player's trainer with its running matches, and the lengths of the metrics and match files.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from botgame.game import Ended
from botgame.training.alphastar.checkpoint import save_checkpoint
from botgame.training.alphastar.engine.engine import Engine, start_engine
from botgame.training.alphastar.league.league import League, Review
from botgame.training.alphastar.learner.diagnostics import Diverged
from botgame.training.alphastar.learner.trainer import Iteration
from botgame.training.alphastar.metrics import MetricsWriter
from botgame.training.evaluation.held_out import Best
from botgame.training.league.files import TRAINING, LeagueState, MatchLog, write_state
from botgame.training.league.learner import Roster, Seat
from botgame.training.league.rounds import RoundEnd
from botgame.training.league.setting import LeagueSetting
from botgame.training.league.worker import LeagueWorker, make_worker
from botgame.training.rl.extension import extension_line
from botgame.training.runs.origin import Origin
from botgame.training.runs.progress import ProgressClock, moved_line, rates
from botgame.training.runs.replay_memory import replay_memory_line
from botgame.training.runs.run import commit, handle_flagged
from botgame.wording import counted


def start_league_engine(setting: LeagueSetting, origin: Origin) -> Engine[LeagueWorker]:
    """Where a league acts and learns, which the caller closes. Touches no file. Raises UserError."""
    return start_engine(
        setting,
        functools.partial(LeagueWorker, setting, origin),
        lambda worker: worker.players.teacher(),
        make_worker,
        (setting.to_dict(), origin),
    )


class LeagueRun:
    """One league in memory, fresh from `origin` or from the `state` of the last commit."""

    def __init__(
        self, setting: LeagueSetting, origin: Origin, engine: Engine[LeagueWorker], state: dict[str, Any] | None
    ) -> None:
        """`engine`: see `start_league_engine`."""
        paths = setting.paths
        self._setting, self._paths, self._origin, self._engine = setting, paths, origin, engine
        self._players = engine.worker.players
        written = (int(state["matches_offset"]), int(state["matches"])) if state else (0, 0)
        self._log = MatchLog(paths.matches, *written)
        self.iteration = int(state["iteration"]) if state else 0
        self._engine_before = str(state["engine"]) if state else ""
        self._done_before = float(state["done"]) if state else 0.0  # share of the league at the last commit
        if state:
            self.league = League.restore(state["league"])
            self._players.check_frozen(player.name for player in self.league.frozen if player.parent)
            for name in self.league.learners:
                self._players.forget(self.league.following(name))
        else:
            self.league = League.start(setting.league, setting.seed, self._players)
        self._roster = Roster(state["roster"] if state else None)
        seats = state["seats"] if state else {}
        self._seats = {name: self._seat(name, seats.get(name)) for name in self.league.learners}
        for name, each in seats.items():
            self._seats[name].restore(each)
        bests = {name: Best(**best) for name, best in state.get("bests", {}).items()} if state else {}
        self._round_end = RoundEnd(setting, self.league, self._players, self._log, bests)

    @property
    def total(self) -> int:
        """Iterations of the whole league."""
        return self._setting.schedule.iterations

    @property
    def finished(self) -> bool:
        """Whether the last round is over, or the first main agent has made the decisions that it was given."""
        decisions = self._setting.schedule.decisions
        return self.iteration >= self.total or bool(decisions and self.decisions >= decisions)

    @property
    def decisions(self) -> int:
        """Decisions of the first main agent so far."""
        decisions: int = self._seats[self.league.mains[0]].trainer.decisions
        return decisions

    @property
    def done(self) -> float:
        """Share of the league that is done, in [0, 1]: of its iterations or, where that is more, of its decisions."""
        wanted = self._setting.schedule.decisions
        shares = self.iteration / self.total, self.decisions / wanted if wanted else 0.0
        return min(1.0, max(shares))

    @property
    def expected(self) -> int:
        """Iterations that the league will have had, as far as the decisions so far tell."""
        wanted = self._setting.schedule.decisions
        if not wanted or not self.decisions:
            return self.total
        return min(self.total, -(-self.iteration * wanted // self.decisions))

    @property
    def round(self) -> int:
        """The round of the last iteration done; 0 before the first."""
        return -(-self.iteration // self._setting.schedule.iterations_per_round)

    def iterations(self, flags: dict[str, Any], writer: MetricsWriter) -> Iterator[int]:
        """Train to the last round, yielding after each iteration; logs, evaluates and commits on the way."""
        schedule = self._setting.schedule
        if self.iteration:
            print(f"resuming after iteration {self.iteration} of {self.expected}")
            if line := extension_line(self._setting.config, self._done_before, self.done):
                print(line)
            if not self._engine.keeps_matches or self._engine_before != self._engine.words:
                print(moved_line(self._engine_before, self._engine.words))
            self.write_artefacts()
        else:
            self._print_start()
        clock = ProgressClock(self.iteration)
        while not self.finished:
            progress = self.done
            self.iteration += 1
            try:
                metrics = self._iterate(progress)
            except Diverged:
                writer.log(self.iteration, {"diagnostic/nan": 1.0})
                raise
            last = self.finished
            round_ends = last or self.iteration % schedule.iterations_per_round == 0
            if round_ends:
                metrics |= self._round_end.evaluate(self.round, self.iteration, last=last)
            writer.log(self.iteration, {**metrics, "matches": self._log.count})
            text = functools.partial(self._progress_line, metrics)
            clock.report(self.iteration, self.expected, text, force=round_ends)
            if last or self.iteration % schedule.save_every == 0:
                self.commit(flags, writer)
            yield self.iteration

    def commit(self, flags: dict[str, Any], writer: MetricsWriter) -> None:
        """Make the present state the one to resume from, then write the files that follow from it."""
        self._log.sync()
        state = {
            "origin": self._origin.to_dict(),
            "league": self.league.snapshot(),
            "seats": {name: seat.snapshot() for name, seat in self._seats.items()},
            "roster": self._roster.names,
            "engine": self._engine.words,
            "iteration": self.iteration,
            "done": self.done,
            "matches": self._log.count,
            "matches_offset": self._log.offset,
            "bests": {name: best.snapshot() for name, best in self._round_end.bests.items()},
        }
        commit(self._paths.run, flags, state, offset=writer.offset, finished=self.finished)
        self.write_artefacts()

    def write_artefacts(self) -> None:
        """`league_state.json`, `main.pt`, `main.best.pt` and the present weights of every learning player.

        A main agent of one faction also stands, with its best version, beside them under the name of its faction.
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
        schedule, game = self._setting.schedule, self._setting.game
        done = self.iteration // schedule.iterations_per_round
        state = LeagueState(game.name, self.league, game.yardstick, done, schedule.rounds, self._log.count)
        write_state(self._paths.state, state)

    def close(self) -> None:
        """Close the match file."""
        self._log.close()

    def _seat(self, name: str, state: dict[str, Any] | None) -> Seat:
        return Seat(name, self._setting, self.league, self._engine, self._roster, state)

    def _iterate(self, progress: float) -> dict[str, Any]:
        """Every learning player acts and learns once, in turn; `progress`: see `Trainer.iterate`."""
        metrics: dict[str, Any] = {"round": self.round}
        for name, seat in self._seats.items():
            learner = self.league.learners[name]
            before = seat.trainer.decisions
            try:
                done = seat.iterate(progress)
            except Diverged as error:
                raise Diverged(f"{name}: {error}") from error
            self._report_flagged(name, done)
            learner.steps += seat.trainer.decisions - before
            self._report(seat, done.ended)
            self._start_anew(self.league.review(name, self._players))
            metrics |= {f"{name}/{key}": value for key, value in done.metrics.items()}
            metrics |= {f"{name}/copies": learner.copies, f"{name}/resets": learner.resets}
        return metrics

    def _report_flagged(self, name: str, done: Iteration) -> None:
        """Keep a copy of the player as of the last commit when a check first fails, and name what is flagged."""
        where, good = f"of {name} in iteration {self.iteration}", self._paths.good / f"{name}.pt"
        player, source = self._players.path(name), self._origin.source
        for line in handle_flagged(done.flagged, where, player, good, source, newly_failing=done.newly_failing):
            print(line)

    def _report(self, seat: Seat, ended: Sequence[Ended]) -> None:
        """Count this iteration's matches, all before the player is reviewed: a reset must not inherit them."""
        games = [seat.game(match) for match in ended]
        for game in games:
            self.league.report(game.home, game.orders)
        self._log.append(TRAINING, self.round, self.iteration, games)

    def _start_anew(self, event: Review | None) -> None:
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

    def _progress_line(self, metrics: dict[str, Any]) -> str:
        won = rates(metrics, {f"{name}/training/win_rate": name for name in self.league.learners})
        return f"round {self.round}  iteration {self.iteration}/{self.expected}  won: {won}"

    def _print_start(self) -> None:
        setting, schedule = self._setting, self._setting.schedule
        rounds = f"{counted(schedule.rounds, 'round')} of {counted(schedule.iterations_per_round, 'iteration')}"
        if schedule.decisions:
            rounds = f"{counted(schedule.decisions, 'decision')} of {self.league.mains[0]}, at most {rounds}"
        print(
            f"seed {setting.seed}, device {setting.device}, {self._engine.words}: {rounds} "
            f"for {', '.join(self._seats)}; "
            f"{counted(setting.config.matches, 'match')} at once; output in {setting.paths.state.parent}"
        )
        if line := replay_memory_line(setting.game.spec, setting.config, len(self._seats)):
            print(line)
