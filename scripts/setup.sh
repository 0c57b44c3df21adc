#!/usr/bin/env bash
# Set up .venv from the locked requirements: `setup.sh runtime` or `setup.sh dev` (which holds all of runtime).
# A stamp of what was installed makes the second run return at once. Every failure is said in one line.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-runtime}
fail() { echo "setup: $*" >&2; exit 1; }

stamp_of() { { cat "requirements/$1.txt" pyproject.toml; pwd; } | sha256sum | cut -d' ' -f1; }
current() { [ -x .venv/bin/python ] && [ "$(cat ".venv/.installed-$1" 2>/dev/null)" = "$(stamp_of "$1")" ]; }
current dev && exit 0
[ "$want" = runtime ] && current runtime && exit 0

python=""
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=$candidate; break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or newer is needed and was not found on PATH"
if [ ! -x .venv/bin/python ]; then
  echo "setup: making .venv with $("$python" --version)"
  "$python" -m venv .venv >/dev/null 2>&1 || fail "'$python -m venv' failed; on Debian install python3-venv"
fi

log=$(mktemp); trap 'rm -f "$log"' EXIT
echo "setup: installing locked dependencies ($want)"
if ! .venv/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes \
    -r "requirements/$want.txt" >"$log" 2>&1; then
  why=$(grep -E '^ERROR' "$log" | tail -n 1 | cut -c1-200 || true)
  fail "could not install requirements/$want.txt: ${why:-$(tail -n 1 "$log" | cut -c1-200)} (offline, or a package is missing)"
fi
.venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e . >"$log" 2>&1 \
  || fail "could not install Linkbox itself: $(tail -n 1 "$log" | cut -c1-200)"
stamp_of "$want" > ".venv/.installed-$want"
