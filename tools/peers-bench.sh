#!/usr/bin/env bash
# Measures Open WebUI under the same load as ours, and llumen too if LLUMEN names its server, and adds the
# figures to docs/performance.md. Assumes that a release is built and that
# `tools/setup.sh peers-bench` has run.
#
#   tools/peers-bench.sh                         10, 50 and 100 streams, about 20 minutes
#   tools/peers-bench.sh --streams 10 --starts 1   other arguments are passed to `bench peers`
#
# To build llumen, get commit LLUMEN_VERSION (tools/versions.env) of github.com/pinkfuwa/llumen and follow its
# BUILD.md; the server is backend/target/release/backend. Its page is not measured, so a folder
# frontend/build with any index.html is enough for the build. COMPANION_BIN and OPEN_WEBUI name
# other programs than the built and the installed one.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN OPEN_WEBUI LLUMEN
cd "$root"

OPEN_WEBUI=${OPEN_WEBUI:-$open_webui_dir/bin/open-webui}
[ -x "$OPEN_WEBUI" ] || die "Open WebUI is not installed; \`tools/setup.sh peers-bench\` installs it."
others=(--open-webui "$OPEN_WEBUI" --open-webui-version "$OPEN_WEBUI_VERSION")
if [ -n "${LLUMEN:-}" ]; then
  others+=(--llumen "$LLUMEN" --llumen-version "$LLUMEN_VERSION")
fi

take_build_folder
say "Building the load driver."
cargo build --release "${locked[@]}" --package bench || die "the load driver could not be built (see above)."

figures=docs/performance/figures.json
mkdir -p docs/performance
say "Measuring. The figures are worth something only if nothing else runs on this machine."
export TMPDIR=${TMPDIR:-/var/tmp}
target/release/bench peers --companion "${COMPANION_BIN:-target/release/companion}" \
  --commit "${COMPANION_COMMIT:-$(git rev-parse --short HEAD)}" "${others[@]}" --out "$figures" "$@" ||
  die "the measurement failed (see above)."
target/release/bench report "$figures" docs/performance.md
say "Wrote docs/performance.md."
