#!/usr/bin/env bash
# Checks that docs/engine.md, which lists the known faults of the inference engine, is about the
# versions in Cargo.lock. Somebody has to read the advisories again when the engine is updated.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

page=docs/engine.md
for crate in llama-cpp-2 llama-cpp-sys-2; do
  version=$(locked_version "$crate")
  grep --quiet --fixed-strings "| \`$crate\` | $version |" "$page" ||
    die "$page is not about $crate $version, which Cargo.lock has. Look up the advisories of llama.cpp in the new sources, and write them down there."
done
