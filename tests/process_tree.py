"""The processes below a process, as Linux lists them."""

from pathlib import Path


def descendants(process: int) -> set[int]:
    """All processes below one, by their ids; none where /proc does not say."""
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        below = set(map(int, task.read_text().split()))
        found |= below.union(*map(descendants, below))
    return found


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
