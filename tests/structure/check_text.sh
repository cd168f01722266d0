#!/bin/sh
# check_text.sh SOURCE_DIR: what no file should hold: trailing blanks, tabs in C++, a last line
# without its end, paths of the machine it was written on, and C++ that a tool of ours gets wrong.
# shellcheck disable=SC2086  # $shipped and $all are lists of words
set -u
cd "${1:?usage: check_text.sh SOURCE_DIR}" || exit 1
export LC_ALL=C
status=0

existing() { for path; do [ -e "$path" ] && echo "$path"; done; }

# offenders TEXT: fails, listing the lines of standard input, if there are any.
offenders() {
  found=$(cat)
  [ -n "$found" ] || return 0
  printf '%s:\n%s\n' "$1" "$found"
  status=1
}

shipped=$(existing include src data docs README.md)
all=$(existing $shipped cmake scripts tests .ci CMakeLists.txt CMakePresets.json CHANGELOG.md \
  CONTRIBUTING.md .clang-format .clang-tidy .editorconfig)
[ -n "$shipped" ] || { echo "check_text: no sources in $PWD"; exit 1; }

# Inputs and expected outputs in tests/ are as their programs wrote them; the rest is ours.
ours() {
  find $all -type f \( -not -path 'tests/*' -o -name '*.cpp' -o -name '*.hpp' -o -name '*.c' \
    -o -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt -o -path 'tests/golden/*/cmd' \) |
    sort
}
cpp() { ours | grep -E '\.[ch]pp$'; }
matches() { xargs -r -d '\n' grep -HInE "$@"; }

offenders "trailing blanks" <<END
$(ours | matches '[[:blank:]]+$')
END

offenders "tabs in C++" <<END
$(cpp | matches "$(printf '\t')")
END

offenders "no newline at the end of the file" <<END
$(ours | while read -r file; do
  [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ] && echo "$file"
done)
END

# A path of the machine, but not one inside the engines' own images (their model cache).
offenders "a path outside of this repository" <<END
$(find $shipped -type f |
  matches '(^|[^[:alnum:]_.~/-])/(work|tmp|root)/|\.\./(shared|facts|measured)([^[:alnum:]_]|$)' |
  grep -v '/root/\.cache/huggingface')
END

offenders "std::views (clang 14, our clang-tidy and fuzzer, cannot compile it)" <<END
$(cpp | matches 'std::(ranges::)?views::|<ranges>.*view')
END

offenders "a semicolon in a test name (ctest would make two tests of it)" <<END
$(cpp | matches '(TEST_CASE|SCENARIO|SECTION)\("[^"]*;')
END

exit $status
