#!/bin/sh
# Everything that make needs before it can start; a second run finds it done.
#   scripts/setup.sh          the program and its sandbox
#   scripts/setup.sh dev      and what the tests need
set -eu
cd "$(dirname -- "$0")/.."

say() {
    printf 'setup: %s\n' "$1" >&2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo -n -- "$@"
    else
        return 1
    fi
}

# System packages through apt where that is allowed: as root, or with sudo that asks nothing.
install_package() {
    command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null || return 1
    say "installing $1 (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get install -qq -y --no-install-recommends "$1" >/dev/null 2>&1 ||
        { as_root apt-get update -qq >/dev/null 2>&1 &&
            as_root apt-get install -qq -y --no-install-recommends "$1" >/dev/null 2>&1; }
}

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "Python 3.11 or later is needed: install it, or name it with PYTHON=/path/to/python3"
    exit 2
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && ! install_package python3-venv; then
    say "$python has no venv module: install it (Debian: apt install python3-venv)"
    exit 2
fi
if [ "$(uname)" = Linux ] && ! command -v bwrap >/dev/null 2>&1 && ! install_package bubblewrap; then
    say "bubblewrap is missing, so models get no commands: install it (Debian: apt install bubblewrap)"
fi

"$python" bin/environment.py "$@"
# A published package with its own tests, as real input; pip checks the digest.
wanted=tests/support/real_package.txt
if [ "${1:-}" = dev ] && ! cmp -s "$wanted" .venv/sdists/requirement.txt; then
    rm -rf .venv/sdists
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps \
        --require-hashes --no-binary :all: --dest .venv/sdists --requirement "$wanted"
    cp "$wanted" .venv/sdists/requirement.txt
fi
