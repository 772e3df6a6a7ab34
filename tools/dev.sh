#!/usr/bin/env bash
# The development server: rebuilds and reloads the page when a file changes. It listens where
# COMPANION_LISTEN says; LEPTOS_RELOAD_PORT is the port that tells open pages of a change.
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
