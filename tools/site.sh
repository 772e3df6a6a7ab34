#!/usr/bin/env bash
# Builds the release's site (WASM, JS, CSS, icons) into target/site, as `cargo leptos build
# --release` would, from the same configuration (workspace.metadata.leptos in Cargo.toml) and by
# the same steps: cargo, wasm-bindgen, wasm-opt, sass, lightningcss. So users need not compile
# cargo-leptos to run Companion. tools/same-site.sh compares the results of the two.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$root"

site_dir=$root/target/site
site_stamp=$root/target/site.stamp

# Prints the hash of all files that the site may depend on: the whole tree without the parts that
# never reach the browser. An unneeded file in the list only causes a needless rebuild now and then;
# if a file were missing, the site would not be rebuilt when that file changes.
sources_fingerprint() {
  {
    use_web_toolchain
    rustc --version --verbose
    cat tools/versions.env tools/npm/package-lock.json tools/site.sh
    find . \( -path ./target -o -path ./.git -o -path ./end2end -o -path ./docs -o -path ./runtime \
      -o -path ./server -o -path ./tools -o -path ./.ci -o -name node_modules \) -prune \
      -o -type f ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum
}

# Prints the hash of the site's own files, to notice a file that another program has put there.
site_fingerprint() {
  (cd "$site_dir" && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}

# Reads the settings that cargo-leptos reads, as shell variables that begin with leptos_.
read_leptos_configuration() {
  local assignments
  assignments=$(cargo metadata --no-deps --format-version 1 "${locked[@]}" | python3 -c '
import json, shlex, sys
project, = json.load(sys.stdin)["metadata"]["leptos"]
for name in ["output-name", "lib-package", "lib-features", "lib-profile-release", "style-file",
             "assets-dir", "browserquery", "site-pkg-dir"]:
    value = project[name]
    text = ",".join(value) if isinstance(value, list) else value
    print("leptos_" + name.replace("-", "_") + "=" + shlex.quote(text))
') || die "the configuration of cargo-leptos in Cargo.toml could not be read."
  eval "$assignments"
}

# Compiles the page's WASM.
compile_wasm() {
  building "the page's WASM" 4
  (
    use_web_toolchain
    # cargo-leptos sets the same variables.
    export LEPTOS_OUTPUT_NAME=$leptos_output_name LEPTOS_SITE_PKG_DIR=$leptos_site_pkg_dir
    cargo build "${locked[@]}" --package "$leptos_lib_package" --lib \
      --target wasm32-unknown-unknown --no-default-features --features "$leptos_lib_features" \
      --profile "$leptos_lib_profile_release"
  ) || die "the page's WASM could not be built (see above)."
  wasm=$root/target/wasm32-unknown-unknown/$leptos_lib_profile_release/$leptos_lib_package.wasm
}

# Generates the script that loads the WASM, and shrinks both.
make_module() {
  local flags
  building "the page's script, and making it and the WASM small" 1
  wasm-bindgen --target web --no-typescript --out-dir "$pkg" --out-name "$leptos_output_name" "$wasm"
  mv "$pkg/${leptos_output_name}_bg.wasm" "$pkg/$leptos_output_name.wasm"
  read -ra flags <<<"$WASM_OPT_FLAGS"
  wasm-opt "${flags[@]}" "$pkg/$leptos_output_name.wasm" -o "$pkg/$leptos_output_name.wasm"
  minify_script "$pkg/$leptos_output_name.js"
}

# cargo-leptos minifies the script with a library that has no command line, so terser does it here.
minify_script() {
  terser --module --compress --mangle --output "$1.min" -- "$1"
  mv "$1.min" "$1"
}

make_style() {
  sass --no-source-map "$leptos_style_file" "$new_site/style.css"
  lightningcss --minify --targets "$leptos_browserquery" "$new_site/style.css" \
    --output-file "$pkg/$leptos_output_name.css"
  rm "$new_site/style.css"
}

# Puts a hash of its content into the name of each file, in the form that cargo-leptos uses: MD5 as
# URL-safe base64. The page tells the script the name of the WASM, so the script need not be
# changed.
name_by_content() {
  python3 - "$pkg" "$leptos_output_name" <<'PY'
import base64, hashlib, pathlib, sys
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def hashed(path):
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()
    tag = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    path.rename(path.with_name(f"{path.stem}.{tag}{path.suffix}"))
for ending in [".wasm", ".js", ".css"]:
    hashed(folder / f"{name}{ending}")
PY
}

build_site() {
  local fingerprint
  fingerprint=$(sources_fingerprint)
  if [ -d "$site_dir" ] &&
    [ "$(cat "$site_stamp" 2>/dev/null)" = "$fingerprint $(site_fingerprint)" ]; then
    say "The site is up to date."
    return
  fi
  read_leptos_configuration
  new_site=$root/target/site.new
  pkg=$new_site/$leptos_site_pkg_dir
  rm -rf "$site_stamp" "$new_site"
  mkdir -p "$pkg"
  compile_wasm
  make_module
  make_style
  cp -R "$leptos_assets_dir/." "$new_site/"
  name_by_content
  rm -rf "$site_dir"
  mv -T "$new_site" "$site_dir"
  printf '%s %s\n' "$fingerprint" "$(site_fingerprint)" >"$site_stamp"
}

take_build_folder
build_site
