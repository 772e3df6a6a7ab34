#!/usr/bin/env bash
# Runs the attacks of end2end/attacks against the real server, and fails when one succeeds.
# Assumes that a release is built and that `tools/setup.sh test` or `torture` has run.
#
#   tools/attacks.sh           runs all of them, in some twenty minutes
#   tools/attacks.sh small     runs a tenth of them, for `make test`
#   tools/attacks.sh small forged    runs one suite; further arguments are passed to Playwright
#
# COMPANION_BIN names another server than target/release/companion. SEED repeats a run.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN UPSTREAM_BIN
cd "$root"

case ${1:-big} in
  big | small) ;;
  *) die "tools/attacks.sh is run as big or small, not as '$1'." ;;
esac
export ATTACKS=${1:-big}
export SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
export SCHEMATHESIS=$schemathesis_dir/bin/schemathesis
[ -x "$SCHEMATHESIS" ] || die "schemathesis is not installed; \`tools/setup.sh test\` installs it."

say "Attacks ($ATTACKS); SEED=$SEED repeats them."
tools/browser.sh --project=attacks "${@:2}" || die "an attack succeeded (see above); SEED=$SEED repeats it."
