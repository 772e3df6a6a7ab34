#!/usr/bin/env bash
# Builds what a user runs: first the site (WASM, JS, CSS) into target/site, then the server,
# which embeds it, as target/release/companion. `tools/build.sh site` stops after the site.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

site_dir=$root/target/site
site_stamp=$root/target/site.stamp

# Everything that may end up in the site: all of the tree but what the browser never sees.
# A file that is not needed costs a rebuild now and then; one that is missed would be stale.
site_fingerprint() {
  {
    use_web_toolchain
    rustc --version --verbose
    cat tools/versions.env tools/npm/package-lock.json tools/build.sh
    find . \( -path ./target -o -path ./.git -o -path ./end2end -o -path ./docs -o -path ./runtime \
      -o -path ./server -o -path ./tools -o -path ./.ci -o -name node_modules \) -prune \
      -o -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum
}

build_site() {
  local fingerprint
  fingerprint=$(site_fingerprint)
  if [ -d "$site_dir" ] && [ "$(cat "$site_stamp" 2>/dev/null)" = "$fingerprint" ]; then
    say "The site is up to date."
    return
  fi
  say "Building the site with cargo-leptos (WASM by $(web_toolchain)'s toolchain)."
  rm -rf "$site_stamp" "$site_dir"
  (
    use_web_toolchain
    cargo leptos build --release --frontend-only "${locked[@]/--locked/--cargo-locked}"
  ) || die "the site could not be built (see above)."
  [ -n "$(find "$site_dir" -name '*.wasm' 2>/dev/null)" ] ||
    die "cargo-leptos built no WASM under target/site."
  printf '%s\n' "$fingerprint" >"$site_stamp"
}

build_server() {
  say "Building the server."
  cargo build --release "${locked[@]}" --package server || die "the server could not be built (see above)."
  [ -x target/release/companion ] || die "the build made no target/release/companion."
}

take_build_folder
build_site
[ "${1:-}" != site ] || exit 0
build_server
say "Built target/release/companion ($(du -h --apparent-size target/release/companion | cut -f1))."
