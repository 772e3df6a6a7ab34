#!/usr/bin/env bash
# Starts the server that `make build` built. The server prints its address and gets the arguments.
set -euo pipefail
. "$(dirname "$0")/env.sh"
say "Starting Companion; Ctrl-C stops it."
exec "$root/target/release/companion" serve "$@"
