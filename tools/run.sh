#!/usr/bin/env bash
# Starts the server that `make build` made; it prints its address. Arguments go to it.
set -euo pipefail
. "$(dirname "$0")/env.sh"
say "Starting Companion; Ctrl-C stops it."
exec "$root/target/release/companion" serve "$@"
