#!/usr/bin/env bash
# The browser that the tests of the explorer's page need: Debian's or Ubuntu's Chromium. Playwright comes with `dev`.
set -euo pipefail
if command -v chromium >/dev/null; then
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" apt-get install --yes --no-install-recommends chromium
