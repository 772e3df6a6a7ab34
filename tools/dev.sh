#!/usr/bin/env bash
# The development server: rebuilds and reloads the page when a file changes.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"
use_web_toolchain
exec cargo leptos watch "$@"
