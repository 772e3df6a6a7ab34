# shellcheck shell=bash
# Installs Python programs, each in its own virtual environment, with the versions and hashes that a
# requirements file pins.

# setup_python NAME PROGRAM FOLDER LOCK OPTION...: installs the packages of LOCK into FOLDER, unless
# PROGRAM is there. The options are pip's.
setup_python() {
  local name=$1 program=$2 folder=$3 lock=$4 tmp=$tools_dir/.tmp.$1
  shift 4
  [ ! -x "$folder/bin/$program" ] || return 0
  # Debian's python3 contains venv, but ensurepip, which venv needs, is in the package python3-venv.
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
  say "Installing $name from PyPI."
  rm -rf "$tmp"
  run_logged "$name" python3 -m venv "$tmp" &&
    run_logged "$name" "$tmp/bin/python" -m pip install --require-hashes --no-deps \
      --no-cache-dir --disable-pip-version-check "$@" --requirement "$lock" ||
    die "pip could not install the packages of ${lock#"$root/"} (see above)."
  move_environment "$tmp" "$folder"
  "$folder/bin/$program" --version >/dev/null || die "$name was installed, but it does not run."
  installed=$((installed + 1))
}

# move_environment FROM TO: gives a complete virtual environment its name.
move_environment() {
  rm -rf "$2"
  # The first lines of the installed programs name the temporary folder.
  grep -rlI "^#!$1" "$1/bin" | xargs -r sed -i "1s|$1|$2|"
  mv -T "$1" "$2"
}

# Installs Schemathesis, which tests the API against its own OpenAPI document.
setup_schemathesis() {
  setup_python schemathesis schemathesis "$schemathesis_dir" "$schemathesis_lock" --only-binary :all:
}

# Installs the real servers that `make peers` tests with. llama-cpp-python is compiled, which takes
# a quarter of an hour.
setup_peers() {
  # Without this variable LiteLLM downloads its list of prices, even for `--version`.
  LITELLM_LOCAL_MODEL_COST_MAP=True setup_python litellm litellm "$litellm_dir" "$litellm_lock" --only-binary :all:
  setup_python llama-cpp-python python "$llama_cpp_dir" "$llama_cpp_lock"
}

# Installs Open WebUI, which `make peers-bench` measures. Its own file pins its direct dependencies.
# PyPI's build of torch brings libraries for NVIDIA's cards along, so this takes several gigabytes.
setup_open_webui() {
  local python tmp=$tools_dir/.tmp.open-webui
  [ ! -x "$open_webui_dir/bin/open-webui" ] || return 0
  for python in python3.12 python3.11 python3; do
    # It needs Python 3.11 or 3.12.
    "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && break
    [ "$python" != python3 ] || die "Open WebUI $OPEN_WEBUI_VERSION needs Python 3.11 or 3.12."
  done
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
  say "Installing Open WebUI $OPEN_WEBUI_VERSION from PyPI (about 8 GB, 10 minutes or more)."
  rm -rf "$tmp"
  run_logged open-webui "$python" -m venv "$tmp" &&
    run_logged open-webui "$tmp/bin/python" -m pip install --no-cache-dir --disable-pip-version-check \
      --only-binary :all: "open-webui==$OPEN_WEBUI_VERSION" ||
    die "pip could not install Open WebUI (see above)."
  move_environment "$tmp" "$open_webui_dir"
  installed=$((installed + 1))
}
