#!/usr/bin/env bash
# Lock all dependencies with hashes and without any registry address. Run after changing pyproject.toml or *.in.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
  --python-version 3.11 "$@"; }
compile pyproject.toml requirements/build.in requirements/dev.in -o requirements/dev.txt
compile pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/runtime.txt
