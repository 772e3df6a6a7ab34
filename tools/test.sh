#!/usr/bin/env bash
# Runs all checks that must pass before a change is merged, the cheapest first, and stops at the
# first failure. Assumes that `tools/setup.sh test` has run.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

export CARGO_INCREMENTAL=0 # one-off builds: smaller and no slower
mkdir -p "$log_dir"
test_log=$log_dir/test.$$.log
trap 'rm -f "$test_log"' EXIT
: >"$test_log"
timings=()

# step NAME COMMAND...: runs the command and remembers how long it took.
step() {
  local name=$1 began=$SECONDS
  shift
  "$@"
  timings+=("$(printf '%-28s %3d min %02d s' "$name" $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)))")
}

# These take 25 minutes on a slow machine. A test that hangs must not take the time of all others.
unit_tests() {
  say "Unit, integration and contract tests."
  COMPANION_REQUIRE_VALGRIND=1 timeout 55m cargo test "${locked[@]}" --workspace --exclude wasm-bindgen-command 2>&1 | tee -a "$test_log" || die "tests failed (see above)."
}

spa_build() {
  say "Building the client-only console with Trunk."
  trunk_build
}

browser_tests() {
  say "Browser tests."
  tools/browser.sh --project=console 2>&1 | tee -a "$test_log" || die "browser tests failed (see above)."
}

client_only() {
  say "The client-only console, by Trunk and nginx."
  tools/browser.sh --project=spa 2>&1 | tee -a "$test_log" || die "the client-only console failed its tests (see above)."
}

small_attacks() {
  tools/attacks.sh small 2>&1 | tee -a "$test_log" || die "an attack succeeded (see above)."
}

other_browsers() {
  say "Main journeys in Firefox and WebKitGTK."
  tools/browsers.sh 2>&1 | tee -a "$test_log" || die "journeys in other browsers failed (see above)."
}

same_site() {
  say "Sites of each kind of build."
  tools/same-site.sh 2>&1 | tee -a "$test_log" || die "a build wrote to the wrong site, or the sites differ (see above)."
}

development() {
  say "The development server."
  tools/development.sh 2>&1 | tee -a "$test_log" || die "the development server failed its test (see above)."
}

small_torture() {
  say "Torture, a short run of each kind."
  tools/torture.sh small
}

take_build_folder
step "lint" tools/lint.sh
step "unit tests" unit_tests
step "site" tools/build.sh site
step "console (Trunk)" spa_build
step "server (release)" tools/build.sh
step "hardening" tools/hardening.sh
step "instructions" tools/instructions.sh
step "torture (small)" small_torture
step "browser tests" browser_tests
step "client-only console" client_only
step "other browsers" other_browsers
step "attacks (small)" small_attacks
step "sites of each kind" same_site
step "development server" development

tools/deny.sh age
say "All checks passed:"
printf '    %s\n' "${timings[@]}"
# Both test runners print a count in their last lines. cargo's colour codes are removed first.
passed=$(sed 's/\x1b\[[0-9;]*m//g' "$test_log" | awk '
  /^test result: / { n += $4 }
  /^ *[0-9]+ passed/ { n += $1 }
  END { print n + 0 }')
echo "$passed passed, 0 failed"
