#!/usr/bin/env bash
# Makes the virtual environment in the folder $1 with the newest Python from 3.11 on that the machine has.
# Debian and Ubuntu keep the venv module's pip in a package of its own: it is installed if that is possible.
set -euo pipefail
venv=$1

python=
for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "error: no Python 3.11 or newer found" >&2
  echo "hint: install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
  exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  as_root=
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  echo "installing $package, which $python lacks"
  if ! { $as_root apt-get update -qq && $as_root apt-get install -y -qq "$package"; } >&2; then
    echo "error: $python cannot make virtual environments, and $package could not be installed" >&2
    echo "hint: sudo apt-get install $package" >&2
    exit 1
  fi
fi

rm -rf "$venv"
"$python" -m venv "$venv"
