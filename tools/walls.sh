#!/usr/bin/env bash
# Checks the import walls of ARCHITECTURE.md: the crates that a crate must never depend on, directly
# or indirectly. Reads the dependency graph and the sources, and compiles nothing.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

broken=0

# Prints the names of all crates that crate $1 is built from. The other arguments are flags for
# cargo tree.
dependencies() {
  local crate=$1
  shift
  cargo tree "${locked[@]}" --package "$crate" --edges normal,build --prefix none --format '{p}' "$@" |
    awk 'NR > 1 { print $1 }' | sort -u
}

# wall TITLE "NAMES AND PATTERNS*" CRATE [FLAGS...]: checks that none of the names is a dependency.
wall() {
  local title=$1 forbidden=$2 crate=$3 found pattern
  shift 3
  found=$(dependencies "$crate" "$@") || die "cargo tree could not read the dependencies of $crate."
  for pattern in $forbidden; do
    # shellcheck disable=SC2254 # The variable holds a pattern.
    while read -r name; do
      case $name in
        $pattern)
          printf '    %s: must not depend on %s. It comes by:\n' "$title" "$name" >&2
          cargo tree --package "$crate" --edges normal,build --invert "$name" "$@" 2>&1 | head -n 12 | sed 's/^/      /' >&2
          broken=$((broken + 1))
          ;;
      esac
    done <<<"$found"
  done
}

# only CRATE "NAMES" [FLAGS...]: checks that the crate's direct dependencies are among the names.
only() {
  local crate=$1 allowed=$2 name
  shift 2
  while read -r name; do
    case " $allowed " in
      *" $name "*) ;;
      *)
        printf '    %s: may depend on %s only, not on %s.\n' "$crate" "$allowed" "$name" >&2
        broken=$((broken + 1))
        ;;
    esac
  done < <(dependencies "$crate" --depth 1 "$@")
}

# no_mention "WHAT" REGEX PATH...: checks that no source file under the paths matches. Paths that do
# not exist are skipped.
no_mention() {
  local what=$1 regex=$2 path hits
  shift 2
  for path in "$@"; do
    [ -e "$path" ] || continue
    hits=$(grep -rnHE --include='*.rs' "$regex" "$path" | grep -vE '^[^:]*:[0-9]+:\s*//' || true)
    if [ -n "$hits" ]; then
      printf '    %s:\n' "$what" >&2
      printf '%s\n' "$hits" | sed 's/^/      /' >&2
      broken=$((broken + 1))
    fi
  done
}

say "Import walls."
browser=(--target wasm32-unknown-unknown)

wall "protocol" "tokio axum* leptos* rusqlite runtime app server frontend" protocol --all-features
only protocol "serde utoipa uuid"

# No crate of the runtime depends on a server or a user interface, and each depends only on the
# crates that it is made for.
outside="axum* leptos* app server frontend"
database="rusqlite libsqlite3-sys store-sqlite"
engine="llama-cpp* engine"
providers="provider-local provider-openai"
wall "search" "$outside tokio store runtime" search --all-features
wall "model-io" "$outside tokio store provider runtime" model-io --all-features
wall "accounts" "$outside $database $engine $providers hyper* provider runtime transfer" accounts --all-features
wall "oidc" "$outside $database $engine $providers runtime transfer" oidc --all-features
wall "passkeys" "$outside $database $engine $providers hyper* provider runtime transfer" passkeys --all-features
wall "shares" "$outside $database $engine $providers hyper* provider runtime transfer" shares --all-features
wall "store" "$outside $database $engine $providers provider runtime transfer" store --all-features
wall "store-sqlite" "$outside $engine $providers provider runtime transfer" store-sqlite --all-features
wall "transfer" "$outside $database $engine $providers provider runtime" transfer --all-features
wall "provider" "$outside $database $engine $providers hyper* store runtime" provider --all-features
wall "provider-openai" "$outside $database $engine provider-local store runtime" provider-openai --all-features
wall "provider-local" "$outside $database $engine provider-openai hyper* store runtime" provider-local --all-features
wall "engine" "$outside $database $providers tokio hyper* provider store runtime" engine --all-features
wall "runtime" "$outside $database $engine $providers" runtime --all-features
wall "app" "$database $engine $providers server frontend" app --all-features
wall "render" "tokio axum* leptos* rusqlite runtime app server frontend" render --all-features
only render "math-core protocol pulldown-cmark syntect two-face"
wall "json-tree" "tokio axum* leptos* rusqlite runtime app server frontend" json-tree --all-features
only json-tree "protocol serde serde_json"
wall "titles" "tokio axum* leptos* rusqlite runtime app server frontend" titles --all-features
only titles "protocol"
for crate in protocol runtime json-tree render titles app server frontend; do
  wall "$crate" "bench instructions torture upstream power-interposer power-journal" "$crate" --all-features
done
for entry in hydrate csr; do
  wall "app without ssr ($entry)" "render runtime tokio axum* rusqlite" app --no-default-features --features "$entry" "${browser[@]}"
  wall "frontend ($entry)" "render runtime server tokio axum* rusqlite" frontend --no-default-features --features "$entry" "${browser[@]}"
  only frontend "app leptos wasm-bindgen js-sys web-sys console_error_panic_hook" \
    --no-default-features --features "$entry" "${browser[@]}"
done

# Some walls cannot be seen in the dependency graph, so the sources are searched.
no_mention "runtime: the turn knows no provider, store, tokio or clock" \
  '\btokio::|\b(provider|store)::|\bcrate::clock\b|\bsuper::clock\b|SystemTime|Instant::now' \
  runtime/src/turn.rs runtime/src/turn
no_mention "protocol: HTML passes as text; its tags are written and read elsewhere" \
  "'[<>]'|\"<[/a-z]|>\"" protocol/src
no_mention "server: no SQL and no provider's wire types" '\brusqlite\b|\basync_openai\b|\bllama_cpp' server/src

[ "$broken" -eq 0 ] || die "$broken import wall(s) broken (see above)."
