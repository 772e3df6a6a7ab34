#!/usr/bin/env python3
"""Writes the notices of the third parties whose code is in the binary.

usage: tools/notices.py OUTPUT

The packages are those that `cargo tree` names for the server and for the page's WASM, without the
ones that only build or test. The texts are the license files of the packages themselves, and of
the sources that they bring along, such as llama.cpp's. Equal texts are written once. A package
without any text is named with its license. cargo-about does the same and is what one would use
where a few more minutes of compiling do not matter to the first build.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

LICENSE_FILE = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)([-_.].*)?$", re.IGNORECASE)
# Source files and folders can have such a name as well.
TEXT_SUFFIXES = {"", ".md", ".txt", ".rst"}
# Below a package, where bundled sources keep their own license.
DEPTH = 3
BUILDS = [
    ["--package", "server", "--all-features"],
    ["--package", "frontend", "--no-default-features", "--features", "hydrate", "--target", "wasm32-unknown-unknown"],
]


def cargo(*arguments):
    done = subprocess.run(["cargo", *arguments, "--locked"], check=True, capture_output=True, text=True)
    return done.stdout


def shipped():
    """The names and versions of all packages that are compiled into the product."""
    found = set()
    for build in BUILDS:
        lines = cargo("tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", *build)
        for line in lines.splitlines():
            name, version, *_ = line.split()
            found.add((name, version.removeprefix("v")))
    return found


def license_files(folder):
    def walk(at, depth):
        for path in sorted(at.iterdir()):
            if path.is_symlink():
                continue
            if path.is_dir() and depth < DEPTH and path.name not in {"tests", "examples", "benches", ".git"}:
                yield from walk(path, depth + 1)
            elif path.is_file() and LICENSE_FILE.match(path.name) and path.suffix.lower() in TEXT_SUFFIXES:
                yield path

    return walk(folder, 0)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    wanted = shipped()
    texts, bare = {}, []
    for package in json.loads(cargo("metadata", "--format-version", "1"))["packages"]:
        # Packages without a source are the product's own.
        if package["source"] is None or (package["name"], package["version"]) not in wanted:
            continue
        title = f"{package['name']} {package['version']} ({package['license'] or 'license in its text'})"
        files = list(license_files(Path(package["manifest_path"]).parent))
        for path in files:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            texts.setdefault(text, set()).add(title)
        if not files:
            bare.append(title)
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("Companion contains the code of others, under these licenses.\n")
        for text, titles in sorted(texts.items(), key=lambda entry: sorted(entry[1])):
            out.write("\n" + "=" * 80 + "\n" + "\n".join(sorted(titles)) + "\n" + "-" * 80 + f"\n\n{text}\n")
        if bare:
            out.write("\n" + "=" * 80 + "\nThe packages of these bring no text of their license along:\n\n")
            out.write("\n".join(sorted(bare)) + "\n")
    print(f"{len(wanted)} packages, {len(texts)} texts, {len(bare)} without a text")


main()
