#!/usr/bin/env bash
# Measures the server under load (see end2end/bench) and writes docs/performance.md with its plots.
# Assumes that a release is built. Fails only if an observer was not given what the endpoint sent;
# speed fails nothing.
#
#   tools/bench.sh                                   everything, about 12 minutes
#   tools/bench.sh streams --streams 10,100          other arguments are passed to `bench run`
#   tools/bench.sh streams --binary before=OTHER     beside another binary, in turns
#
# COMPANION_BIN names another server than target/release/companion. Figures of an earlier run stay
# in docs/performance/figures.json until the same case of the same binary is measured again.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN
cd "$root"

take_build_folder
say "Building the load driver."
cargo build --release "${locked[@]}" --package bench || die "the load driver could not be built (see above)."

figures=docs/performance/figures.json
mkdir -p docs/performance
say "Measuring. The figures are worth something only if nothing else runs on this machine."
# The folder for temporary files may be in memory, where a synced commit costs nothing.
export TMPDIR=${TMPDIR:-/var/tmp}
status=0
target/release/bench run --binary "companion=${COMPANION_BIN:-target/release/companion}" --out "$figures" --append \
  --commit "$(git rev-parse --short HEAD)" "$@" || status=$?
target/release/bench report "$figures" docs/performance.md
[ "$status" -eq 0 ] || die "the measurement failed, or an observer was not given what was sent (see above)."
say "Wrote docs/performance.md."
