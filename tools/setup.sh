#!/usr/bin/env bash
# Installs the tools that `build`, `run`, `dev`, `spa`, `test`, `torture`, `peers` or
# `peers-bench` needs and that are not installed yet.
# It is safe to repeat and to interrupt: each tool is installed under a temporary name and renamed
# when complete. Tools go to ~/.cache/companion (COMPANION_CACHE), never into the clone.
set -euo pipefail
. "$(dirname "$0")/env.sh"
for part in packages rust cargo-tools npm-tools python model; do
  # shellcheck source=/dev/null
  . "$root/tools/setup/$part.sh"
done

purpose=${1:-build}
case $purpose in
  build | run | dev | spa | test | torture | peers | peers-bench) ;;
  *) die "tools/setup.sh can set up for build, run, dev, spa, test, torture, peers or peers-bench, not for '$purpose'." ;;
esac

mkdir -p "$tools_dir" "$log_dir"
# Only one set-up runs at a time. The system releases the lock when the process ends, however it
# ends.
exec 9>"$cache/setup.lock"
if ! flock -n 9; then
  say "Another set-up is under way; waiting for it."
  flock 9
fi
rm -rf "$tools_dir"/.tmp.*

free_mb=$(df --output=avail -BM "$cache" | tail -n 1 | tr -dc 0-9)
if [ "$free_mb" -lt 8000 ]; then
  warn "only $free_mb MB are free under $cache; a full set-up and build take about 8000 MB."
fi

started=$SECONDS
installed=0 # how many things this run had to install

if [ ! -d "$build_dir" ]; then
  say "Nothing is built on this machine yet: the tools, the page and the server take about 14 minutes on 2 cores. It can be interrupted, and continues when it is started again."
fi
setup_packages "$purpose"
setup_native_rust "$purpose"
setup_web_rust
setup_npm_tools
setup_wasm_bindgen
case $purpose in dev | test) setup_cargo_leptos ;; esac
case $purpose in spa | test) setup_trunk ;; esac
case $purpose in test) setup_cargo_deny ;; esac
case $purpose in test) setup_leptosfmt ;; esac
case $purpose in torture) setup_cargo_fuzz ;; esac
case $purpose in test | torture) setup_schemathesis ;; esac
case $purpose in peers) setup_peers ;; esac
case $purpose in peers-bench) setup_open_webui ;; esac
case $purpose in
  test | torture | peers) setup_model || die "the tests need the default model. $model_problem" ;;
  run | dev | spa) setup_model || warn "$model_problem The page will say that the model is unavailable and what to configure." ;;
esac

# This folder holds only the intermediate output of the tools, which is useless once they are
# installed.
rm -rf "$tools_dir/.build"
if [ "$installed" -gt 0 ]; then
  say "Set-up is complete ($(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s)."
fi
