"""The files of one training run, and how to know each from a file that somebody else put there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from botgame.outputs import EVENT_FILE, Check, file_that, folder_of, json_of, lines_with
from botgame.training.alphastar.checkpoint import checkpoint_kind, is_state

CONFIG_FORMAT = "botgame-config-1"
_PERIODIC = r"\.(iter|epoch)\d{6,}\.pt"


@dataclass(frozen=True)
class RunPaths:
    """Where a run keeps its files. `checkpoint` is what the command promises, `kind` what that says it is."""

    kind: str
    checkpoint: Path
    resume: Path
    config: Path
    metrics: Path
    tensorboard: Path

    @staticmethod
    def beside(output: Path, kind: str) -> RunPaths:
        """For `dir/name.pt`: `dir/name.resume.pt`, `name.config.json`, `name.metrics.jsonl`, `name.tb/`."""
        return RunPaths(
            kind,
            output,
            output.with_suffix(".resume.pt"),
            output.with_suffix(".config.json"),
            output.with_suffix(".metrics.jsonl"),
            output.with_suffix(".tb"),
        )

    @staticmethod
    def inside(folder: Path, kind: str, main: str = "main.pt") -> RunPaths:
        """For a run that owns a folder: `main.pt`, `resume.pt`, `config.json`, `metrics.jsonl`, `tb/`."""
        names = (main, "resume.pt", "config.json", "metrics.jsonl", "tb")
        return RunPaths(kind, *(folder / name for name in names))

    @property
    def best(self) -> Path:
        """The best checkpoint of the periodic held-out evaluation."""
        return self.checkpoint.with_suffix(".best.pt")

    @property
    def good(self) -> Path:
        """The last checkpoint from before a sign of unlearning (`alphastar.learner.diagnostics`)."""
        return self.checkpoint.with_suffix(".good.pt")

    @property
    def before(self) -> Path:
        """The state of the commit before the last one."""
        return self.resume.with_suffix(".before.pt")

    @property
    def last(self) -> Path:
        """The state of the last commit; where that is missing, of the one before."""
        return self.resume if self.resume.exists() else self.before

    @property
    def resumable(self) -> bool:
        """Whether there is a commit to go on from."""
        return self.resume.exists() or self.before.exists()

    @property
    def lock(self) -> Path:
        """What a process that works on the run holds."""
        return self.checkpoint.with_suffix(".lock")

    def owns(self, name: str) -> bool:
        """Whether a file of that name beside the checkpoint is one of the run's."""
        return name.startswith(self.checkpoint.stem + ".") or name in {path.name for path in self.files}

    @property
    def files(self) -> dict[Path, Check]:
        """Every file and folder of a run that may lie there, each with the check of its kind."""
        checkpoint = checkpoint_of(self.kind)
        return {
            **dict.fromkeys([self.checkpoint, self.best, self.good, *self.periodic_files()], checkpoint),
            **dict.fromkeys([self.resume, self.before], file_that(is_state)),
            self.config: json_of(CONFIG_FORMAT),
            self.metrics: lines_with("step"),
            self.tensorboard: folder_of(EVENT_FILE),
        }

    def periodic(self, unit: str, number: int) -> Path:
        """For example `pi_rl.iter000010.pt`."""
        return self.checkpoint.with_suffix(f".{unit}{number:06d}.pt")

    def periodic_files(self) -> list[Path]:
        """The periodic checkpoints that are there, oldest first."""
        name, folder = re.compile(re.escape(self.checkpoint.stem) + _PERIODIC), self.checkpoint.parent
        found = (path for path in folder.glob("*.pt") if name.fullmatch(path.name))
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def prune(self, keep: int) -> None:
        """Delete the oldest periodic checkpoints but `keep` (0: keep all)."""
        for path in self.periodic_files()[:-keep] if keep else []:
            path.unlink(missing_ok=True)


def checkpoint_of(kind: str) -> Check:
    """A checkpoint of a run of that kind."""
    return file_that(lambda path: checkpoint_kind(path) == kind)
