#!/usr/bin/env bash
# Runs the main journeys in Firefox and WebKitGTK against target/release/companion. Arguments are
# passed to Playwright's runner (--project=firefox or --project=webkit runs one of the two).
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN UPSTREAM_BIN
cd "$root"

: "${FIREFOX:=$(command -v firefox-esr || command -v firefox || true)}"
: "${WEBKIT_DRIVER:=$(command -v WebKitWebDriver || true)}"
: "${XVFB:=$(command -v Xvfb || true)}"
export FIREFOX WEBKIT_DRIVER XVFB
exec tools/browser.sh --config browsers "$@"
