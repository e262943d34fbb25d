"""How many files and sockets this process may have open at a time."""

from __future__ import annotations

import contextlib
import sys

if sys.platform == "win32":

    def allow_files(wanted: int) -> int:
        """Windows has no such limit for sockets: `wanted`."""
        return wanted

else:
    import resource

    def allow_files(wanted: int) -> int:
        """Raise the limit of this process to `wanted` where the system allows that. Returns it, at most `wanted`."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            with contextlib.suppress(OSError, ValueError):  # macOS has a lower one that it does not name
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
