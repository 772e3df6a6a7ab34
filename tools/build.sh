#!/usr/bin/env bash
# Builds the product: first the site (WASM, JS, CSS) in target/site, then the server, which embeds
# the site, as target/release/companion, with THIRD-PARTY-NOTICES.txt beside it.
# `tools/build.sh site` stops after the site.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

build_server() {
  building "the server, with the inference engine" 9
  cargo build --release "${locked[@]}" --package server || die "the server could not be built (see above)."
  [ -x target/release/companion ] || die "the build made no target/release/companion."
  python3 tools/notices.py target/release/THIRD-PARTY-NOTICES.txt >/dev/null ||
    die "the notices of third parties could not be written (see above)."
}

take_build_folder
tools/site.sh
[ "${1:-}" != site ] || exit 0
build_server
say "Built target/release/companion ($(du -h --apparent-size target/release/companion | cut -f1))."
