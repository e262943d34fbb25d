"""A cache may only cost time: no folder, file or disk ends a command, and one line names what could not be used."""

import errno
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from botgame import files, source_cache
from botgame.lms.simulation import kernel, kernel_cache

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owners and modes of this kind")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """The user's cache and the temporary folder, of this test's own."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    forget()
    yield home / "botgame", temporary
    monkeypatch.undo()
    forget()


def forget() -> None:
    """As in a process that has just started."""
    for known in (source_cache.root, source_cache._say_once, kernel_cache.root, kernel_cache.folder):
        known.cache_clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_the_users_cache_is_used_without_a_word(places: tuple[Path, Path], capsys) -> None:
    assert source_cache.root() == places[0]
    assert lines(capsys) == []


def refuse_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home folder."""

    def fails(*_given: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", fails)


def refuse_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_bytes(b"")


def refuse_open_to_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    home.chmod(0o777)


def refuse_another_owner(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the home belongs to somebody else, though it can be written to."""
    home.mkdir()
    real = Path.stat

    def stat(path: Path, **options: object) -> os.stat_result:
        about = real(path, **options)
        return os.stat_result((*about[:4], about.st_uid + 1, *about[5:10])) if path == home else about

    monkeypatch.setattr(Path, "stat", stat)


def refuse_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tempfile.TemporaryFile

    def full(*, dir: Path):  # noqa: A002
        if dir == home:
            raise OSError(errno.ENOSPC, "No space left on device")
        return made(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", full)


REFUSALS = [
    refuse_home,
    refuse_file,
    refuse_full_disk,
    pytest.param(refuse_open_to_all, marks=posix),
    pytest.param(refuse_another_owner, marks=posix),
]


@pytest.mark.parametrize("refuse", REFUSALS)
def test_else_one_of_the_users_own_among_temporary_files(refuse: Callable, places, monkeypatch, capsys) -> None:
    home, temporary = places
    refuse(home, monkeypatch)
    found = source_cache.root()
    assert found is not None
    assert found == source_cache.root()
    assert found.parent == temporary
    assert found.name != "botgame"
    said = lines(capsys)
    assert len(said) == (0 if refuse is refuse_home else 1)
    assert all(str(found) in line and str(home) in line for line in said)


def test_else_none_and_kernels_are_compiled_anew(places, monkeypatch, capsys) -> None:
    home, temporary = places
    home.write_bytes(b"")
    (temporary / f"botgame-{source_cache._user()}").write_bytes(b"")
    assert source_cache.root() is None
    assert kernel_cache.folder(Path(__file__)) is None
    assert kernel.kernel(plus_one)(1.0) == 2.0
    said = lines(capsys)
    assert len(said) == 1
    assert str(home) in said[0]


@posix
def test_a_folder_that_another_user_laid_out_among_temporary_files_is_not_used(places, monkeypatch) -> None:
    home, temporary = places
    home.write_bytes(b"")
    planted = temporary / f"botgame-{source_cache._user()}"
    planted.mkdir()
    planted.chmod(0o777)
    assert source_cache.root() is None


def plus_one(value):
    return value + 1


def run_again() -> tuple[float, int]:
    """What the kernel gives as in a new process, and whether it came from the cache."""
    function = kernel.kernel(plus_one)
    return function(1.0), sum(function.stats.cache_hits.values())


def test_a_kernel_is_compiled_once(places) -> None:
    assert run_again() == (2.0, 0)
    assert run_again() == (2.0, 1)
    assert kernel_cache.is_compiled(Path(__file__).resolve(), "plus_one")


def without_code(data: bytes) -> bytes:
    versions = kernel_cache.pickle.loads(source_cache.seals.opened(data))
    return kernel_cache._pickled([(key, b"no code") for key, _ in versions])


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
    "foreign": lambda data: b"a file of another program",
    "sealed, of another kind": lambda data: source_cache.seals.sealed(b"no pickle"),
    "sealed, of another shape": lambda data: source_cache.seals.sealed(kernel_cache._pickled([1, 2])),
    "sealed, no code": lambda data: source_cache.seals.sealed(without_code(data)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_compiled_again_and_replaced(damage: str, places) -> None:
    run_again()
    (path,) = places[0].rglob("*.kernel")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert run_again() == (2.0, 0)
    assert run_again() == (2.0, 1)


def test_a_folder_where_a_file_should_be_is_one_line(places, capsys) -> None:
    run_again()
    (path,) = places[0].rglob("*.kernel")
    path.unlink()
    path.mkdir()
    assert [run_again(), run_again()] == [(2.0, 0), (2.0, 0)]
    assert len(lines(capsys)) == 1


def test_a_disk_that_fills_up_is_one_line(places, monkeypatch, capsys) -> None:
    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    assert [run_again(), run_again()] == [(2.0, 0), (2.0, 0)]
    (said,) = lines(capsys)
    assert "No space left on device" in said
    assert str(places[0]) in said


def test_a_closure_is_never_taken_for_another(places) -> None:
    def adds(amount: int):
        def add(value):
            return value + amount

        return kernel.kernel(add)

    assert [adds(1)(1), adds(2)(1)] == [2, 3]


def test_what_two_make_at_once_is_made_by_one(tmp_path: Path) -> None:
    path, made = tmp_path / "deep" / "kernel.onnx", []

    def make() -> None:
        with source_cache.one_maker(path):
            if source_cache.read(path) is None:
                made.append(threading.get_ident())
                time.sleep(0.2)
                source_cache.write(path, b"it")

    makers = [threading.Thread(target=make) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(made) == 1
    assert source_cache.read(path) == b"it"
    assert list(path.parent.iterdir()) == [path]


def test_where_there_can_be_no_lock_it_is_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "kernel.lock").mkdir()
    made = []
    with source_cache.one_maker(tmp_path / "kernel.onnx"):
        made.append("it")
    assert made
