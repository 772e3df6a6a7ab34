#!/usr/bin/env bash
# Formats the code: rustfmt everything but the views, and leptosfmt the views, which rustfmt leaves
# alone. With --check it changes nothing, and fails where something would change.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

view_folders=(app/src frontend/src)

comments() { grep -o '//' "$1" | wc -l; }

# leptosfmt deletes the comments in Rust code that is inside of a view, such as an event handler. So a
# file with such a comment is left as it is, and its name is added to `losing`.
format_views() {
  local file formatted
  formatted=$(mktemp)
  while read -r file; do
    leptosfmt --quiet --stdin <"$file" >"$formatted" || die "leptosfmt cannot read $file."
    if [ "$(comments "$formatted")" != "$(comments "$file")" ]; then
      losing+=("$file")
    elif ! cmp -s "$formatted" "$file"; then
      cat "$formatted" >"$file"
    fi
  done < <(grep -rl --include='*.rs' 'view!' "${view_folders[@]}")
  rm -f "$formatted"
}

case ${1:-} in
  --check)
    cargo fmt --all --check && leptosfmt --quiet --check "${view_folders[@]}" ||
      die "the formatting differs; \`make fmt\` repairs it."
    ;;
  '')
    losing=()
    format_views
    cargo fmt --all
    [ ${#losing[@]} = 0 ] ||
      die "leptosfmt would delete comments in ${losing[*]}; give the code that has them a name outside of the view."
    ;;
  *) die "tools/format.sh takes --check or nothing, not '$1'." ;;
esac
