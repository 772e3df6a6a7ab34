# shellcheck shell=bash
# Installs wasm-opt, sass, lightningcss and terser from npm, with the versions and hashes that
# tools/npm pins.

setup_npm_tools() {
  [ ! -x "$npm_tools_dir/node_modules/.bin/wasm-opt" ] || return 0
  local tmp=$tools_dir/.tmp.npm tool
  say "Installing wasm-opt, sass, lightningcss and terser from npm."
  mkdir -p "$tmp"
  cp "$root/tools/npm/package.json" "$root/tools/npm/package-lock.json" "$tmp"
  # The program of lightningcss is in an optional package for each platform, and the install script
  # of lightningcss-cli copies it into place. No other package needs its install script.
  run_logged npm-tools npm --prefix "$tmp" ci --ignore-scripts --no-audit --no-fund &&
    run_logged npm-tools npm --prefix "$tmp" rebuild lightningcss-cli ||
    die "npm could not install the packages of tools/npm (see above)."
  for tool in wasm-opt sass lightningcss terser; do
    "$tmp/node_modules/.bin/$tool" --version >/dev/null ||
      die "$tool was installed from npm but does not run."
  done
  rm -rf "$npm_tools_dir"
  mv -T "$tmp" "$npm_tools_dir"
  installed=$((installed + 1))
}
