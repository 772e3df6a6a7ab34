# shellcheck shell=bash
# Installs build tools that are Rust programs. They are compiled unless cargo-binstall is installed,
# and without optimization: they run only for seconds, and this way they compile in minutes.

# Runs the cargo that compiles tools: the native one if it is new enough, else Debian's.
tools_cargo() {
  if version_at_least "$(rust_version)" "$TOOLS_RUST_MINIMUM"; then
    cargo "$@"
  else
    RUSTC=$debian_rustc "$debian_cargo" "$@"
  fi
}

# Installs the command `wasm-bindgen` from tools/wasm-bindgen, which is a member of the workspace.
# It compiles with the toolchain that builds everything else, in a quarter of the time that the
# official command takes.
setup_wasm_bindgen() {
  local dir=$wasm_bindgen_dir tmp=$tools_dir/.tmp.wasm-bindgen
  [ -n "$WASM_BINDGEN_VERSION" ] ||
    die "Cargo.lock names no version of wasm-bindgen; restore the file from the repository."
  [ ! -x "$dir/bin/wasm-bindgen" ] || return 0
  say "Compiling wasm-bindgen $WASM_BINDGEN_VERSION, once (about a minute on 2 cores)."
  run_logged wasm-bindgen build_wasm_bindgen || die "wasm-bindgen could not be built (see above)."
  rm -rf "$tmp"
  mkdir -p "$tmp/bin"
  cp "$tools_dir/.build/tool/wasm-bindgen-command" "$tmp/bin/wasm-bindgen"
  "$tmp/bin/wasm-bindgen" --version | grep -qF "$WASM_BINDGEN_VERSION" ||
    die "wasm-bindgen was built, but it does not run or is not version $WASM_BINDGEN_VERSION."
  rm -rf "$dir"
  mv -T "$tmp" "$dir"
  installed=$((installed + 1))
}

build_wasm_bindgen() {
  CARGO_TARGET_DIR=$tools_dir/.build CARGO_BUILD_BUILD_DIR=$tools_dir/.build CARGO_INCREMENTAL=0 \
    cargo build --locked --manifest-path "$root/Cargo.toml" --package wasm-bindgen-command --profile tool
}

setup_cargo_leptos() {
  install_cargo_tool cargo-leptos "$CARGO_LEPTOS_VERSION" cargo-leptos 12 --features no_downloads
}

setup_trunk() {
  # Without its default features it has no update check and no TLS. It serves on this machine only.
  install_cargo_tool trunk "$TRUNK_VERSION" trunk 8 --no-default-features
}

setup_cargo_deny() {
  install_cargo_tool cargo-deny "$CARGO_DENY_VERSION" cargo-deny 2
}

setup_leptosfmt() {
  install_cargo_tool leptosfmt "$LEPTOSFMT_VERSION" leptosfmt 1
}

# Only tools/fuzz.sh needs cargo-fuzz, for the targets of end2end/fuzz.
setup_cargo_fuzz() {
  install_cargo_tool cargo-fuzz "$CARGO_FUZZ_VERSION" cargo-fuzz 2
}

# install_cargo_tool CRATE VERSION BINARY MINUTES [CARGO FLAGS...]
install_cargo_tool() {
  local crate=$1 version=$2 binary=$3 minutes=$4
  shift 4
  local dir=$tools_dir/$binary-$version tmp=$tools_dir/.tmp.$binary
  [ ! -x "$dir/bin/$binary" ] || return 0
  rm -rf "$tmp"
  prebuilt_tool "$crate" "$version" "$binary" "$tmp" ||
    compile_tool "$crate" "$version" "$tmp" "$minutes" "$@" ||
    die "$crate $version could not be installed (see above)."
  "$tmp/bin/$binary" --version 2>/dev/null | grep -qF "$version" ||
    die "$crate was installed, but it does not run or is not version $version."
  rm -rf "$dir"
  mv -T "$tmp" "$dir"
  installed=$((installed + 1))
}

# Downloads a prebuilt tool, but only if the user already has cargo-binstall.
prebuilt_tool() {
  command -v cargo-binstall >/dev/null || return 1
  say "Fetching $1 $2 with cargo-binstall."
  run_logged "binstall-$3" timeout 300 cargo-binstall --no-confirm --disable-strategies compile \
    --root "$4" --version "=$2" "$1" && "$4/bin/$3" --version >/dev/null 2>&1
}

compile_tool() {
  local crate=$1 version=$2 tmp=$3 minutes=$4 log=$log_dir/$1.log
  shift 4
  version_at_least "$(rust_version)" "$TOOLS_RUST_MINIMUM" || setup_debian_rust
  say "Compiling $crate $version, once (about $minutes min on 2 cores; log: $log)."
  local flags=(install --debug --root "$tmp" --version "=$version" "$@" "$crate")
  quiet=yes run_logged "$crate" build_tool --locked "${flags[@]}" && return
  # A registry mirror may lack the newest releases that a tool's lock file names.
  if ! grep -q 'failed to select a version' "$log"; then
    show_log_end "$log"
    return 1
  fi
  say "A version that the lock file of $crate names is not available here; using the available versions."
  run_logged "$crate" build_tool "${flags[@]}"
}

# build_tool [--locked] install ...
build_tool() {
  local lock=()
  if [ "$1" = --locked ]; then
    lock=(--locked)
    shift
  fi
  # All tools share one folder, so that an interrupted build resumes and common crates compile once.
  CARGO_TARGET_DIR=$tools_dir/.build CARGO_BUILD_BUILD_DIR=$tools_dir/.build \
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false \
    CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false CARGO_INCREMENTAL=0 tools_cargo "$@" "${lock[@]}"
}
