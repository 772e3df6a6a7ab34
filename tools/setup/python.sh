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
  rm -rf "$folder"
  # The first lines of the installed programs name the temporary folder.
  grep -rlI "^#!$tmp" "$tmp/bin" | xargs -r sed -i "1s|$tmp|$folder|"
  mv -T "$tmp" "$folder"
  "$folder/bin/$program" --version >/dev/null || die "$name was installed, but it does not run."
  installed=$((installed + 1))
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
