#!/usr/bin/env bash
# Runs each fuzz target for SECONDS (default 60), from the corpus that is checked in:
#
#   tools/fuzz.sh [SECONDS] [TARGET...]
#
# New inputs that reach new code are kept in the cache and not in the clone. An input that makes a
# target fail is written to end2end/fuzz/artifacts/TARGET, and `cargo fuzz run TARGET FILE` runs it
# again. Needs cargo-fuzz (`tools/setup.sh torture`) and a C++ compiler.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root/end2end/fuzz"

seconds=${1:-60}
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(cd targets && grep -l '^#!\[no_main\]' ./*.rs | sed 's/^\.\///; s/\.rs$//')

PATH=$tools_dir/cargo-fuzz-$CARGO_FUZZ_VERSION/bin:$PATH
command -v cargo-fuzz >/dev/null || die "cargo-fuzz is missing: run \`tools/setup.sh torture\`."
# Instrumentation needs an unstable flag, which the stable compiler accepts with RUSTC_BOOTSTRAP.
# The instrumented builds are kept apart from the product's. No sanitizer is used, because the
# fuzzed code has no unsafe code.
export RUSTC_BOOTSTRAP=1 CARGO_BUILD_BUILD_DIR=$build_dir/fuzz CARGO_TARGET_DIR=$build_dir/fuzz/target
flags=(--fuzz-dir . --sanitizer none)

cargo-fuzz fuzz build "${flags[@]}" || die "the fuzz targets could not be built (see above)."
for target in "${targets[@]}"; do
  found=$cache/fuzz/$target
  mkdir -p "$found" "artifacts/$target"
  say "Fuzzing $target for $seconds seconds."
  log=$cache/fuzz/$target.log
  cargo-fuzz fuzz run "${flags[@]}" "$target" "$found" "corpus/$target" -- \
    -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "fuzzing found something in $target (see above, and end2end/fuzz/artifacts/$target)."
  }
  awk '/^stat::number_of_executed_units/ { n = $2 } /^stat::peak_rss_mb/ { m = $2 }
    END { printf "    %s inputs, at most %s MB, nothing found\n", n, m }' "$log"
done
