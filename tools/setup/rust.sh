# shellcheck shell=bash
# Sets up the compilers: the native one, and one that compiles for the browser. See the policy at
# the top of tools/versions.env.

# Checks the native toolchain, and adds rustfmt and clippy if the purpose $1 is to test.
setup_native_rust() {
  local version
  version=$(rust_version) || true
  if ! version_at_least "${version:-0}" "$RUST_MINIMUM"; then
    die "Rust $RUST_MINIMUM or newer is needed and this machine has ${version:-none}: install rustup, or run \`rustup update stable\`."
  fi
  [ "$1" = test ] || return 0
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    say "Adding rustfmt and clippy."
    rustup component add rustfmt clippy ||
      die "rustfmt and clippy could not be added; \`rustup component add rustfmt clippy\` has to work first."
    installed=$((installed + 1))
  fi
}

# Tries rustup first, and uses Debian's own toolchain if the target cannot be downloaded.
setup_web_rust() {
  [ "$(web_toolchain)" = none ] || return 0
  if [ "${COMPANION_WEB_TOOLCHAIN:-}" != debian ]; then
    say "Adding the target wasm32-unknown-unknown with rustup."
    if command -v rustup >/dev/null &&
      run_logged rustup-target timeout 120 rustup target add wasm32-unknown-unknown &&
      native_has_wasm_std; then
      installed=$((installed + 1))
      return
    fi
    [ "${COMPANION_WEB_TOOLCHAIN:-}" != rustup ] ||
      die "rustup could not add the target wasm32-unknown-unknown, and COMPANION_WEB_TOOLCHAIN allows no other."
    say "That did not work; using Debian's Rust for the web instead."
  fi
  setup_debian_rust
  setup_debian_wasm_std
}

# Installs Debian's newer Rust beside rustup's, whose folder comes earlier in the PATH.
setup_debian_rust() {
  local version
  version=$(rust_version "$debian_rustc") || true
  if ! version_at_least "${version:-0}" "$TOOLS_RUST_MINIMUM" || [ ! -x "$debian_cargo" ]; then
    apt_install rustc-web cargo-web
  fi
  version=$(rust_version "$debian_rustc") || true
  version_at_least "${version:-0}" "$TOOLS_RUST_MINIMUM" ||
    die "Debian's rustc-web is ${version:-not installed}, but $TOOLS_RUST_MINIMUM is needed; \`rustup update stable\` also solves this."
}

# Debian ships no std for wasm32. So this builds it from Debian's sources with Debian's compiler,
# and puts it into our own sysroot, which links to Debian's for everything else.
setup_debian_wasm_std() {
  local version dir tmp crate host
  command -v "$DEBIAN_WASM_LINKER" >/dev/null && [ -e /usr/lib/rustlib/src/rust/library/std ] ||
    apt_install rust-web-src "$DEBIAN_LLD"
  version=$(rust_version "$debian_rustc")
  host=$("$debian_rustc" -vV | awk '/^host:/ { print $2 }')
  dir=$tools_dir/rust-debian-$version
  tmp=$tools_dir/.tmp.rust-debian
  crate=$tools_dir/.tmp.std-crate

  say "Building std for WASM with Debian's Rust $version (about a minute)."
  rm -rf "$tmp" "$crate" "$dir"
  mkdir -p "$tmp/bin" "$tmp/lib/rustlib/wasm32-unknown-unknown/lib" "$crate/src"
  ln -s "/usr/lib/rustlib/$host" "$tmp/lib/rustlib/$host"
  ln -s /usr/lib/rustlib/src "$tmp/lib/rustlib/src"
  ln -s "$debian_cargo" "$tmp/bin/cargo"
  # The compiler derives its sysroot from its own path, which is Debian's, so ours has to be given.
  cat >"$tmp/bin/rustc" <<EOF
#!/bin/sh
exec $debian_rustc --sysroot "\$(dirname "\$(dirname "\$(readlink -f "\$0")")")" "\$@"
EOF
  chmod +x "$tmp/bin/rustc"

  printf '#![no_std]\n' >"$crate/src/lib.rs"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$crate/Cargo.toml"
  (
    cd "$crate"
    export PATH=$tmp/bin:$PATH RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_DIR=$crate/target CARGO_BUILD_BUILD_DIR=$crate/target
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$DEBIAN_WASM_LINKER
    run_logged wasm-std cargo build -Zbuild-std=std,panic_abort \
      --target wasm32-unknown-unknown --release
  ) || die "std for WASM could not be built (see above); \`rustup target add wasm32-unknown-unknown\` also solves this."
  find "$crate/target/wasm32-unknown-unknown/release/deps" -name '*.rlib' ! -name 'libempty-*' \
    -exec cp -t "$tmp/lib/rustlib/wasm32-unknown-unknown/lib" {} +
  mv -T "$tmp" "$dir"
  rm -rf "$crate"
  installed=$((installed + 1))
}
