#!/usr/bin/env bash
# Tests that each kind of build writes to its own site, and that tools/site.sh makes the same
# release site as cargo-leptos does from the same configuration.
# Assumes that the release's site has been built.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

passed=0
pass() {
  passed=$((passed + 1))
  printf '    ok  %s\n' "$1"
}

files_of() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

leptos() {
  (
    use_web_toolchain
    cargo leptos build --frontend-only "${locked[@]/--locked/--cargo-locked}" "$@"
  ) || die "cargo leptos could not build the site (see above)."
}

# Prints the path of the only file of the folder $1 whose name ends with $2.
the_file() {
  local found
  mapfile -t found < <(find "$1" -maxdepth 1 -name "companion*$2")
  [ "${#found[@]}" = 1 ] || die "$1 holds ${#found[@]} files that end with $2, not one."
  echo "${found[0]}"
}

release=target/site
[ -d "$release" ] || die "there is no release site yet; run \`make build\` first."
before=$(files_of "$release")

say "Comparing with the site that cargo-leptos builds from the same configuration."
theirs=target/dev/release-site
# cargo-leptos passes its options to wasm-opt in an order that changes from run to run, and the
# order changes the output. So it gets a wasm-opt here that does nothing, and the real one runs
# below, with the options in the order that tools/site.sh uses.
idle=$root/target/dev/idle
mkdir -p "$idle"
printf '#!/bin/sh\nexit 0\n' >"$idle/wasm-opt"
chmod +x "$idle/wasm-opt"
PATH=$idle:$PATH LEPTOS_SITE_ROOT=$theirs LEPTOS_HASH_FILES=true LEPTOS_JS_MINIFY=false leptos --release --js-minify=false
read -ra flags <<<"$WASM_OPT_FLAGS"
wasm-opt "${flags[@]}" "$(the_file "$theirs/pkg" .wasm)" -o "$idle/companion.wasm"
cmp "$(the_file "$release/pkg" .wasm)" "$idle/companion.wasm" ||
  die "the .wasm of tools/site.sh differs from that of cargo-leptos."
pass "the same .wasm"
cmp "$(the_file "$release/pkg" .css)" "$(the_file "$theirs/pkg" .css)" ||
  die "the .css of tools/site.sh differs from that of cargo-leptos."
[ "$(basename "$(the_file "$release/pkg" .css)")" = "$(basename "$(the_file "$theirs/pkg" .css)")" ] ||
  die "tools/site.sh gives the .css another name than cargo-leptos does."
pass "the same .css, by the same name"
# cargo-leptos has a different minifier built in. It was told not to use that, so terser runs here.
terser --module --compress --mangle --output "$idle/companion.js" -- "$(the_file "$theirs/pkg" .js)"
cmp "$(the_file "$release/pkg" .js)" "$idle/companion.js" ||
  die "the script of tools/site.sh differs from that of cargo-leptos."
pass "the same .js"
! grep -qE '__wbg_[A-Za-z0-9_]+_[0-9a-f]{16}' "$(the_file "$release/pkg" .js)" ||
  die "the script has the long names of wasm-bindgen, which our command in tools/wasm-bindgen shortens."
pass "short names in the script"
for file in public/*; do
  cmp "$file" "$release/$(basename "$file")" && cmp "$file" "$theirs/$(basename "$file")" ||
    die "$file is not in both sites."
done
pass "the same icons and manifest"

say "A development build, a release and the client-only console, in turn."
leptos
[ -f target/dev/site/pkg/companion.wasm ] || die "the development build wrote no target/dev/site."
[ "$(files_of "$release")" = "$before" ] || die "a development build changed the release's site."
tools/site.sh | grep -q "up to date" || die "the release's site is built again after a development build."
trunk_build
[ -f target/csr/index.html ] || die "Trunk wrote no target/csr."
[ "$(files_of "$release")" = "$before" ] || die "a build of the client-only console changed the release's site."
tools/site.sh | grep -q "up to date" || die "the release's site is built again after the client-only console."
pass "each kind of build has a site of its own"

# The development server of older versions wrote such a file into the release's site.
cp target/dev/site/pkg/companion.wasm "$release/pkg/companion.wasm"
tools/site.sh
[ "$(files_of "$release")" = "$before" ] || die "a foreign file in the release's site was not removed."
pass "a foreign file in the release's site is noticed"

rm -rf "$theirs" "$idle"
echo "$passed passed, 0 failed"
