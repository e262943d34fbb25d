#!/bin/sh
# Sets the repository up. Run `. scripts/bootstrap_repo.sh` (with the dot) to leave `python` in this shell as the
# environment's own; run without the dot it only sets up. Flags and words are passed on to bootstrap_repo.py.
botgame_python=python3
for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
        botgame_python=$candidate
        break
    fi
done
"$botgame_python" scripts/bootstrap_repo.py "$@" && {
    VIRTUAL_ENV=$PWD/.venv
    PATH=$VIRTUAL_ENV/bin:$PATH
    export VIRTUAL_ENV PATH
}
