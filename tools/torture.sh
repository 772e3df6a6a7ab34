#!/usr/bin/env bash
# Breaks a running companion on purpose, many times, and counts the losses (see end2end/torture).
# Stops at the first loss and prints the seed, which repeats the run.
#
#   tools/torture.sh           the big run, half an hour or more; builds the server first
#   tools/torture.sh small     a short run of each kind, for `make test`; does not build the server
#   tools/torture.sh kill --kills 500 --seed 7    other arguments are passed to the program torture
#
# COMPANION_BIN names another server than target/release/companion. SEED sets the seed of the first
# two.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN
cd "$root"

seed=${SEED:-$((RANDOM * 32768 + RANDOM))}

build_server() {
  if [ -z "${COMPANION_BIN:-}" ]; then tools/build.sh; fi
}

torture() {
  say "torture $*"
  COMPANION_BIN=${COMPANION_BIN:-target/release/companion} "$CARGO_TARGET_DIR/debug/torture" "$@" ||
    die "data was lost, or a guarantee was broken (see above). To repeat it: tools/torture.sh $*"
}

# A new kind of torture needs a line in both functions: one that takes a second or two in the small
# run, and a long one in the big run, whose figures are worth reporting.

small_run() {
  torture kill --kills 6 --seed "$seed"
  torture recovery --events 4000 --turns 20 --runs 1
  torture observers --readers 10 --pieces 12 --pings 20000 --seed "$seed"
  torture stop --rounds 2 --seed "$seed"
  torture power --images 50 --seed "$seed"
  torture faults --local
  # These requests fill all the places that the server has for requests. The part with connections
  # runs against a server with a low limit of connections, so few are enough.
  torture crowd --requests 300 --connections 110 --rounds 3 --seed "$seed"
}

big_run() {
  torture kill --kills 200 --seed "$seed"
  torture recovery --events 100000 --turns 200 --runs 5
  torture observers --readers 100 --pieces 60 --pings 1000000 --seed "$seed"
  torture stop --rounds 25 --local --seed "$seed"
  torture power --images 1000 --recordings 10 --seed "$seed"
  torture faults --local
  torture crowd --requests 600 --connections 1500 --rounds 100 --seed "$seed"
  say "Random interleavings, compared with a model (runtime/tests/model)."
  PROPTEST_CASES=3000 cargo test "${locked[@]}" --package runtime --test model ||
    die "the runtime differs from its model (see above)."
  tools/attacks.sh big
  tools/fuzz.sh
}

# `torture crowd` needs a file descriptor for each of its connections.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

take_build_folder
case ${1:-big} in
  big) build_server ;;
  small) ;;
  *) if [ ! -x target/release/companion ]; then build_server; fi ;;
esac
# The attacks of the big run need the scripted endpoint as a separate program, and `torture power`
# loads the interposer into the companion.
say "Building the torture program."
cargo build "${locked[@]}" --package torture --package upstream --package power-interposer || die "the torture program could not be built (see above)."
case ${1:-big} in
  big)
    say "The seed of this run is $seed; SEED=$seed repeats it."
    big_run
    say "Nothing was lost."
    ;;
  small)
    say "The seed of this run is $seed."
    small_run
    ;;
  *) torture "$@" ;;
esac
