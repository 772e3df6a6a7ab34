#!/usr/bin/env bash
# Tests the development server: in a copy of this tree, which the test then changes, `make dev`
# starts and a browser has to see a changed style and a changed component. Needs what
# `tools/setup.sh test` installs and the scripted endpoint.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

copy=$root/target/development

# All that git would commit, as it is now. The files are new, so that cargo builds them.
copy_tree() {
  rm -rf "$copy"
  mkdir -p "$copy"
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from - --create --file - | tar --extract --touch --file - --directory "$copy"
}

# Gives the copy what the crates of others were built to, by links. What was built of our own
# is taken out again, so that a build in the copy writes to no file of the shared folder.
lend_build() {
  local part crate
  mkdir -p "$copy/target/build"
  for part in debug wasm32-unknown-unknown/debug; do
    [ -d "$build_dir/$part" ] || continue
    mkdir -p "$copy/target/build/$part"
    cp -al "$build_dir/$part/." "$copy/target/build/$part/" 2>/dev/null ||
      cp -a "$build_dir/$part/." "$copy/target/build/$part/"
  done
  # Neither what a compiler changes in place, nor the locks: a link would be the same lock.
  find "$copy/target/build" -maxdepth 4 \( -name incremental -o -name .cargo-lock \) -prune -exec rm -rf {} +
  while read -r crate; do
    find "$copy/target/build" -maxdepth 4 \( -name "$crate-*" -o -name "lib${crate//-/_}-*" \
      -o -name "${crate//-/_}-*" -o -name "$crate.d" -o -name "$crate" \
      -o -name "lib${crate//-/_}.*" \) -prune -exec rm -rf {} +
  done < <(own_names)
}

# The names of this workspace's crates and programs.
own_names() {
  cat "$root"/*/Cargo.toml "$root"/end2end/*/Cargo.toml "$root"/tools/*/Cargo.toml |
    sed -n 's/^name = "\(.*\)"$/\1/p'
}

take_build_folder
say "Copying the tree to target/development."
copy_tree
lend_build
DEVELOPMENT_COPY=$copy tools/browser.sh --project=development "$@"
rm -rf "$copy"
