"""A web server that runs in a thread of this process while a test talks to it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn


@contextmanager
def in_thread(server: uvicorn.Server, run: Callable[[], None]) -> Iterator[None]:
    """Call `run`, which serves, in a thread; go on once the server has started, and end it afterwards."""
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < give_up
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
