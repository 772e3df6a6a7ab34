#!/usr/bin/env bash
# Tests the development server: in a copy of this tree, which the test then changes, `make dev`
# starts and a browser has to see a changed style and a changed component. Needs what
# `tools/setup.sh test` installs and the scripted endpoint.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

copy=$root/target/development
# The copy is as large as a build. It goes also when the test fails; `make clean` removes what is
# left after a harder end.
trap 'rm -rf "$copy"' EXIT

# Copies all files that git would commit, as they are now. The copies get the present time, so that
# cargo takes them for changed.
copy_tree() {
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from - --create --file - | tar --extract --touch --file - --directory "$copy"
}

# Links the build output of the dependencies into the copy, so that they are not compiled again.
# The output of our own crates is removed from it, so that a build in the copy does not write to
# files of the shared folder.
lend_build() {
  local part crate
  mkdir -p "$copy/target/build"
  for part in debug wasm32-unknown-unknown/debug; do
    [ -d "$build_dir/$part" ] || continue
    mkdir -p "$copy/target/build/$part"
    cp -al "$build_dir/$part/." "$copy/target/build/$part/" 2>/dev/null ||
      cp -a "$build_dir/$part/." "$copy/target/build/$part/"
  done
  # The compiler changes incremental data in place, and a linked lock would be the same lock.
  find "$copy/target/build" -maxdepth 4 \( -name incremental -o -name .cargo-lock \) -prune -exec rm -rf {} +
  while read -r crate; do
    find "$copy/target/build" -maxdepth 4 \( -name "$crate-*" -o -name "lib${crate//-/_}-*" \
      -o -name "${crate//-/_}-*" -o -name "$crate.d" -o -name "$crate" \
      -o -name "lib${crate//-/_}.*" \) -prune -exec rm -rf {} +
  done < <(own_crates)
}

take_build_folder
say "Copying the tree to target/development."
copy_tree
lend_build
DEVELOPMENT_COPY=$copy tools/browser.sh --project=development "$@"
