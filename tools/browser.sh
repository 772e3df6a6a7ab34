#!/usr/bin/env bash
# Runs the browser tests against target/release/companion, or the server that COMPANION_BIN names.
# Arguments are passed to Playwright. Builds the scripted endpoint if it has not been built yet.
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$root/tools/setup/packages.sh"
absolute COMPANION_BIN UPSTREAM_BIN
cd "$root"
export COMPANION_BIN=${COMPANION_BIN:-$root/target/release/companion}

stamp=end2end/node_modules/.companion-lock
lock_hash=$(sha256sum <end2end/package-lock.json)
if [ "$(cat "$stamp" 2>/dev/null)" != "$lock_hash" ]; then
  say "Installing the packages of the browser tests."
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm --prefix end2end ci --no-audit --no-fund ||
    die "npm could not install the packages of end2end (see above)."
  printf '%s\n' "$lock_hash" >"$stamp"
fi

if [ -z "${UPSTREAM_BIN:-}" ] && [ ! -x "$(dirname "$COMPANION_BIN")/upstream" ] &&
  [ ! -x target/release/upstream ] && [ ! -x target/debug/upstream ]; then
  say "Building the scripted endpoint."
  take_build_folder
  cargo build "${locked[@]}" --package upstream || die "the scripted endpoint could not be built (see above)."
fi

cd end2end
# `make test` runs this script several times. The types are checked again only if a file changed.
typed=node_modules/.companion-typed
files_hash=$(
  {
    printf '%s\n' "$lock_hash"
    find . -name node_modules -prune -o \( -name '*.ts' -o -name tsconfig.json \) -print0 |
      sort -z | xargs -0 sha256sum
  } | sha256sum
)
if [ "$(cat "$typed" 2>/dev/null)" != "$files_hash" ]; then
  npx --no-install tsc --noEmit || die "the browser tests have type errors (see above)."
  printf '%s\n' "$files_hash" >"$typed"
fi
CHROMIUM=$(find_chromium)
export CHROMIUM
exec npx --no-install playwright test "$@"
