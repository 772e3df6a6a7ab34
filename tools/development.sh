#!/usr/bin/env bash
# Tests the development server: starts `make dev` in a copy of this tree, changes a style and a
# component there, and checks that a browser shows both changes. Needs the scripted endpoint and the
# tools that `tools/setup.sh test` installs.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

copy=$root/target/development
# The copy is as large as a build, so it is removed even if the test fails. If this script is
# killed, the copy stays until `make clean`.
trap 'rm -rf "$copy"' EXIT

# Copies all files that git would commit, with their present content. The copies get the present
# time, so that cargo takes them for changed.
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
  # These are not shared: the compiler changes incremental data in place, and a hard link to the
  # lock file would be the same lock.
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
