#!/usr/bin/env bash
# Runs the client-only console: the server and `trunk serve` beside it, until Ctrl-C or until one of
# them ends. Arguments are passed to the server. SPA_PORT is Trunk's port (8080), COMPANION_BIN
# names a server that is already built, and TRUNK_CONFIG names another Trunk.toml.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN TRUNK_CONFIG
cd "$root"

port=${SPA_PORT:-8080}
case $port in '' | *[!0-9]*) die "SPA_PORT is '$port'; it has to be a number." ;; esac
state=$root/target/spa/$port
server=
trunk=

# Job control gives each of the two its own process group, so that the processes that they
# start can be ended with them.
set -m
finish() {
  local status=$? group
  trap - EXIT INT TERM
  for group in $trunk $server; do kill -TERM -- "-$group" 2>/dev/null || true; done
  # The server first commits the text of running answers; it ends within ten seconds by itself.
  for _ in $(seq 150); do
    [ -n "$server" ] && kill -0 -- "-$server" 2>/dev/null || break
    sleep 0.1
  done
  for group in $trunk $server; do kill -KILL -- "-$group" 2>/dev/null || true; done
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

runs() { kill -0 "$1" 2>/dev/null; }

# The port is checked before the build, because Trunk itself would fail only after its build.
if (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  die "port $port is taken, so Trunk cannot serve there. Name another one: SPA_PORT=8081 make spa."
fi

# True if there is a release build and none of its sources has changed since.
current_release() {
  local binary=target/release/companion
  [ -x "$binary" ] && [ -z "$(find Cargo.toml Cargo.lock app frontend prompts protocol public runtime \
    server style -newer "$binary" -type f ! -name '*.md' -print -quit)" ]
}

# The server's pages need a style sheet, and a debug build does not contain one. These variables,
# which cargo-leptos sets as well, make the server read its files from a folder.
style_for_debug() {
  mkdir -p "$state/site/pkg"
  sass --no-source-map style/main.scss "$state/site/pkg/companion.css"
  cp public/* "$state/site/"
  export LEPTOS_WATCH=1 LEPTOS_SITE_ROOT=$state/site
}

binary=${COMPANION_BIN:-}
if [ -z "$binary" ]; then
  take_build_folder
  if current_release; then
    say "The server is target/release/companion, which is current."
    binary=$root/target/release/companion
  else
    say "Building the server (debug)."
    cargo build "${locked[@]}" --package server || die "the server could not be built (see above)."
    binary=$root/target/debug/companion
    style_for_debug
  fi
fi

mkdir -p "$state"
# The host names by which a browser reaches the server through Trunk, which listens on loopback only,
# so that no login is needed, and those that the arguments, the environment or the configuration file
# already open. The latter are repeated here because a flag replaces them. If the configuration is
# wrong, the server itself reports that below.
names=127.0.0.1:$port,localhost:$port
opened=$("$binary" config "$@" 2>/dev/null | sed -n 's/^open_hosts = \[\(.*\)\].*/\1/p' | tr -d '" ') || true
: >"$state/server.out"
# Trunk serves the console at the root of its address, whatever the environment or the file say.
"$binary" serve "$@" --base-path / --open-hosts "$names${opened:+,$opened}" </dev/null >"$state/server.out" &
server=$!
backend=
while [ -z "$backend" ]; do
  runs "$server" || die "the server did not start (see above)."
  backend=$(sed -n 's|^listening on http://||p' "$state/server.out")
  [ -n "$backend" ] || sleep 0.1
done

# Makes a copy of the configuration with these two addresses and with another folder for the output,
# because a debug build in target/csr could be mistaken for the output of `trunk build --release`.
config=$(realpath "${TRUNK_CONFIG:-Trunk.toml}")
sed -e "s|127\.0\.0\.1:3000|$backend|g" -e "s|^port = .*|port = $port|" \
  -e "s|^dist = .*|dist = \"$state/dist\"|" \
  -e "/^\(target\|watch\) = /s|\"\([a-z]\)|\"$(dirname "$config")/\1|g" "$config" >"$state/Trunk.toml"

say "The server is at $backend; starting Trunk, which builds the console first."
(
  if [ -z "${TRUNK_CONFIG:-}" ]; then
    use_web_toolchain
    cargo fetch "${locked[@]}"
  fi
  # Trunk reads NO_COLOR as a boolean and stops at the usual "1".
  unset NO_COLOR
  exec trunk serve --offline --config "$state/Trunk.toml" </dev/null
) &
trunk=$!

both_run() {
  runs "$trunk" || die "Trunk ended (see above)."
  runs "$server" || die "the server ended (see above)."
}

front=http://127.0.0.1:$port
until curl --silent --fail --output /dev/null --max-time 5 "$front/"; do
  both_run
  sleep 0.3
done
# Trunk serves the page, so it has built the console. Now wait until the server answers through it.
status=
for _ in $(seq 100); do
  both_run
  status=$(curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "$front/api/v1/status") || true
  case $status in
    200) break ;;
    403) die "the server does not allow the name 127.0.0.1:$port (open_hosts)." ;;
  esac
  sleep 0.3
done
[ "$status" = 200 ] || die "the server does not answer through Trunk (the last status was $status)."
say "The client-only console is at $front (Ctrl-C ends it and its server)."

wait -n "$server" "$trunk" || true
if runs "$trunk"; then die "the server ended, and Trunk with it."; fi
die "Trunk ended, and the server with it."
