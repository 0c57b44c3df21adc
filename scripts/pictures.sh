#!/usr/bin/env bash
# Take the pictures of the documentation anew: a fresh default evening, its report in a headless browser, cropped.
# Needs chromium on PATH (on Debian: apt-get install chromium). The figures and the story that
# docs/explanation/an-evening.md quotes are replaced too, so that text and pictures show the same evening.
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/pictures
rm -rf "$work" && mkdir -p "$work" docs/pictures
.venv/bin/linkbox demo --out "$work/evening" --json "$work/evening.json" </dev/null >"$work/log.txt"

browse() { # browse PAGE PICTURE HEIGHT
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$(mktemp -d -p "$work")" \
    --window-size="1280,$3" --screenshot="$2" "file://$PWD/$1" >>"$work/browser.txt" 2>&1
}

shoot() { # shoot NAME HEIGHT PART... : only these parts of the report, at most HEIGHT pixels of them
  local name=$1 height=$2
  .venv/bin/python scripts/pictures.py keep "$work/evening/report.html" "$work/$name.html" "${@:3}"
  browse "$work/$name.html" "$work/$name.png" "$height"
  .venv/bin/python scripts/pictures.py trim "$work/$name.png" "docs/pictures/$name.png"
}

shoot report 650 header "Current on each phase"
shoot currents 1500 "Current on each phase"
shoot fuse 700 "How near the fuse came"
shoot minutes 1100 "Each customer"
.venv/bin/python scripts/pictures.py figures "$work/evening.json" docs/explanation/an-evening.md
