#!/usr/bin/env bash
# Tests Companion with real servers, and writes the results into docs/endpoints.md. Assumes that a
# release is built and that `tools/setup.sh peers` has run. Arguments are passed to Playwright.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN UPSTREAM_BIN
cd "$root"

export LITELLM=${LITELLM:-$litellm_dir/bin/litellm}
export LLAMA_CPP_PYTHON=${LLAMA_CPP_PYTHON:-$llama_cpp_dir/bin/python}
[ -x "$LITELLM" ] && [ -x "$LLAMA_CPP_PYTHON" ] ||
  die "the servers are not installed; \`tools/setup.sh peers\` installs them."

# With arguments perhaps only some of the tests run, so the document is not rewritten then.
[ $# -gt 0 ] || export PEERS_REPORT=1
tools/browser.sh --project=peers --reporter=list,./peers/reporter.ts "$@" ||
  die "a test with a real server failed (see above)."
