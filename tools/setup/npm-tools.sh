# shellcheck shell=bash
# wasm-opt and sass, from npm, in the versions and with the hashes of tools/npm.

setup_npm_tools() {
  [ ! -x "$npm_tools_dir/node_modules/.bin/wasm-opt" ] || return 0
  local tmp=$tools_dir/.tmp.npm
  say "Installing wasm-opt and sass from npm."
  mkdir -p "$tmp"
  cp "$root/tools/npm/package.json" "$root/tools/npm/package-lock.json" "$tmp"
  # Neither needs an install script nor sass its optional file watcher.
  run_logged npm-tools npm --prefix "$tmp" ci --omit=optional --ignore-scripts --no-audit --no-fund ||
    die "npm could not install the packages of tools/npm (see above)."
  "$tmp/node_modules/.bin/wasm-opt" --version >/dev/null &&
    "$tmp/node_modules/.bin/sass" --version >/dev/null ||
    die "wasm-opt or sass was installed from npm but does not run."
  rm -rf "$npm_tools_dir"
  mv -T "$tmp" "$npm_tools_dir"
  installed=$((installed + 1))
}
