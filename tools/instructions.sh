#!/usr/bin/env bash
# Counts the processor instructions of what is done for each token, with valgrind, and fails if a
# count is more than 25 % above end2end/instructions/baseline.toml. A release is counted, because the
# counts of a debug build say little about it. Assumes that a release of the server is built.
#
#   tools/instructions.sh            compares
#   tools/instructions.sh --update   writes the baseline; the commit that does so says why
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

take_build_folder
say "Counting instructions."
# With the server among the packages, the dependencies get the features that they have in its build,
# so that they are not built again.
cargo build --release "${locked[@]}" --package server --package instructions ||
  die "the counter could not be built (see above)."
target/release/instructions end2end/instructions/baseline.toml "$(rustc --version)" "$@" ||
  die "something takes more instructions than before (see above). If that is meant, \`tools/instructions.sh --update\`, with the reason in the same commit."
