# shellcheck shell=bash
# Checks for programs and libraries of the operating system. It looks for the programs and files
# themselves and not for packages, so any distribution will do; but it can install missing ones only
# on Debian and its derivatives.

# True if clang's library, which bindgen loads, is in one of its usual places.
have_libclang() {
  [ -n "${LIBCLANG_PATH:-}" ] || ldconfig -p 2>/dev/null | grep -q 'libclang[-.]' ||
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null
}

have_japanese_font() {
  fc-list :lang=ja 2>/dev/null | grep -q . ||
    find /usr/share/fonts "$HOME/.local/share/fonts" -iname '*cjk*' 2>/dev/null | grep -q .
}

# Prints the browser that the tests drive: CHROMIUM, else the first one that is installed.
find_chromium() {
  local name
  if [ -n "${CHROMIUM:-}" ]; then
    echo "$CHROMIUM"
    return
  fi
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
}

# Prints the Debian packages that are missing for the purpose $1, one per line.
missing_packages() {
  command -v cmake >/dev/null || echo cmake
  command -v g++ >/dev/null || echo g++
  command -v clang >/dev/null || echo clang
  have_libclang || echo libclang-dev
  command -v pkg-config >/dev/null || echo pkg-config
  # llama.cpp's own build uses ccache if it is installed, so debug and release share compiled C++.
  command -v ccache >/dev/null || echo ccache
  command -v flock >/dev/null || echo util-linux
  command -v python3 >/dev/null || echo python3
  if [ "$1" != build ] && [ ! -f "$model_path" ] && ! python3 -m pip --version >/dev/null 2>&1; then
    echo python3-pip
  fi
  # The attacks of `make torture` need the browser, too, and Playwright runs the peers.
  if [ "$1" = test ] || [ "$1" = torture ] || [ "$1" = peers ]; then
    [ -n "$(find_chromium)" ] || echo chromium
    have_japanese_font || echo fonts-noto-cjk
  fi
  if [ "$1" = test ]; then
    command -v shellcheck >/dev/null || echo shellcheck
    # A second device for the browser tests: a network namespace, and a certificate for its network.
    command -v ip >/dev/null || [ -x /usr/sbin/ip ] || echo iproute2
    command -v openssl >/dev/null || echo openssl
    # Instructions are counted with valgrind: how many rendering takes, and what a token takes.
    command -v valgrind >/dev/null || echo valgrind
    command -v firefox-esr >/dev/null || command -v firefox >/dev/null || echo firefox-esr
    command -v WebKitWebDriver >/dev/null || echo webkit2gtk-driver
    command -v Xvfb >/dev/null || echo xvfb
    # Tests serve the client-only console with nginx, configured as the documentation says. It is
    # not started as a service.
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || echo nginx
  fi
}

setup_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$1")
  apt_install "${missing[@]}"
  local node
  node=$(node --version 2>/dev/null | tr -d v) || true
  if ! version_at_least "${node:-0}" "$NODE_MINIMUM" || ! command -v npm >/dev/null; then
    die "Node.js $NODE_MINIMUM or newer with npm is needed and this machine has ${node:-none}; install it and run this again."
  fi
}

apt_updated=

# Installs Debian packages, or stops and names those that the user has to install.
apt_install() {
  [ $# -gt 0 ] || return 0
  local as_root=() by_hand="install these packages and run this again: $*"
  command -v apt-get >/dev/null || die "This is not a Debian system; $by_hand"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "Neither root nor sudo; $by_hand"
    if [ -t 0 ]; then as_root=(sudo); else as_root=(sudo -n); fi
    "${as_root[@]}" true || die "sudo was refused; $by_hand"
  fi
  say "Installing Debian packages: $*"
  if [ -z "$apt_updated" ]; then
    run_logged apt-update "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update ||
      warn "the package lists could not be updated; trying with the old ones."
    apt_updated=yes
  fi
  run_logged apt-install "${as_root[@]}" "$root/tools/setup/install-packages.sh" "$@" ||
    die "apt-get could not install them (see above); $by_hand"
  installed=$((installed + 1))
}

# Runs a long command with its output in a log file. Prints a line per minute while the command
# runs, and the end of the log if it fails (unless `quiet` is set: then the caller reports the
# failure).
run_logged() {
  local log=$log_dir/$1.log status=0 beat
  shift
  exec {beat}> >(heartbeat "$log")
  "$@" >"$log" 2>&1 </dev/null {beat}>&- 9>&- || status=$?
  exec {beat}>&-
  if [ "$status" -ne 0 ] && [ -z "${quiet:-}" ]; then show_log_end "$log"; fi
  return "$status"
}

show_log_end() {
  printf '    %s\n' "... the end of $1:" >&2
  tail -n 20 "$1" | sed 's/^/    /' >&2
}

# Prints the newest line of the log $1 once a minute, until its own input closes.
heartbeat() {
  local minutes=0 status
  while true; do
    status=0
    read -r -t 60 _ || status=$?
    [ "$status" -gt 128 ] || return 0
    minutes=$((minutes + 1))
    printf '    %d min: %s\n' "$minutes" "$(tail -n 1 "$1" 2>/dev/null | tr -d '\r' | cut -c1-90)"
  done
}
