#!/usr/bin/env bash
# Starts the development server, which rebuilds and reloads the page when a file changes. It listens
# on COMPANION_LISTEN. Open pages are told of a change through the port LEPTOS_RELOAD_PORT.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"
use_web_toolchain
take_build_folder

export COMPANION_LISTEN=${COMPANION_LISTEN:-127.0.0.1:3000}
# cargo-leptos waits for the server at this address before it tells a page to reload.
export LEPTOS_SITE_ADDR=$COMPANION_LISTEN
building "the development server and its page" 8
say "It then serves http://$COMPANION_LISTEN; Ctrl-C stops it."
exec cargo leptos watch "$@"
