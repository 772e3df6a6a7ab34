#!/usr/bin/env bash
# Checks that the finished program has the protections against memory errors that its parts in C and
# C++ were compiled with (.cargo/config.toml): flags that a build ignores would otherwise be noticed
# by nobody. Assumes that a release is built; COMPANION_BIN names another program.
set -euo pipefail
. "$(dirname "$0")/env.sh"
absolute COMPANION_BIN
cd "$root"
program=${COMPANION_BIN:-target/release/companion}

# has WHAT PATTERN TEXT: stops unless a line of the text matches the extended pattern.
has() { grep --quiet --extended-regexp -- "$2" <<<"$3" || die "$program has no $1."; }

head=$(readelf --wide --file-header --program-headers "$program")
dynamic=$(readelf --wide --dynamic "$program")
symbols=$(readelf --wide --dyn-syms "$program")

# The linker's, for all code: addresses that differ with each start, tables that nobody can write to
# after the start, and no code on the stack.
has "addresses that change (PIE)" '^ *Type: +DYN' "$head"
has "read-only table of addresses (RELRO)" '^ *GNU_RELRO ' "$head"
has "complete table of addresses at the start (BIND_NOW)" '\(FLAGS\).*BIND_NOW|\(BIND_NOW\)|\(FLAGS_1\).*NOW' "$dynamic"
has "stack without code" '^ *GNU_STACK .* RW ' "$head"
# The compiler's, for the parts in C and C++.
case $(uname -sm) in
  'Linux x86_64' | 'Linux aarch64')
    has "canaries on the stack" ' UND __stack_chk_fail' "$symbols"
    has "checked lengths in the C library's functions" ' UND __(memcpy|memmove|snprintf|vsnprintf)_chk' "$symbols"
    has "checked indexes in the C++ library" ' __glibcxx_assert_fail|_ZSt21__glibcxx_assert_fail' "$symbols"
    ;;
esac
say "The program has its protections against memory errors: $(grep --count --extended-regexp ' UND __[a-z]+_chk' <<<"$symbols") checked functions of the C library."
