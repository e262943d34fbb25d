"""The counters of the server, and their Prometheus text (`/metrics`)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

KEPT = 1 << 16  # recent tick latenesses, for quantiles: at 50 duels the last 40 s
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # seconds


@dataclass
class Lateness:
    """How late bots were: all decisions, the late ones, the sum of their delays and the longest, in ticks."""

    decisions: int = 0
    late: int = 0
    ticks: int = 0
    worst: int = 0

    def count(self, ticks: int) -> None:
        """Count a decision that arrived `ticks` after its request."""
        self.decisions += 1
        self.late += ticks > 0
        self.ticks += ticks
        self.worst = max(self.worst, ticks)


@dataclass
class TickTimes:
    """How late ticks were: from a room's deadline until its messages were handed over, in seconds."""

    count: int = 0
    total: float = 0.0
    skipped: int = 0  # ticks left out because the whole machine had stood still
    buckets: list[int] = field(default_factory=lambda: [0] * len(_BUCKETS))
    recent: array[float] = field(default_factory=lambda: array("d"))

    def add(self, seconds: float) -> None:
        """Count one tick of one room."""
        if len(self.recent) < KEPT:
            self.recent.append(seconds)
        else:
            self.recent[self.count % KEPT] = seconds
        self.count += 1
        self.total += seconds
        for index, bound in enumerate(_BUCKETS):
            if seconds <= bound:
                self.buckets[index] += 1
                break

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Quantiles of the recent latenesses, e.g. shares (0.5, 0.99); zeros when there were none."""
        ordered = sorted(self.recent)
        if not ordered:
            return [0.0] * len(shares)
        return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares]


@dataclass
class Metrics:
    """All counters of a server."""

    ticks: TickTimes = field(default_factory=TickTimes)
    bots: Lateness = field(default_factory=Lateness)
    received: int = 0
    sent: int = 0
    malformed: int = 0
    refused: int = 0
    dropped: dict[str, int] = field(default_factory=dict)  # connections that the server closed, by error code
    matches: int = 0
    unsaved: int = 0

    def drop(self, code: str) -> None:
        """Count a connection that the server closes for the reason `code`."""
        self.dropped[code] = self.dropped.get(code, 0) + 1

    def text(self, gauges: dict[str, float]) -> str:
        """The Prometheus text; `gauges` are current numbers such as open rooms."""
        counters = {
            "ticks_total": self.ticks.count,
            "ticks_skipped_total": self.ticks.skipped,
            "messages_received_total": self.received,
            "messages_sent_total": self.sent,
            "messages_malformed_total": self.malformed,
            "messages_refused_total": self.refused,
            "matches_total": self.matches,
            "matches_unsaved_total": self.unsaved,
            "bot_decisions_total": self.bots.decisions,
            "bot_decisions_late_total": self.bots.late,
            "bot_late_ticks_total": self.bots.ticks,
        }
        lines = [f"# TYPE botgame_{name} counter\nbotgame_{name} {value}" for name, value in counters.items()]
        lines += [f"# TYPE botgame_{name} gauge\nbotgame_{name} {value:g}" for name, value in gauges.items()]
        lines.append(f"# TYPE botgame_bot_late_ticks_worst gauge\nbotgame_bot_late_ticks_worst {self.bots.worst}")
        lines.append("# TYPE botgame_dropped_total counter")
        lines += [f'botgame_dropped_total{{code="{code}"}} {count}' for code, count in sorted(self.dropped.items())]
        return "\n".join([*lines, *self._lateness()]) + "\n"

    def _lateness(self) -> list[str]:
        name, ticks = "botgame_tick_lateness_seconds", self.ticks
        lines, below = [f"# TYPE {name} histogram"], 0
        for bound, count in zip(_BUCKETS, ticks.buckets, strict=True):
            below += count
            lines.append(f'{name}_bucket{{le="{bound:g}"}} {below}')
        lines += [f'{name}_bucket{{le="+Inf"}} {ticks.count}', f"{name}_sum {ticks.total:.6f}"]
        lines += [f"{name}_count {ticks.count}", "# TYPE botgame_tick_lateness_recent_seconds gauge"]
        shares = (0.5, 0.9, 0.99, 0.999)
        values = zip(shares, ticks.quantiles(shares), strict=True)
        return lines + [f'botgame_tick_lateness_recent_seconds{{quantile="{q:g}"}} {value:.6f}' for q, value in values]
