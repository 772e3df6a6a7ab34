# shellcheck shell=bash
# The paths, versions and environment of every build. The other scripts source this file first.
# In your own shell, `. tools/env.sh` and then `use_web_toolchain` set up cargo, cargo leptos and
# trunk exactly as the commands of the Makefile do. If no other clone is building, this also claims
# the shared build folder for this clone. It changes nothing else on disk.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

set -a
. "$root/tools/versions.env"
set +a

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
warn() { printf '==> Note: %s\n' "$*" >&2; }
die() {
  printf '==> Stopped: %s\n' "$*" >&2
  case $- in *i*) return 1 ;; esac # sourced by a person: leave their shell alone
  exit 1
}

# building WHAT MINUTES: prints what is built now, and how many minutes its first build takes, as
# measured on 2 cores.
building() { say "Building $1 (about $2 min on 2 cores the first time; later only the changed parts)."; }

# absolute NAME...: makes the paths in these variables absolute, relative to the current folder.
# Scripts call it before they change to the clone's folder. An empty variable stays empty.
absolute() {
  local name
  for name in "$@"; do
    [ -z "${!name:-}" ] || export "$name=$(realpath --no-symlinks --canonicalize-missing "${!name}")"
  done
}

# True when version $1 is at least version $2.
version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# --- Folders --------------------------------------------------------------------------

if [ -z "${HOME:-}" ]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
  export HOME
fi

# A relative XDG folder is ignored, as it is by the server (through the `directories` crate).
case ${XDG_CACHE_HOME:-} in
  /*) user_cache=$XDG_CACHE_HOME/companion ;;
  *) user_cache=$HOME/.cache/companion ;;
esac

# All clones of one user share the tools and the build output. Tools are kept by version.
cache=${COMPANION_CACHE:-$user_cache}
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
tools_dir=$cache/tools
log_dir=$cache/log
build_dir=$cache/build
# COMPANION_CACHE does not move the model, because the server looks for it at this path.
model_path=$user_cache/models/$MODEL_FILE

# Clones share the intermediate output, so that the first build of a second clone is quick. The
# results of a build (target/release/companion, target/site) are in the clone itself.
export CARGO_BUILD_BUILD_DIR=$build_dir
export CARGO_TARGET_DIR=$root/target

# --- Tools ----------------------------------------------------------------------------

# Prints the version of the crate $1 in Cargo.lock.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { hit = ($3 == name) }
    hit && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' "$root/Cargo.lock"
}

if [ -f "$root/Cargo.lock" ]; then
  WASM_BINDGEN_VERSION=$(locked_version wasm-bindgen)
else
  WASM_BINDGEN_VERSION=
fi

# The name of the folder changes when the source of our command changes.
wasm_bindgen_dir=$tools_dir/wasm-bindgen-$WASM_BINDGEN_VERSION-$(cat "$root"/tools/wasm-bindgen/src/*.rs | sha256sum | cut -c1-12)

# The name of the folder changes when the pinned npm tools change.
npm_tools_dir=$tools_dir/npm-$(sha256sum <"$root/tools/npm/package-lock.json" | cut -c1-12)

# The name of each folder changes when its pinned packages change.
schemathesis_lock=$root/end2end/attacks/schemathesis/requirements.txt
schemathesis_dir=$tools_dir/schemathesis-$(sha256sum <"$schemathesis_lock" | cut -c1-12)
litellm_lock=$root/end2end/peers/litellm/requirements.txt
litellm_dir=$tools_dir/litellm-$(sha256sum <"$litellm_lock" | cut -c1-12)
llama_cpp_lock=$root/end2end/peers/llama-cpp-python/requirements.txt
llama_cpp_dir=$tools_dir/llama-cpp-python-$(sha256sum <"$llama_cpp_lock" | cut -c1-12)
open_webui_dir=$tools_dir/open-webui-$OPEN_WEBUI_VERSION

command -v cargo >/dev/null || PATH=$HOME/.cargo/bin:$PATH
PATH=$tools_dir/cargo-leptos-$CARGO_LEPTOS_VERSION/bin:$tools_dir/trunk-$TRUNK_VERSION/bin:$PATH
PATH=$tools_dir/cargo-deny-$CARGO_DENY_VERSION/bin:$tools_dir/leptosfmt-$LEPTOSFMT_VERSION/bin:$PATH
PATH=$wasm_bindgen_dir/bin:$npm_tools_dir/node_modules/.bin:$PATH
export PATH

# The options that cargo-leptos passes to wasm-opt in a release build.
LEPTOS_WASM_OPT_FEATURES=${WASM_OPT_FLAGS// /,}
export LEPTOS_WASM_OPT_FEATURES

# --- Toolchains -----------------------------------------------------------------------

if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && command -v rustup >/dev/null &&
  rustup run stable rustc --version >/dev/null 2>&1; then
  export RUSTUP_TOOLCHAIN=stable
fi

# Prints the version of the compiler $1 (default: the native one), or nothing if there is none.
rust_version() { "${1:-rustc}" --version 2>/dev/null | awk '{ print $2 }'; }

# Debian's compiler, which may be installed beside rustup's.
debian_rustc=/usr/bin/rustc
debian_cargo=/usr/bin/cargo

native_has_wasm_std() {
  local sysroot
  sysroot=$(rustc --print sysroot 2>/dev/null) &&
    [ -n "$(find "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib" -name 'libstd-*.rlib' 2>/dev/null)" ]
}

# Prints the folder of Debian's toolchain with our own build of std for wasm32, or nothing if it is
# not set up for this version.
debian_web_dir() {
  local version dir
  [ -x "$debian_rustc" ] && [ -x "$debian_cargo" ] || return 0
  version=$(rust_version "$debian_rustc")
  dir=$tools_dir/rust-debian-$version
  if [ -x "$dir/bin/rustc" ]; then echo "$dir"; fi
}

case ${COMPANION_WEB_TOOLCHAIN:-} in
  '' | rustup | debian) ;;
  *) die "COMPANION_WEB_TOOLCHAIN is '$COMPANION_WEB_TOOLCHAIN'; it can be rustup or debian." ;;
esac

# Prints which toolchain compiles for the browser: rustup, debian, or none if none is set up yet.
web_toolchain() {
  local choice=${COMPANION_WEB_TOOLCHAIN:-}
  if [ "$choice" != debian ] && native_has_wasm_std; then
    echo rustup
  elif [ "$choice" != rustup ] && [ -n "$(debian_web_dir)" ]; then
    echo debian
  else
    echo none
  fi
}

# Sets up this shell so that cargo, and thereby cargo-leptos and Trunk, can compile for the browser.
use_web_toolchain() {
  case $(web_toolchain) in
    rustup) ;;
    debian)
      PATH=$(debian_web_dir)/bin:$PATH
      export PATH
      export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$DEBIAN_WASM_LINKER
      ;;
    *) die "There is no toolchain for WASM yet: run \`tools/setup.sh build\` first." ;;
  esac
}

# Builds the client-only console with Trunk in target/csr, with the installed tools and without
# downloading anything.
trunk_build() {
  (
    use_web_toolchain
    # Trunk reads NO_COLOR as a boolean and stops at the usual "1".
    unset NO_COLOR
    trunk build --release --offline
  ) || die "the Trunk build failed (see above)."
}

# In CI a lock file that does not fit is an error. During development cargo may update it.
if [ -n "${CI:-}" ]; then locked=(--locked); else locked=(); fi

# --- The shared build folder ------------------------------------------------------------

# The names of this workspace's crates and programs.
own_crates() {
  sed -n 's/^name = "\(.*\)"$/\1/p' "$root"/*/Cargo.toml "$root"/*/*/Cargo.toml
}

# Clones share the build output of the workspace's own crates, too, because cargo names it by their
# paths within the workspace. Cargo decides by file times alone whether that output is current, so a
# clone whose files are older than another clone's build would get the other clone's code. So when
# the folder passes from one clone to another, our own crates are removed from it and built again.
# The output of the dependencies stays.
claim_build_folder() {
  local owner=$build_dir/clone folder crate
  [ "$(cat "$owner" 2>/dev/null)" != "$root" ] || return 0
  while read -r crate; do
    for folder in "$build_dir"/*/.fingerprint "$build_dir"/*/*/.fingerprint; do
      rm -rf "$folder/$crate"-*
    done
  done < <(own_crates)
  mkdir -p "$build_dir"
  printf '%s\n' "$root" >"$owner"
}

# Locks the build folder for this process and its children, so that no other process deletes it
# while they use it. A folder above the size limit is deleted first, so the build starts from
# nothing. While another clone builds in the folder, this clone uses a folder in its own target/.
take_build_folder() {
  local used_gb
  mkdir -p "$build_dir"
  exec 8>"$cache/build.lock"
  if flock -n 8; then
    used_gb=$(du -s --block-size=1G "$build_dir" | cut -f1)
    if [ "$used_gb" -gt "$BUILD_CACHE_LIMIT_GB" ]; then
      say "The build folder $build_dir holds $used_gb GB, more than $BUILD_CACHE_LIMIT_GB; deleting it."
      rm -rf "$build_dir"
    fi
    claim_build_folder
  fi
  flock -s 8
  if [ "$(cat "$build_dir/clone" 2>/dev/null)" != "$root" ]; then
    build_dir=$root/target/build
    export CARGO_BUILD_BUILD_DIR=$build_dir
    say "Another clone is building; this one builds in $build_dir."
  fi
}

# Claims the folder also for an interactive shell, which sources this file but holds no lock.
[ ! -e "$cache/build.lock" ] || ! flock -n "$cache/build.lock" true || claim_build_folder
