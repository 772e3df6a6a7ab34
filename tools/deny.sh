#!/usr/bin/env bash
# Holds the dependencies to deny.toml: their licenses, versions and sources, and the advisories that
# the RustSec project has published. `tools/deny.sh age` only says whether advisories were checked.
#
# The advisories come from a copy in the user's cache folder, which is renewed once a day with git.
# Without a network the last copy is used, and a note says how old it is. Where its host is never
# reachable, git can be told of another place, which may be a folder that somebody brought along:
#   git config --global url./path/to/advisory-db.insteadOf https://github.com/RustSec/advisory-db
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

# A copy whose newest advisory is older is still used, but a note says so.
readonly old_days=30
export COMPANION_ADVISORIES=$cache/advisories
renewed=$COMPANION_ADVISORIES/renewed

# cargo-deny makes a folder for each database, and its name contains a hash of the address.
copy() { compgen -G "$COMPANION_ADVISORIES/advisory-db-*"; }

# The age cannot be taken from the times of git's files, because git writes to them even where
# fetching fails.
days_old() { echo $((($(date +%s) - $(git -C "$(copy)" log -1 --format=%ct)) / 86400)); }

renew_copy() {
  [ -z "$(find "$renewed" -mmin -1440 2>/dev/null)" ] || return 0
  mkdir -p "$COMPANION_ADVISORIES"
  # Git must not ask for a password where the host is not what it seems.
  if GIT_TERMINAL_PROMPT=0 timeout 60 cargo deny "${locked[@]}" --log-level off fetch db </dev/null 2>/dev/null; then
    touch "$renewed"
  fi
}

note_age() {
  if ! copy >/dev/null; then
    warn "SECURITY ADVISORIES WERE NOT CHECKED: there is no copy of the advisory database, and it could not be fetched. The head of tools/deny.sh says how to bring one along."
  elif [ "$(days_old)" -gt "$old_days" ]; then
    warn "SECURITY ADVISORIES ARE OLD: the newest in $COMPANION_ADVISORIES is $(days_old) days old. The head of tools/deny.sh says how to bring a newer copy along."
  fi
}

if [ "${1:-}" = age ]; then
  note_age
  exit
fi
say "Dependencies: licenses, versions, sources and advisories."
renew_copy
checks=(bans licenses sources)
if copy >/dev/null; then checks+=(advisories); fi
# With --offline cargo-deny does not fetch the copy again; every crate is there since cargo fetched it.
cargo fetch "${locked[@]}" --quiet
cargo deny "${locked[@]}" --offline check --hide-inclusion-graph \
  --deny unmatched-skip --deny unnecessary-skip "${checks[@]}" ||
  die "a dependency breaks a rule of deny.toml (see above)."
note_age
