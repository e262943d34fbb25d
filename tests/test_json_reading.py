"""JSON is read in several threads of a server at once, from the first request on."""

import subprocess
import sys

READERS = """
import sys, threading
import msgspec
from botgame.json_reading import decoded

sys.setswitchinterval(1e-6)
TEXT = '{"many": [{"inner": {"number": 1}}], "one": null}'


def new_kind():
    inner = msgspec.defstruct("Inner", [("number", int)])
    middle = msgspec.defstruct("Middle", [("inner", inner)])
    return msgspec.defstruct("Outer", [("many", list[middle]), ("one", middle | None)])


def read(kind, together):
    together.wait()
    decoded(TEXT, kind)


for _ in range(100):
    arguments = new_kind(), threading.Barrier(4)
    threads = [threading.Thread(target=read, args=arguments) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("read")
"""


def test_threads_may_read_a_new_kind_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", READERS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "read\n"), done.stderr
