# shellcheck shell=bash
# Schemathesis, which tests the interface by its own OpenAPI document, in a virtual environment of
# its own, in the versions and with the hashes of end2end/attacks/schemathesis/requirements.txt.

setup_schemathesis() {
  [ ! -x "$schemathesis_dir/bin/schemathesis" ] || return 0
  local tmp=$tools_dir/.tmp.schemathesis
  # Debian's python3 contains venv, but ensurepip, which venv needs, is a package of its own.
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
  say "Installing schemathesis from PyPI."
  rm -rf "$tmp"
  run_logged schemathesis python3 -m venv "$tmp" &&
    run_logged schemathesis "$tmp/bin/python" -m pip install --require-hashes --no-deps \
      --only-binary :all: --no-cache-dir --disable-pip-version-check --requirement "$schemathesis_lock" ||
    die "pip could not install the packages of end2end/attacks/schemathesis (see above)."
  rm -rf "$schemathesis_dir"
  # The first lines of its programs name the temporary folder.
  grep -rlI "^#!$tmp" "$tmp/bin" | xargs -r sed -i "1s|$tmp|$schemathesis_dir|"
  mv -T "$tmp" "$schemathesis_dir"
  "$schemathesis_dir/bin/schemathesis" --version >/dev/null ||
    die "schemathesis was installed, but it does not run."
  installed=$((installed + 1))
}
