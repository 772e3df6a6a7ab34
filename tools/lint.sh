#!/usr/bin/env bash
# Checks the formatting, the shell scripts, the import walls and the dependencies, and runs clippy with warnings
# denied: for native code, and for the browser if the toolchain has a clippy that fits its std.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

say "Formatting."
tools/format.sh --check

if command -v shellcheck >/dev/null; then
  say "Shell scripts."
  shellcheck --external-sources tools/*.sh tools/setup/*.sh .ci/run || die "shellcheck found problems (see above)."
fi

tools/walls.sh
tools/engine-version.sh
tools/deny.sh

say "Clippy, native."
cargo clippy "${locked[@]}" --workspace --all-targets --features provider-openai/fuzzing -- -D warnings || die "clippy found problems (see above)."

if [ "$(web_toolchain)" = rustup ]; then
  for entry in hydrate csr; do
    say "Clippy, for the browser ($entry)."
    cargo clippy "${locked[@]}" --package frontend --lib --no-default-features --features "$entry" \
      --target wasm32-unknown-unknown -- -D warnings || die "clippy found problems (see above)."
  done
else
  say "Clippy for the browser is left out: Debian's toolchain has none, and rustup's has no std for WASM here."
fi
